import type { Clock } from '../common/ports/index.js';
import type { CleanerState, LogCleaner } from '../storage/log_cleaner.js';
import type { LogManager } from '../storage/log_manager.js';
import type { PartitionLog } from '../storage/partition_log.js';
import { jmxName, type Metrics } from '../telemetry/index.js';

/** What Kafka's LogCleaner and LogCleanerManager show, and totals. Nothing when `log.cleaner.enable` is false. */
export function registerCleanerMetrics(metrics: Metrics, logs: LogManager, clock: Clock): void {
  const { cleaner } = logs;
  if (cleaner === undefined) return;
  const cleanerName = (name: string) => jmxName('kafka.log', 'LogCleaner', name);
  const managerName = (name: string) => jmxName('kafka.log', 'LogCleanerManager', name);
  const read = (value: (state: CleanerState) => number) => () => value(cleaner.state);
  metrics.gauge(
    managerName('max-dirty-percent'),
    'Dirty part of the dirtiest log at the last look, %.',
    read(({ maxDirtyRatio }) => Math.floor(maxDirtyRatio * 100)),
  );
  metrics.gauge(
    managerName('time-since-last-run-ms'),
    'Time since logs were last looked at, ms.',
    read(({ lastRunMs }) => (lastRunMs < 0 ? 0 : Math.floor(clock.monotonicMs() - lastRunMs))),
  );
  metrics.gauge(
    cleanerName('max-compaction-delay-secs'),
    'By how much a record waits longer than max.compaction.lag.ms, s.',
    read(({ maxCompactionDelayMs }) => Math.floor(maxCompactionDelayMs / 1000)),
  );
  metrics.gauge(
    cleanerName('max-clean-time-secs'),
    'Longest of the last rounds, s.',
    read(({ maxCleanTimeMs }) => Math.floor(maxCleanTimeMs / 1000)),
  );
  metrics.gauge(
    cleanerName('max-buffer-utilization-percent'),
    'Fullest table of keys of the last rounds, %.',
    read(({ maxBufferUtilization }) => Math.floor(maxBufferUtilization * 100)),
  );
  metrics.gauge(
    cleanerName('cleaner-recopy-percent'),
    'Bytes written by bytes read of the last rounds, %.',
    read(({ recopyRatio }) => Math.floor(recopyRatio * 100)),
  );
  registerUncleanable(metrics, logs, cleaner, managerName);
  metrics.gauge(
    'millrace_cleaner_dirty_bytes',
    'Bytes to be cleaned of each log that has any, as of the last look.',
    () =>
      [...cleaner.dirtyBytes].map(([{ topic, partition }, value]) => ({
        labels: { topic, partition: String(partition) },
        value,
      })),
  );
  metrics.gauge(
    'millrace_cleaner_rounds_under_way',
    'Logs that are being cleaned.',
    read(({ roundsUnderWay }) => roundsUnderWay),
  );
  metrics.counter(
    'millrace_cleaner_rounds_total',
    'Rounds of cleaning.',
    read(({ rounds }) => rounds),
  );
  metrics.counter(
    'millrace_cleaner_bytes_read_total',
    'Bytes the cleaner read.',
    read(({ bytesRead }) => bytesRead),
  );
  metrics.counter(
    'millrace_cleaner_bytes_written_total',
    'Bytes the cleaner wrote.',
    read(({ bytesWritten }) => bytesWritten),
  );
  metrics.counter(
    'millrace_cleaner_records_removed_total',
    'Records the cleaner removed.',
    read(({ recordsRemoved }) => recordsRemoved),
  );
}

function registerUncleanable(
  metrics: Metrics,
  logs: LogManager,
  cleaner: LogCleaner,
  managerName: (name: string) => string,
): void {
  const perDirectory = (value: (uncleanable: readonly PartitionLog[]) => number) => () =>
    logs.paths.map((logDirectory) => ({
      labels: { logDirectory },
      value: value([...cleaner.uncleanableLogs.keys()].filter((log) => log.directoryPath === logDirectory)),
    }));
  metrics.gauge(
    managerName('uncleanable-partitions-count'),
    'Logs that cannot be cleaned because of what is in them.',
    perDirectory((uncleanable) => uncleanable.length),
  );
  metrics.gauge(
    managerName('uncleanable-bytes'),
    'Their bytes that would be cleaned, as of the last look.',
    perDirectory((uncleanable) => uncleanable.reduce((sum, log) => sum + (cleaner.dirtyBytes.get(log) ?? 0), 0)),
  );
}

/** Batches that the broker looked into or compressed anew when they were appended (`compression.type`, compacted topics). */
export function registerRebuildMetrics(metrics: Metrics, logs: LogManager): void {
  metrics.counter(
    'millrace_rebuilt_batches_total',
    'Batches whose records were looked through on a thread, and compressed anew where the topic asks for it.',
    () => logs.rebuilds.batches,
  );
  metrics.counter('millrace_rebuilt_bytes_in_total', 'Their bytes as sent.', () => logs.rebuilds.bytesIn);
  metrics.counter('millrace_rebuilt_bytes_out_total', 'Their bytes as stored.', () => logs.rebuilds.bytesOut);
  metrics.gauge(
    'millrace_rebuilds_under_way',
    'Batches that wait for a thread or are on one.',
    () => logs.rebuilds.underWay,
  );
}
