import type { Clock } from '../common/ports/index.js';
import type { GroupType } from '../coordinator/group/kinds.js';
import type { GroupCoordinator } from '../coordinator/group_coordinator.js';
import type { ShardStatistics } from '../coordinator/runtime/shard_set.js';
import type { ShareCoordinator } from '../coordinator/share_coordinator.js';
import type { TransactionCoordinator } from '../coordinator/transaction_coordinator.js';
import { jmxName, type Metrics } from '../telemetry/index.js';

export interface CoordinatorSources {
  readonly clock: Clock;
  readonly groups: Pick<GroupCoordinator, 'runtime' | 'statistics' | 'groupCounts'>;
  readonly transactions: Pick<TransactionCoordinator, 'runtime' | 'statistics'>;
  readonly shares: Pick<ShareCoordinator, 'runtime'>;
}

/** What operators look at when groups or transactions do not get on. */
export function registerCoordinatorMetrics(metrics: Metrics, sources: CoordinatorSources): void {
  const { clock, groups, transactions, shares } = sources;
  registerRuntimes(metrics, clock, [
    ['group', groups.runtime],
    ['transaction', transactions.runtime],
    ['share', shares.runtime],
  ]);
  registerGroups(metrics, groups);
  registerTransactions(metrics, transactions);
}

/** Kafka's `<kind>-coordinator-metrics`, and totals, which Kafka has not. */
function registerRuntimes(
  metrics: Metrics,
  clock: Clock,
  runtimes: ReadonlyArray<readonly [kind: string, runtime: ShardStatistics]>,
): void {
  for (const [kind, runtime] of runtimes) {
    const prefix = `kafka_server_${kind}_coordinator_metrics`;
    metrics.gauge(`${prefix}_num_partitions`, 'Partitions of its topic by what they are doing.', () =>
      Object.entries(runtime.phases).map(([state, value]) => ({ labels: { state }, value })),
    );
    metrics.gauge(
      `${prefix}_partition_load_time_max`,
      'Longest load of a partition in the last 30 s, ms.',
      () => runtime.loads.times(clock.monotonicMs()).maxMs,
    );
    metrics.gauge(
      `${prefix}_partition_load_time_avg`,
      'Average load of a partition in the last 30 s, ms.',
      () => runtime.loads.times(clock.monotonicMs()).averageMs,
    );
  }
  const total = (of: 'partitions' | 'records' | 'bytes' | 'tookMs', unit = 1) => {
    return () =>
      runtimes.map(([coordinator, { loads }]) => ({ labels: { coordinator }, value: loads.totals[of] / unit }));
  };
  metrics.counter('millrace_coordinator_loaded_partitions_total', 'Partitions loaded.', total('partitions'));
  metrics.counter('millrace_coordinator_loaded_records_total', 'Records replayed for that.', total('records'));
  metrics.counter('millrace_coordinator_loaded_bytes_total', 'Their batches, bytes.', total('bytes'));
  metrics.counter('millrace_coordinator_load_seconds_total', 'Time that took, s.', total('tookMs', 1_000));
}

/** The states that Kafka counts. */
const statesOf = {
  classic: ['PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead', 'Empty'],
  consumer: ['Empty', 'Assigning', 'Reconciling', 'Stable', 'Dead'],
  share: ['Empty', 'Stable', 'Dead'],
  streams: ['Empty', 'Assigning', 'Reconciling', 'Stable', 'Dead', 'NotReady'],
} as const;
const groupTypes = ['classic', 'consumer', 'share', 'streams'] as const;

function registerGroups(metrics: Metrics, groups: CoordinatorSources['groups']): void {
  const counted = metrics.oncePerScrape(() => groups.groupCounts());
  const count = (type: GroupType, state?: string) =>
    counted()
      .filter((one) => one.type === type && (state === undefined || one.state === state))
      .reduce((sum, one) => sum + one.count, 0);
  const manager = (name: string) => jmxName('kafka.coordinator.group', 'GroupMetadataManager', name);
  metrics.gauge(manager('NumOffsets'), 'Committed offsets of all groups.', () => groups.statistics().offsets);
  metrics.gauge(manager('NumGroups'), 'Groups of the classic protocol.', () => count('classic'));
  for (const state of statesOf.classic)
    metrics.gauge(manager(`NumGroups${state}`), `Of these in state ${state}.`, () => count('classic', state));
  const prefix = 'kafka_server_group_coordinator_metrics';
  metrics.gauge(`${prefix}_group_count`, 'Groups by protocol.', () =>
    groupTypes.map((protocol) => ({ labels: { protocol }, value: count(protocol) })),
  );
  for (const type of ['consumer', 'share', 'streams'] as const)
    metrics.gauge(`${prefix}_${type}_group_count`, `Groups of the ${type} protocol by state.`, () =>
      statesOf[type].map((state) => ({ labels: { state }, value: count(type, state) })),
    );
}

function registerTransactions(metrics: Metrics, transactions: CoordinatorSources['transactions']): void {
  const statistics = metrics.oncePerScrape(() => transactions.statistics());
  metrics.gauge('millrace_transactional_ids', 'Transactional ids by the state of their last transaction.', () =>
    [...statistics().byStatus].map(([state, value]) => ({ labels: { state }, value })),
  );
  metrics.gauge(
    'millrace_transactions_ending',
    'Transactions whose end is decided, and whose markers are not all written.',
    () => statistics().unfinishedMarkers,
  );
  metrics.gauge(
    'millrace_transaction_markers_in_flight',
    'Markers that are not committed yet.',
    () => statistics().markers.inFlight,
  );
  metrics.gauge(
    jmxName('kafka.coordinator.transaction', 'TransactionMarkerChannelManager', 'UnknownDestinationQueueSize'),
    'Markers that wait for a partition that cannot be written to now.',
    () => statistics().markers.unknownDestination,
  );
  metrics.gauge(
    jmxName('kafka.coordinator.transaction', 'TransactionMarkerChannelManager', 'LogAppendRetryQueueSize'),
    'Ended transactions that the log could not be told yet.',
    () => statistics().markers.appendRetries,
  );
}
