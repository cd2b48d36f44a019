import type { Metrics } from './metrics.js';

/** Memory and processor time of the process, under the names every Prometheus client uses. */
export function registerProcessMetrics(metrics: Metrics): void {
  metrics.gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  metrics.gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  metrics.gauge(
    'nodejs_external_memory_bytes',
    'Memory outside the JavaScript heap that it keeps alive.',
    () => process.memoryUsage().external,
  );
  metrics.counter(
    'process_cpu_user_seconds_total',
    'Processor time in user mode.',
    () => process.cpuUsage().user / 1e6,
  );
  metrics.counter(
    'process_cpu_system_seconds_total',
    'Processor time in the kernel.',
    () => process.cpuUsage().system / 1e6,
  );
}
