export { type AclEntry, aclOperations } from './admin/acls.js';
export { Admin } from './admin/admin.js';
export type { ClusterDescription } from './admin/cluster.js';
export type {
  ConfigChange,
  ConfigChanges,
  ConfigDescription,
  ConfigEntry,
  ConfigResource,
  ConfigResourceType,
  ConfigSource,
} from './admin/configs.js';
export type { FeatureChange } from './admin/features.js';
export type { GroupDescription, GroupMember } from './admin/group_description.js';
export type { CommitOrigin, CommittedOffset, OffsetToCommit } from './admin/group_offsets.js';
export { type GroupListing, isUnknownGroup } from './admin/groups.js';
export type { LogDir, LogDirPartition, ReplicaMove } from './admin/log_dirs.js';
export {
  type DeleteRecordsQuery,
  type IsolationLevel,
  type ListedOffset,
  type OffsetQuery,
  offsetSpec,
} from './admin/offsets.js';
export { type Outcome, throwFirst } from './admin/outcome.js';
export {
  type QuotaChange,
  type QuotaEntity,
  type QuotaEntityType,
  type QuotaFilter,
  quotaEntityText,
} from './admin/quotas.js';
export type { PartitionMove } from './admin/reassignments.js';
export type { ScramMechanismName } from './admin/scram.js';
export type {
  ShareGroupDescription,
  ShareGroupMember,
  ShareGroupOffset,
  ShareGroupStart,
} from './admin/share_groups.js';
export {
  type CreatedTopic,
  isUnknownTopic,
  type MoreOptions,
  type NewPartitions,
  type NewTopic,
  type TopicDescription,
} from './admin/topics.js';
export type {
  AbortedTransaction,
  ProducerDescription,
  TransactionDescription,
  TransactionFilter,
  TransactionListing,
} from './admin/transactions.js';
export { type ApiCall, apiCall } from './api_call.js';
export { ClusterClient, type ClusterClientOptions, type Endpoint } from './cluster_client.js';
export { type Answer, type Body, Connection, type ConnectionOptions, type SendOptions } from './connection.js';
export { CorruptBatchError } from './consumer/completed_fetch.js';
export { Consumer, type PollOptions } from './consumer/consumer.js';
export {
  type AssignorName,
  type ConsumerOptions,
  type ConsumerRecord,
  NoOffsetError,
  type OffsetAndMetadata,
  type OffsetReset,
  type RebalanceListener,
} from './consumer/types.js';
export type { ClientEnvironment } from './environment.js';
export * from './errors.js';
export type { BrokerNode, PartitionMetadata, TopicMetadata } from './metadata.js';
export type { PartitionOutcome } from './per_leader.js';
export { partitionOfKey } from './producer/partitioner.js';
export { Producer } from './producer/producer.js';
export type { Partitioner, ProducerOptions, ProducerRecord, RecordMetadata } from './producer/types.js';
