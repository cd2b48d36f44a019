import type { Clock } from '../common/ports/index.js';
import type { ReplicaManager } from '../replication/replica_manager.js';
import { jmxName, type Metrics } from '../telemetry/index.js';

/** A transaction is late when its coordinator should have ended it so long ago. */
const lateAfterMs = 5 * 60_000;

export interface TransactionMetricSources {
  readonly clock: Clock;
  readonly replicas: ReplicaManager;
  /** `transaction.max.timeout.ms` */
  readonly maxTransactionTimeoutMs: () => number;
}

/** What operators look at when readers of committed records stand still. */
export function registerTransactionMetrics(metrics: Metrics, sources: TransactionMetricSources): void {
  const { clock, replicas, maxTransactionTimeoutMs } = sources;
  metrics.gauge(
    jmxName('kafka.server', 'ReplicaManager', 'ProducerIdCount'),
    'Producers that partitions remember.',
    () => [...replicas.all()].reduce((sum, { log }) => sum + (log?.producers.size ?? 0), 0),
  );
  metrics.gauge(
    jmxName('kafka.server', 'ReplicaManager', 'PartitionsWithLateTransactionsCount'),
    'Partitions with a transaction that should have ended long ago.',
    () => {
      const latestMs = clock.wallMs() - maxTransactionTimeoutMs() - lateAfterMs;
      return [...replicas.all()].filter(({ log }) => {
        const timestampMs = log?.producers.oldestTransactionTimestampMs ?? -1;
        return timestampMs > 0 && timestampMs < latestMs;
      }).length;
    },
  );
  metrics.gauge(
    jmxName('kafka.cluster', 'Partition', 'LastStableOffsetLag'),
    'Offsets between what readers of committed records see and the high watermark.',
    () =>
      [...replicas.all()].map((partition) => ({
        labels: { topic: partition.topic, partition: String(partition.partition) },
        value: partition.highWatermark - partition.lastStableOffset,
      })),
  );
}
