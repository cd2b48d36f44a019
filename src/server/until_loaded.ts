import type { LogLoading } from '../common/ports/index.js';
import { mostLoads } from '../storage/without_waiting.js';
import type { RequestContext } from './handler.js';

/**
 * What `look` finds once what was missing is in memory; others are served meanwhile. It may be given up again before it is looked at, so
 * that in the end `look` waits for the medium. Null: the client is gone, and nobody looks any more.
 */
export async function untilLoaded<T>(
  context: Pick<RequestContext, 'onConnectionClose'>,
  first: LogLoading,
  look: (mayWait: boolean) => readonly T[] | LogLoading,
): Promise<readonly T[] | null> {
  let isGone = false;
  const forget = context.onConnectionClose(() => {
    isGone = true;
  });
  let found: readonly T[] | LogLoading = first;
  for (let loads = 1; 'loading' in found && !isGone; loads += 1) {
    await found.loading;
    if (!isGone) found = look(loads >= mostLoads);
  }
  forget();
  return 'loading' in found ? null : found;
}
