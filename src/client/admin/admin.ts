import type { TopicPartition } from '../../common/ids.js';
import type { ClusterClient } from '../cluster_client.js';
import { type AclEntry, createAcls, deleteAcls, describeAcls } from './acls.js';
import { describeCluster } from './cluster.js';
import {
  type ConfigChanges,
  type ConfigResource,
  type ConfigResourceType,
  describeConfigs,
  incrementalAlterConfigs,
  listConfigResources,
} from './configs.js';
import { describeFeatures, type FeatureChange, updateFeatures } from './features.js';
import { commitGroupOffsets, deleteGroupOffsets, fetchGroupOffsets, type OffsetToCommit } from './group_offsets.js';
import { deleteGroups, describeGroups, listGroups } from './groups.js';
import { alterReplicaLogDirs, describeLogDirs, type ReplicaMove } from './log_dirs.js';
import {
  type DeleteRecordsQuery,
  deleteRecords,
  type IsolationLevel,
  listOffsets,
  type OffsetQuery,
} from './offsets.js';
import {
  alterClientQuotas,
  describeClientQuotas,
  type QuotaChange,
  type QuotaEntity,
  type QuotaFilter,
} from './quotas.js';
import { alterReassignments, electLeaders, listReassignments, type PartitionMove } from './reassignments.js';
import { alterScramUser, describeScramUsers, type ScramCredentialChange } from './scram.js';
import {
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  describeShareGroups,
  type ShareGroupStart,
  shareGroupOffsets,
} from './share_groups.js';
import {
  awaitTopics,
  createPartitions,
  createTopics,
  deleteTopics,
  describeTopics,
  listTopics,
  type MoreOptions,
  type NewPartitions,
  type NewTopic,
} from './topics.js';

import {
  type AbortedTransaction,
  abortTransaction,
  describeProducers,
  describeTransactions,
  listTransactions,
  type TransactionFilter,
} from './transactions.js';

/**
 * Administration of one cluster. Calls on several things return one outcome for each, with its error or undefined;
 * `throwFirst` turns these into an exception. Failures of the call as a whole are ClientErrors. Retries are inside.
 */
export class Admin {
  constructor(readonly cluster: ClusterClient) {}

  createTopics(topics: readonly NewTopic[], options?: MoreOptions) {
    return createTopics(this.cluster, topics, options);
  }

  /** Waits until the topics can be written to. */
  awaitTopics(names: readonly string[]) {
    return awaitTopics(this.cluster, names);
  }

  listTopics(options?: { readonly includeInternal?: boolean }) {
    return listTopics(this.cluster, options);
  }

  describeTopics(names: readonly string[]) {
    return describeTopics(this.cluster, names);
  }

  deleteTopics(names: readonly string[], options?: { readonly timeoutMs?: number }) {
    return deleteTopics(this.cluster, names, options);
  }

  createPartitions(topics: readonly NewPartitions[], options?: MoreOptions) {
    return createPartitions(this.cluster, topics, options);
  }

  describeConfigs(
    resources: readonly ConfigResource[],
    options?: { readonly names?: readonly string[]; readonly includeDocumentation?: boolean },
  ) {
    return describeConfigs(this.cluster, resources, options);
  }

  incrementalAlterConfigs(resources: readonly ConfigChanges[], options?: { readonly validateOnly?: boolean }) {
    return incrementalAlterConfigs(this.cluster, resources, options);
  }

  listOffsets(
    queries: readonly OffsetQuery[],
    options?: { readonly isolationLevel?: IsolationLevel; readonly timeoutMs?: number },
  ) {
    return listOffsets(this.cluster, queries, options);
  }

  deleteRecords(queries: readonly DeleteRecordsQuery[]) {
    return deleteRecords(this.cluster, queries);
  }

  listGroups(options?: { readonly states?: readonly string[] }) {
    return listGroups(this.cluster, options);
  }

