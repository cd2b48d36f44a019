import type { LogManager } from '../storage/log_manager.js';
import type { Metrics } from '../telemetry/index.js';

/** Descriptors of segments: how many are held, and whether their bound makes logs open files again and again. */
export function registerOpenFiles(metrics: Metrics, logs: LogManager): void {
  metrics.gauge('millrace_open_segment_files', 'Segment files that are open.', () => logs.openFiles.open);
  metrics.gauge('millrace_open_segment_files_max', 'How many may be.', () => logs.openFiles.most);
  metrics.counter(
    'millrace_segment_files_opened_total',
    'Segment files opened because they were used or created.',
    () => logs.openFiles.opened,
  );
  metrics.counter(
    'millrace_segment_files_closed_total',
    'Segment files closed to make room for others.',
    () => logs.openFiles.closed,
  );
}
