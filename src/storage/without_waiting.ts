import type { LogLoading, SegmentedLog } from '../common/ports/index.js';

/** What was loaded may be given up again before it is looked at: after so many times a look waits for the medium. */
export const mostLoads = 32;

export type LooksAtOnce = Pick<SegmentedLog, 'atOnce'>;

/**
 * What `look` finds in the log: now, when memory has all that it reads, else once it has; others are served meanwhile. `look` may run
 * many times, each time from the beginning: it reads `log` and no other, and changes nothing before all is read. `aheadBytes`: what is
 * loaded is at least so much, for a look that goes on where it found nothing.
 */
export function withoutWaiting<T>(log: LooksAtOnce, look: () => T, aheadBytes = 0): T | Promise<T> {
  const first = log.atOnce(look, aheadBytes);
  return 'found' in first ? first.found : loaded(log, look, aheadBytes, first);
}

async function loaded<T>(log: LooksAtOnce, look: () => T, aheadBytes: number, first: LogLoading): Promise<T> {
  await first.loading;
  for (let loads = 1; loads < mostLoads; loads += 1) {
    const next = log.atOnce(look, aheadBytes);
    if ('found' in next) return next.found;
    await next.loading;
  }
  return look();
}