  describeGroups(groupIds: readonly string[]) {
    return describeGroups(this.cluster, groupIds);
  }

  deleteGroups(groupIds: readonly string[]) {
    return deleteGroups(this.cluster, groupIds);
  }

  fetchGroupOffsets(groupId: string, partitions?: readonly TopicPartition[]) {
    return fetchGroupOffsets(this.cluster, groupId, partitions);
  }

  /** Sets committed offsets of a group without members. */
  alterGroupOffsets(groupId: string, offsets: readonly OffsetToCommit[]) {
    return commitGroupOffsets(this.cluster, groupId, offsets);
  }

  deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]) {
    return deleteGroupOffsets(this.cluster, groupId, partitions);
  }

  listTransactions(filter?: TransactionFilter) {
    return listTransactions(this.cluster, filter);
  }

  describeTransactions(transactionalIds: readonly string[]) {
    return describeTransactions(this.cluster, transactionalIds);
  }

  describeProducers(partitions: readonly TopicPartition[]) {
    return describeProducers(this.cluster, partitions);
  }

  /** For transactions that no coordinator is going to end. */
  abortTransaction(transaction: AbortedTransaction) {
    return abortTransaction(this.cluster, transaction);
  }

  describeShareGroups(groupIds: readonly string[]) {
    return describeShareGroups(this.cluster, groupIds);
  }

  shareGroupOffsets(groupId: string) {
    return shareGroupOffsets(this.cluster, groupId);
  }

  /** Sets where a share group without members goes on. */
  alterShareGroupOffsets(groupId: string, starts: readonly ShareGroupStart[]) {
    return alterShareGroupOffsets(this.cluster, groupId, starts);
  }

  deleteShareGroupOffsets(groupId: string, topics: readonly string[]) {
    return deleteShareGroupOffsets(this.cluster, groupId, topics);
  }

  describeCluster() {
    return describeCluster(this.cluster);
  }

  describeLogDirs(brokerIds?: readonly number[]) {
    return describeLogDirs(this.cluster, brokerIds);
  }

  /** Begins to move partitions of one broker between its log directories. */
  alterReplicaLogDirs(brokerId: number, moves: readonly ReplicaMove[]) {
    return alterReplicaLogDirs(this.cluster, brokerId, moves);
  }

  describeClientQuotas(filter: QuotaFilter, isStrict = false) {
    return describeClientQuotas(this.cluster, filter, isStrict);
  }

  alterClientQuotas(
    entity: QuotaEntity,
    changes: readonly QuotaChange[],
    options?: { readonly validateOnly?: boolean },
  ) {
    return alterClientQuotas(this.cluster, entity, changes, options);
  }

  describeAcls(filter: AclEntry) {
    return describeAcls(this.cluster, filter);
  }

  createAcls(rules: readonly AclEntry[]) {
    return createAcls(this.cluster, rules);
  }

  deleteAcls(filters: readonly AclEntry[]) {
    return deleteAcls(this.cluster, filters);
  }

  /** No names: all users. */
  describeScramUsers(names: readonly string[]) {
    return describeScramUsers(this.cluster, names);
  }

  alterScramUser(change: ScramCredentialChange) {
    return alterScramUser(this.cluster, change);
  }

  describeFeatures() {
    return describeFeatures(this.cluster);
  }

  updateFeatures(changes: readonly FeatureChange[], options?: { readonly validateOnly?: boolean }) {
    return updateFeatures(this.cluster, changes, options);
  }

  alterReassignments(moves: readonly PartitionMove[]) {
    return alterReassignments(this.cluster, moves);
  }

  listReassignments() {
    return listReassignments(this.cluster);
  }

  electLeaders(
    partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>,
    type: 'preferred' | 'unclean',
  ) {
    return electLeaders(this.cluster, partitions, type);
  }

  /** Resources that have configs, of these types. */
  listConfigResources(types: readonly ConfigResourceType[]) {
    return listConfigResources(this.cluster, types);
  }
}
