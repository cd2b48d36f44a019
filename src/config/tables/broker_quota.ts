// One row per config: default, importance, how it changes, what Millrace does with it, a sentence, the rest.
import { broker } from '../entries.js';
import { atLeast } from '../validators.js';

/** Quotas and metrics. */
export const QUOTA_CONFIGS = {
  'client.quota.callback.class': broker.class(
    null,
    'LOW',
    'read-only',
    'refuse',
    'Java class that decides the quotas of clients.',
  ),
  'controller.quota.window.num': broker.int(
    11,
    'LOW',
    'read-only',
    'full',
    'Samples kept for quotas on changes of topics.',
    { validator: atLeast(1) },
  ),
  'controller.quota.window.size.seconds': broker.int(
    1,
    'LOW',
    'read-only',
    'full',
    'Span of a sample for quotas on changes of topics.',
    { validator: atLeast(1) },
  ),
  'kafka.metrics.polling.interval.secs': broker.int(
    10,
    'LOW',
    'read-only',
    'warn',
    'Time between two readings of the old metrics reporters.',
    { validator: atLeast(1) },
  ),
  'kafka.metrics.reporters': broker.list([], 'LOW', 'read-only', 'warn', 'Java classes that report the old metrics.'),
  'metric.reporters': broker.list(
    ['org.apache.kafka.common.metrics.JmxReporter'],
    'LOW',
    'cluster-wide',
    'warn',
    'Java classes that report metrics; see millrace.metrics.port and millrace.telemetry.receivers.',
  ),
  'metrics.num.samples': broker.int(2, 'LOW', 'read-only', 'warn', 'Samples kept for metrics.', {
    validator: atLeast(1),
  }),
  'metrics.recording.level': broker.string('INFO', 'LOW', 'read-only', 'warn', 'Which metrics are recorded.'),
  'metrics.sample.window.ms': broker.long(30_000, 'LOW', 'read-only', 'warn', 'Span of a sample for metrics.', {
    validator: atLeast(1),
  }),
  'quota.window.num': broker.int(11, 'LOW', 'read-only', 'full', 'Samples kept for quotas of clients.', {
    validator: atLeast(1),
  }),
  'quota.window.size.seconds': broker.int(1, 'LOW', 'read-only', 'full', 'Span of a sample for quotas of clients.', {
    validator: atLeast(1),
  }),
  'telemetry.max.bytes': broker.int(1_048_576, 'LOW', 'read-only', 'full', 'Largest push of metrics from a client.', {
    validator: atLeast(1),
  }),
} as const;
