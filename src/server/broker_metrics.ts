import type { Clock, EgressAccounts, TransportListener, TransportStatistics } from '../common/ports/index.js';
import type { MetadataImage } from '../metadata/image.js';
import { ApiKey } from '../protocol/api_keys.js';
import { apiByKey } from '../protocol/registry.js';
import type { ReplicaManager } from '../replication/replica_manager.js';
import type { LogManager } from '../storage/log_manager.js';
import { jmxName, type Metrics, registerProcessMetrics } from '../telemetry/index.js';
import { registerCleanerMetrics, registerRebuildMetrics } from './cleaner_metrics.js';
import { type CoordinatorSources, registerCoordinatorMetrics } from './coordinator_metrics.js';
import { registerDiskMetrics } from './disk_metrics.js';
import { registerEgress } from './egress_metrics.js';
import { registerFlushes } from './flush_metrics.js';
import { registerOpenFiles } from './open_files_metrics.js';
import type { ApiTotals, Pipeline } from './request_pipeline.js';
import type { TopicTotals, TopicTraffic } from './traffic.js';
import { registerTransactionMetrics } from './transaction_metrics.js';

export interface MetricSources {
  readonly clock: Clock;
  readonly traffic: TopicTraffic;
  readonly pipeline: Pipeline;
  readonly replicas: ReplicaManager;
  readonly logs: LogManager;
  readonly coordinators: Omit<CoordinatorSources, 'clock'>;
  readonly listeners: readonly TransportListener[];
  readonly egress: EgressAccounts;
  /** Requests that the transport answered by itself (`RepeatTerms`). */
  requestsRepeated(): number;
  readonly maxTransactionTimeoutMs: () => number;
  image(): MetadataImage;
}

/** What `/metrics` shows: Kafka's names as the JMX exporter writes them, and `millrace_` for what Kafka has not. */
export function registerBrokerMetrics(metrics: Metrics, sources: MetricSources): void {
  registerProcessMetrics(metrics);
  registerTraffic(metrics, sources);
  registerRequests(metrics, sources);
  registerNetwork(metrics, sources.listeners);
  registerCleanerMetrics(metrics, sources.logs, sources.clock);
  registerRebuildMetrics(metrics, sources.logs);
  registerDiskMetrics(metrics, sources.logs);
  registerEgress(metrics, sources.egress);
  const { replicas, logs, coordinators, clock, image } = sources;
  metrics.gauge(jmxName('kafka.server', 'ReplicaManager', 'PartitionCount'), 'Partitions on this broker.', () =>
    count(replicas.all()),
  );
  metrics.gauge(
    jmxName('kafka.server', 'ReplicaManager', 'OfflineReplicaCount'),
    'Partitions whose log cannot be used.',
    () => count([...replicas.all()].filter((partition) => partition.offline)),
  );
  metrics.gauge(
    jmxName('kafka.log', 'LogManager', 'remainingLogsToRecover'),
    'Logs that are still being loaded.',
    () => logs.loading.remainingLogs,
  );
  metrics.gauge(
    jmxName('kafka.controller', 'KafkaController', 'GlobalTopicCount'),
    'Topics in the cluster.',
    () => image().topicsById.size,
  );
  metrics.gauge(
    jmxName('kafka.controller', 'KafkaController', 'ActiveControllerCount'),
    '1 on the controller.',
    () => 1,
  );
  metrics.gauge(jmxName('kafka.log', 'Log', 'Size'), 'Bytes of each log.', () =>
    [...logs.all()].map((log) => ({
      labels: { topic: log.topic, partition: String(log.partition) },
      value: log.log.sizeBytes,
    })),
  );
  metrics.gauge(jmxName('kafka.log', 'Log', 'LogEndOffset'), 'End of each log.', () =>
    [...logs.all()].map((log) => ({
      labels: { topic: log.topic, partition: String(log.partition) },
      value: log.log.logEndOffset,
    })),
  );
  registerFlushes(metrics, logs);
  registerOpenFiles(metrics, logs);
  registerCoordinatorMetrics(metrics, { clock, ...coordinators });
  registerTransactionMetrics(metrics, sources);
}

function count(items: Iterable<unknown>): number {
  return [...items].length;
}

