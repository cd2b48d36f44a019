import type { Distribution, FlushStatistics } from '../common/ports/index.js';
import type { LogManager } from '../storage/log_manager.js';
import type { BucketSample, Metrics } from '../telemetry/index.js';

/** What `millrace.flush.mode=group` does: how many requests share an fdatasync, and how long one takes. */
export function registerFlushes(metrics: Metrics, logs: LogManager): void {
  metrics.counter('millrace_flush_total', 'fdatasync calls.', () => logs.flushStatistics().flushes);
  metrics.counter(
    'millrace_flush_requests_total',
    'Flush requests answered by them; divided by the calls: the group size.',
    () => logs.flushStatistics().requests,
  );
  metrics.counter(
    'millrace_flush_seconds_total',
    'Time spent in flush rounds.',
    () => logs.flushStatistics().totalUs / 1e6,
  );
  const distributions: ReadonlyArray<readonly [name: string, help: string, shown: ShownDistribution]> = [
    [
      'millrace_flush_group_requests',
      'Flush requests that one sync of a log answered, by log directory.',
      { of: ({ groupRequests }) => groupRequests, from: 0, to: 14, unit: 1 },
    ],
    [
      'millrace_flush_group_bytes',
      'Bytes appended that one sync of a log covered, by log directory.',
      { of: ({ groupBytes }) => groupBytes, from: 8, to: 28, unit: 1 },
    ],
    [
      'millrace_flush_sync_seconds',
      'Time of each fdatasync, by log directory.',
      { of: ({ syncUs }) => syncUs, from: 4, to: 25, unit: 1e6 },
    ],
  ];
  for (const [name, help, shown] of distributions)
    metrics.histogram(name, help, () =>
      [...logs.flushStatisticsByDirectory()].map(([directory, statistics]) => ({
        labels: { directory },
        ...bucketsOf(statistics, shown),
      })),
    );
}

interface ShownDistribution {
  of(statistics: FlushStatistics): Distribution;
  /** Powers of two that are shown as bounds. */
  readonly from: number;
  readonly to: number;
  /** What is counted is divided by it. */
  readonly unit: number;
}

function bucketsOf(
  statistics: FlushStatistics,
  { of, from, to, unit }: ShownDistribution,
): Omit<BucketSample, 'labels'> {
  const { counts, sum } = of(statistics);
  const buckets: Array<{ bound: number; count: number }> = [];
  let below = 0;
  counts.forEach((count, power) => {
    below += count;
    if (power >= from && power <= to) buckets.push({ bound: 2 ** power / unit, count: below });
  });
  return { buckets, count: below, sum: sum / unit };
}
