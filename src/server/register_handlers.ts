import type { Clock, FileSystem, Timers } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import type { Controller } from '../controller/controller.js';
import type { GroupCoordinator } from '../coordinator/group_coordinator.js';
import type { ShareCoordinator } from '../coordinator/share_coordinator.js';
import type { MarkerWriter } from '../coordinator/transaction/markers.js';
import type { TransactionCoordinator } from '../coordinator/transaction_coordinator.js';
import type { MetadataCache } from '../metadata/image.js';
import { ApiKey } from '../protocol/api_keys.js';
import type { Api } from '../protocol/registry.js';
import type { FetchSessionCache } from '../replication/fetch_session.js';
import type { ReplicaManager } from '../replication/replica_manager.js';
import type { LogManager } from '../storage/log_manager.js';
import type { Logger } from '../telemetry/logger.js';
import type { LoggerLevels } from '../telemetry/logger_levels.js';
import type { TopicAccess } from './access/index.js';
import type { AutoTopicCreator } from './auto_topic_creator.js';
import type { ClientMetricsManager } from './client_metrics/client_metrics_manager.js';
import type { RequestContext } from './handler.js';
import { addOffsetsToTxnHandler } from './handlers/add_offsets_to_txn.js';
import { addPartitionsToTxnHandler } from './handlers/add_partitions_to_txn.js';
import { alterConfigsHandler } from './handlers/alter_configs.js';
import { alterReplicaLogDirsHandler } from './handlers/alter_replica_log_dirs.js';
import { apiVersionsHandler } from './handlers/api_versions.js';
import { getTelemetrySubscriptionsHandler, pushTelemetryHandler } from './handlers/client_telemetry.js';
import { consumerGroupDescribeHandler } from './handlers/consumer_group_describe.js';
import { consumerGroupHeartbeatHandler } from './handlers/consumer_group_heartbeat.js';
import { createPartitionsHandler } from './handlers/create_partitions.js';
import { createTopicsHandler } from './handlers/create_topics.js';
import { deleteGroupsHandler } from './handlers/delete_groups.js';
import { deleteRecordsHandler } from './handlers/delete_records.js';
import { deleteTopicsHandler } from './handlers/delete_topics.js';
import { describeClusterHandler } from './handlers/describe_cluster.js';
import { describeConfigsHandler } from './handlers/describe_configs.js';
import { describeGroupsHandler } from './handlers/describe_groups.js';
import { describeLogDirsHandler } from './handlers/describe_log_dirs.js';
import { describeProducersHandler } from './handlers/describe_producers.js';
import { describeTopicPartitionsHandler } from './handlers/describe_topic_partitions.js';
import { describeTransactionsHandler } from './handlers/describe_transactions.js';
import { endTxnHandler } from './handlers/end_txn.js';
import { fetchHandler } from './handlers/fetch.js';
import { findCoordinatorHandler } from './handlers/find_coordinator.js';
import { heartbeatHandler } from './handlers/heartbeat.js';
import { incrementalAlterConfigsHandler } from './handlers/incremental_alter_configs.js';
import { initProducerIdHandler } from './handlers/init_producer_id.js';
import { joinGroupHandler } from './handlers/join_group.js';
import { leaveGroupHandler } from './handlers/leave_group.js';
import { listGroupsHandler } from './handlers/list_groups.js';
import { listOffsetsHandler } from './handlers/list_offsets.js';
import { listTransactionsHandler } from './handlers/list_transactions.js';
import { metadataHandler } from './handlers/metadata.js';
import { offsetCommitHandler } from './handlers/offset_commit.js';
import { offsetDeleteHandler } from './handlers/offset_delete.js';
import { offsetFetchHandler } from './handlers/offset_fetch.js';
import { offsetForLeaderEpochHandler } from './handlers/offset_for_leader_epoch.js';
import { produceHandler } from './handlers/produce.js';
import { saslAuthenticateHandler, saslHandshakeHandler } from './handlers/sasl.js';
import { streamsGroupDescribeHandler } from './handlers/streams_group_describe.js';
import { streamsGroupHeartbeatHandler } from './handlers/streams_group_heartbeat.js';
import { syncGroupHandler } from './handlers/sync_group.js';
import { txnOffsetCommitHandler } from './handlers/txn_offset_commit.js';
import { writeTxnMarkersHandler } from './handlers/write_txn_markers.js';
import { registerAdmin } from './register_admin.js';
import { registerShares } from './register_shares.js';
import type { Pipeline } from './request_pipeline.js';
import type { ShareServices } from './share/share_services.js';
import type { TopicTraffic } from './traffic.js';
import type { TransactionVerifier } from './transaction_verifier.js';

