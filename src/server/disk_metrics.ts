import type { DiskSpace } from '../storage/disk_space.js';
import type { LogManager } from '../storage/log_manager.js';
import type { Metrics } from '../telemetry/index.js';

/** Room in the log directories, as of the last look; reading it has another look taken for the next one. */
export function registerDiskMetrics(metrics: Metrics, logs: LogManager): void {
  const perDirectory = (value: (space: DiskSpace) => number) => () =>
    logs.diskSpaces.map((space) => ({ labels: { logDirectory: space.path }, value: value(space) }));
  metrics.gauge(
    'millrace_disk_free_bytes',
    'Free bytes of the file system of each log directory, less what was appended since the last look.',
    perDirectory((space) => {
      space.look().catch(() => undefined);
      return space.estimatedBytes;
    }),
  );
  metrics.gauge(
    'millrace_disk_reserve_bytes',
    'Free bytes below which records of producers are refused.',
    perDirectory((space) => space.reserveBytes),
  );
  metrics.gauge(
    'millrace_disk_full',
    '1 while records of producers are refused for want of room.',
    perDirectory((space) => (space.full ? 1 : 0)),
  );
  metrics.counter(
    'millrace_disk_refused_batches_total',
    'Batches of producers refused for want of room.',
    perDirectory((space) => space.refusedBatches),
  );
}