/** A topic's totals as its handlers counted them, and what the transport sent again without asking them. */
function* withRepeats({ traffic, egress }: MetricSources): Iterable<readonly [topic: string, totals: TopicTotals]> {
  const sent = new Map(egress.topics());
  for (const [topic, totals] of traffic.all()) {
    const { repeats = 0, bytesRepeated = 0 } = sent.get(topic) ?? {};
    const { bytesOut, fetchRequests } = totals;
    yield [topic, { ...totals, bytesOut: bytesOut + bytesRepeated, fetchRequests: fetchRequests + repeats }];
  }
}

function registerTraffic(metrics: Metrics, sources: MetricSources): void {
  const families: ReadonlyArray<readonly [keyof TopicTotals, string, string]> = [
    ['messagesIn', 'MessagesInPerSec', 'Records appended by clients.'],
    ['bytesIn', 'BytesInPerSec', 'Record bytes appended by clients.'],
    ['bytesOut', 'BytesOutPerSec', 'Record bytes sent to clients.'],
    ['produceRequests', 'TotalProduceRequestsPerSec', 'Partitions in Produce requests.'],
    ['fetchRequests', 'TotalFetchRequestsPerSec', 'Partitions in Fetch responses.'],
    ['failedProduceRequests', 'FailedProduceRequestsPerSec', 'Of these refused.'],
    ['failedFetchRequests', 'FailedFetchRequestsPerSec', 'Of these with an error.'],
  ];
  for (const [field, name, help] of families)
    metrics.counter(jmxName('kafka.server', 'BrokerTopicMetrics', name), help, () =>
      [...withRepeats(sources)].map(([topic, totals]) => ({ labels: { topic }, value: totals[field] })),
    );
}

function registerRequests(metrics: Metrics, { pipeline, requestsRepeated }: MetricSources): void {
  const perApi = (value: (totals: ApiTotals, key: number) => number) => () =>
    [...pipeline.totals].map(([key, totals]) => ({
      labels: { request: apiByKey(key)?.name ?? String(key) },
      value: value(totals, key),
    }));
  metrics.counter(
    jmxName('kafka.network', 'RequestMetrics', 'RequestsPerSec'),
    'Requests by API.',
    perApi(({ requests }, key) => (key === ApiKey.Fetch ? requests + requestsRepeated() : requests)),
  );
  metrics.counter(
    'kafka_network_requestmetrics_totaltimems_total',
    'Time from request to response by API, ms.',
    perApi((totals) => totals.totalMs),
  );
  metrics.counter(
    'millrace_requests_repeated_total',
    'Fetch requests that the engine answered as the ones before them. They count as requests, and their time as none.',
    requestsRepeated,
  );
}

function registerNetwork(metrics: Metrics, listeners: readonly TransportListener[]): void {
  const sum = (field: keyof TransportStatistics) => () =>
    listeners.reduce((total, listener) => total + listener.statistics[field], 0);
  metrics.gauge('kafka_server_socket_server_metrics_connection_count', 'Open connections.', sum('connectionsOpen'));
  metrics.counter(
    'kafka_server_socket_server_metrics_connection_creation_total',
    'Connections accepted.',
    sum('connectionsAccepted'),
  );
  metrics.counter('millrace_connections_refused_total', 'Connections refused by a limit.', sum('connectionsRefused'));
  metrics.counter('kafka_server_socket_server_metrics_incoming_byte_total', 'Bytes received.', sum('bytesReceived'));
  metrics.counter('millrace_bytes_sent_memory_total', 'Response bytes sent from memory.', sum('bytesSentFromMemory'));
  metrics.counter(
    'millrace_bytes_sent_copied_total',
    'Record bytes sent by one copy (small regions).',
    sum('bytesCopied'),
  );
  metrics.counter('millrace_bytes_sent_sendfile_total', 'Record bytes sent by sendfile.', sum('bytesSendfile'));
  metrics.counter('millrace_syscalls_recv_total', 'recv calls.', sum('recvCalls'));
  metrics.counter('millrace_syscalls_send_total', 'sendmsg calls.', sum('writevCalls'));
  metrics.counter('millrace_syscalls_sendfile_total', 'sendfile calls.', sum('sendfileCalls'));
  metrics.counter('millrace_syscalls_pread_total', 'pread calls of responses.', sum('preadCalls'));
  metrics.counter(
    'millrace_cold_reads_total',
    'Times a response waited until its records were read from the medium, on a thread.',
    sum('coldStops'),
  );
  metrics.gauge('millrace_receive_buffer_bytes', 'Memory of receive buffers.', sum('bufferBytes'));
}