/** Everything that handlers are made of. */
export interface Services extends ShareServices {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly files: FileSystem;
  readonly logger: Logger;
  readonly loggers: LoggerLevels;
  readonly metadata: MetadataCache;
  readonly controller: Controller;
  readonly autoTopics: AutoTopicCreator;
  readonly replicas: ReplicaManager;
  readonly logs: LogManager;
  readonly sessions: FetchSessionCache;
  readonly coordinator: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly shareCoordinator: ShareCoordinator;
  readonly markers: MarkerWriter;
  readonly verifier: TransactionVerifier;
  readonly traffic: TopicTraffic;
  readonly clientMetrics: ClientMetricsManager;
  /** Where there is an authorizer: whether the caller may read the topic, or act as a replica. */
  readonly mayFetch?: (caller: RequestContext, topic: string | undefined) => boolean;
  /** Where there is an authorizer: what the caller may do with topics that its request does not name. */
  readonly topicAccess?: TopicAccess;
  /** Where there are quotas: the most that a Fetch of the caller may bring at once. */
  readonly fetchBurstBytes?: (caller: RequestContext) => number;
  config(): BrokerConfig;
  isOffline(topic: string, partition: number): boolean;
}

/** Read once for each state of the configs: they are new values after a change. */
function whileSame<T>(config: () => BrokerConfig, read: (config: BrokerConfig) => T): () => T {
  let seen: BrokerConfig | undefined;
  let value: T;
  return () => {
    const now = config();
    if (now !== seen) {
      seen = now;
      value = read(now);
    }
    return value;
  };
}

const telemetry: ReadonlySet<number> = new Set([ApiKey.GetTelemetrySubscriptions, ApiKey.PushTelemetry]);

/** As in Kafka clients are not told of telemetry where nothing receives it, though it would be answered. */
function advertised(apis: Iterable<Api>, { clientMetrics }: Services): Api[] {
  return [...apis].filter(({ key }) => clientMetrics.isReceiving || !telemetry.has(key));
}

