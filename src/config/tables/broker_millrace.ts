import { broker } from '../entries.js';
import { atLeast, between, oneOf, telemetryReceivers } from '../validators.js';

/** Millrace's own. */
export const MILLRACE_CONFIGS = {
  'millrace.disk.check.interval.ms': broker.int(
    1000,
    'LOW',
    'cluster-wide',
    'full',
    'Least time between two looks at the free space of a log directory; while it is full, the time.',
    { validator: atLeast(10) },
  ),
  'millrace.disk.reserve.bytes': broker.long(
    -1,
    'MEDIUM',
    'cluster-wide',
    'full',
    'Records of producers are refused while less than this is free where their log is: the rest serves commits, metadata and compaction. -1 is 5 % of the file system, 256 MiB at most; 0 keeps no reserve.',
    { validator: atLeast(-1) },
  ),
  'millrace.disk.resume.bytes': broker.long(
    -1,
    'MEDIUM',
    'cluster-wide',
    'full',
    'Free bytes from which on records of producers are taken again; -1 is twice the reserve.',
    { validator: atLeast(-1) },
  ),
  'millrace.flush.mode': broker.string(
    'group',
    'HIGH',
    'cluster-wide',
    'full',
    '`group`: an acknowledgement follows an fdatasync shared by everything appended meanwhile; `os`: it follows the write to the page cache, as in Kafka.',
    { validator: oneOf('group', 'os'), topicConfig: 'millrace.flush.mode' },
  ),
  'millrace.metrics.host': broker.string(
    '127.0.0.1',
    'LOW',
    'read-only',
    'full',
    'Address the Prometheus metrics are served on.',
  ),
  'millrace.metrics.port': broker.int(
    -1,
    'MEDIUM',
    'read-only',
    'full',
    'Port the Prometheus metrics are served on at /metrics; 0 takes a free one, -1 serves none.',
    { validator: between(-1, 65_535) },
  ),
  'millrace.open.segment.files.max': broker.int(
    0,
    'LOW',
    'read-only',
    'full',
    'Segment files that are open at a time, in all log directories; others are opened when they are used. 0: two thirds of what the process may open (ulimit -n). One more for each log that is being synced or read.',
    { validator: atLeast(0) },
  ),
  'millrace.sendfile.min.bytes': broker.int(
    32_768,
    'LOW',
    'read-only',
    'full',
    'Pieces of a log of at least this size leave by sendfile, smaller ones are copied.',
    { validator: atLeast(0) },
  ),
  'millrace.telemetry.receivers': broker.list(
    [],
    'MEDIUM',
    'read-only',
    'full',
    'Who gets the metrics that clients push (KIP-714; Kafka asks for a Java class among metric.reporters): `prometheus` shows them at /metrics, an address (`http://host:4318/v1/metrics`) gets them by OTLP over HTTP. Without any, clients are not asked for metrics.',
    { validator: telemetryReceivers },
  ),
} as const;