/** The table of the broker's APIs. What is not in it is not advertised and answers UNSUPPORTED_VERSION. */
export function registerHandlers(pipeline: Pipeline, services: Services): void {
  const { logs, config } = services;
  const groups = { ...services, topics: services.autoTopics };
  pipeline.register(
    ApiKey.ApiVersions,
    apiVersionsHandler(() => advertised(pipeline.apis(), services), services.metadata),
  );
  pipeline.register(ApiKey.Metadata, metadataHandler(services));
  pipeline.register(
    ApiKey.DescribeTopicPartitions,
    describeTopicPartitionsHandler({
      ...services,
      partitionLimit: () => config().int('max.request.partition.size.limit'),
    }),
  );
  pipeline.register(ApiKey.DescribeCluster, describeClusterHandler(services));
  const verifiesTransactions = whileSame(config, (now) => now.boolean('transaction.partition.verification.enable'));
  pipeline.register(ApiKey.Produce, produceHandler({ ...services, verifiesTransactions }));
  pipeline.register(
    ApiKey.Fetch,
    fetchHandler({ ...services, maxBytes: whileSame(config, (now) => now.int('fetch.max.bytes')) }),
  );
  pipeline.register(ApiKey.ListOffsets, listOffsetsHandler(services));
  pipeline.register(ApiKey.OffsetForLeaderEpoch, offsetForLeaderEpochHandler(services));
  pipeline.register(
    ApiKey.DeleteRecords,
    deleteRecordsHandler({ ...services, checkpoint: () => logs.checkpointStarts() }),
  );
  pipeline.register(ApiKey.InitProducerId, initProducerIdHandler(services));
  pipeline.register(ApiKey.AddPartitionsToTxn, addPartitionsToTxnHandler(services));
  pipeline.register(ApiKey.AddOffsetsToTxn, addOffsetsToTxnHandler(services));
  pipeline.register(ApiKey.TxnOffsetCommit, txnOffsetCommitHandler(services));
  pipeline.register(ApiKey.EndTxn, endTxnHandler(services));
  pipeline.register(ApiKey.DescribeTransactions, describeTransactionsHandler(services));
  pipeline.register(ApiKey.ListTransactions, listTransactionsHandler(services));
  pipeline.register(ApiKey.DescribeProducers, describeProducersHandler(services));
  pipeline.register(ApiKey.WriteTxnMarkers, writeTxnMarkersHandler(services));
  pipeline.register(ApiKey.DescribeLogDirs, describeLogDirsHandler(services));
  pipeline.register(ApiKey.AlterReplicaLogDirs, alterReplicaLogDirsHandler(services));
  pipeline.register(ApiKey.CreateTopics, createTopicsHandler(services));
  pipeline.register(ApiKey.DeleteTopics, deleteTopicsHandler(services));
  pipeline.register(ApiKey.CreatePartitions, createPartitionsHandler(services));
  pipeline.register(ApiKey.DescribeConfigs, describeConfigsHandler(services));
  pipeline.register(ApiKey.AlterConfigs, alterConfigsHandler(services));
  pipeline.register(ApiKey.IncrementalAlterConfigs, incrementalAlterConfigsHandler(services));
  // While its log is loaded the coordinator is here, and says so itself.
  const isOffline = (topic: string, partition: number) => services.replicas.get(topic, partition)?.offline === true;
  pipeline.register(ApiKey.FindCoordinator, findCoordinatorHandler({ ...groups, isOffline }));
  pipeline.register(ApiKey.JoinGroup, joinGroupHandler(services));
  pipeline.register(ApiKey.SyncGroup, syncGroupHandler(services));
  pipeline.register(ApiKey.Heartbeat, heartbeatHandler(services));
  pipeline.register(ApiKey.LeaveGroup, leaveGroupHandler(services));
  pipeline.register(ApiKey.OffsetCommit, offsetCommitHandler(services));
  pipeline.register(ApiKey.OffsetFetch, offsetFetchHandler(services));
  pipeline.register(ApiKey.OffsetDelete, offsetDeleteHandler(services));
  pipeline.register(ApiKey.ListGroups, listGroupsHandler(services));
  pipeline.register(ApiKey.DescribeGroups, describeGroupsHandler(services));
  pipeline.register(ApiKey.DeleteGroups, deleteGroupsHandler(services));
  const offered = whileSame(config, (now) => now.list('group.coordinator.rebalance.protocols'));
  const isOffered = (protocol: string) => offered().includes(protocol);
  const modern = { ...services, isOffered };
  pipeline.register(ApiKey.ConsumerGroupHeartbeat, consumerGroupHeartbeatHandler(modern));
  pipeline.register(ApiKey.ConsumerGroupDescribe, consumerGroupDescribeHandler(modern));
  pipeline.register(ApiKey.StreamsGroupHeartbeat, streamsGroupHeartbeatHandler(modern));
  pipeline.register(ApiKey.StreamsGroupDescribe, streamsGroupDescribeHandler(modern));
  pipeline.register(ApiKey.SaslHandshake, saslHandshakeHandler());
  pipeline.register(ApiKey.SaslAuthenticate, saslAuthenticateHandler());
  pipeline.register(ApiKey.GetTelemetrySubscriptions, getTelemetrySubscriptionsHandler(services));
  pipeline.register(ApiKey.PushTelemetry, pushTelemetryHandler(services));
  registerAdmin(pipeline, services);
  const maxBytes = whileSame(config, (now) => now.int('fetch.max.bytes'));
  registerShares(pipeline, { ...services, maxBytes });
}
