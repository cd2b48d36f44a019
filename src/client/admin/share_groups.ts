import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { ProtocolError, throwIfError } from '../errors.js';
import { byTopic } from '../per_leader.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface ShareGroupMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopics: readonly string[];
  readonly assignedPartitions: readonly TopicPartition[];
}

export interface ShareGroupDescription extends Outcome {
  readonly groupId: string;
  /** `Empty` or `Stable`. */
  readonly state: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  readonly coordinatorId: number;
  readonly members: readonly ShareGroupMember[];
}

/** Share groups (KIP-932); GROUP_ID_NOT_FOUND also for groups of other types. */
export function describeShareGroups(
  cluster: ClusterClient,
  groupIds: readonly string[],
): Promise<readonly ShareGroupDescription[]> {
  return Promise.all(groupIds.map((groupId) => describeShareGroup(cluster, groupId)));
}

async function describeShareGroup(cluster: ClusterClient, groupId: string): Promise<ShareGroupDescription> {
  const coordinator = { kind: 'group', key: groupId } as const;
  const subject = `share group ${groupId}`;
  const group = await cluster.callCoordinator(
    coordinator,
    calls.shareGroupDescribe,
    { groupIds: [groupId] },
    (response) => {
      const found = response.groups.find((one) => one.groupId === groupId);
      if (found === undefined) throw new ProtocolError(ErrorCode.GROUP_ID_NOT_FOUND, subject);
      const error = protocolErrorOf(found.errorCode, subject, found.errorMessage);
      if (error?.retriable === true) throw error;
      return { ...found, error };
    },
  );
  return {
    name: groupId,
    groupId,
    error: group.error,
    state: group.groupState,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignor: group.assignorName,
    coordinatorId: await cluster.coordinators.nodeId(coordinator),
    members: group.members.map(({ memberId, memberEpoch, clientId, clientHost, subscribedTopicNames, assignment }) => ({
      memberId,
      memberEpoch,
      clientId,
      clientHost,
      subscribedTopics: subscribedTopicNames,
      assignedPartitions: assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
        partitions.map((partition) => ({ topic: topicName, partition })),
      ),
    })),
  };
}

export interface ShareGroupOffset extends TopicPartition {
  /** Everything before it is done with; undefined: the group has not begun to read the partition. */
  readonly startOffset: number | undefined;
  /** Records that are not done with; undefined: not known. */
  readonly lag: number | undefined;
}

/** How far a share group is in every partition it has a state of. A group that does not exist has none. */
export function shareGroupOffsets(cluster: ClusterClient, groupId: string): Promise<readonly ShareGroupOffset[]> {
  const known = (offset: number): number | undefined => (offset < 0 ? undefined : offset);
  return cluster.callCoordinator(
    { kind: 'group', key: groupId },
    calls.describeShareGroupOffsets,
    { groups: [{ groupId, topics: null }] },
    (response) => {
      const group = response.groups.find((one) => one.groupId === groupId);
      throwIfError(group?.errorCode ?? ErrorCode.NONE, `offsets of share group ${groupId}`);
      return (group?.topics ?? [])
        .flatMap(({ topicName, partitions }) =>
          partitions.map(({ partitionIndex, startOffset, lag, errorCode }) => {
            throwIfError(errorCode, topicPartitionName(topicName, partitionIndex));
            const [start, behind] = [known(startOffset), known(lag)];
            return { topic: topicName, partition: partitionIndex, startOffset: start, lag: behind };
          }),
        )
        .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
    },
  );
}

export type ShareGroupStart = TopicPartition & { readonly startOffset: number };

/** Sets where a share group without members goes on. One outcome per partition. @throws ProtocolError when the group is refused */
export function alterShareGroupOffsets(
  cluster: ClusterClient,
  groupId: string,
  starts: readonly ShareGroupStart[],
): Promise<readonly Outcome[]> {
  const topics = byTopic(starts).map(({ topic, partitions }) => ({
    topicName: topic,
    partitions: partitions.map(({ partition, startOffset }) => ({ partitionIndex: partition, startOffset })),
  }));
  return cluster.callCoordinator(
    { kind: 'group', key: groupId },
    calls.alterShareGroupOffsets,
    { groupId, topics },
    (response) => {
      throwIfError(response.errorCode, `share group ${groupId}`);
      return response.responses.flatMap(({ topicName, partitions }) =>
        partitions.map(({ partitionIndex, errorCode, errorMessage }) => {
          const name = topicPartitionName(topicName, partitionIndex);
          return {
            name,
            error: protocolErrorOf(errorCode, `offset of share group ${groupId} for ${name}`, errorMessage),
          };
        }),
      );
    },
  );
}

/** Forgets what a share group without members has read of whole topics. One outcome per topic. @throws ProtocolError as above */
export function deleteShareGroupOffsets(
  cluster: ClusterClient,
  groupId: string,
  topics: readonly string[],
): Promise<readonly Outcome[]> {
  return cluster.callCoordinator(
    { kind: 'group', key: groupId },
    calls.deleteShareGroupOffsets,
    { groupId, topics: topics.map((topicName) => ({ topicName })) },
    (response) => {
      throwIfError(response.errorCode, `share group ${groupId}`);
      return response.responses.map(({ topicName, errorCode, errorMessage }) => ({
        name: topicName,
        error: protocolErrorOf(errorCode, `offsets of share group ${groupId} for topic ${topicName}`, errorMessage),
      }));
    },
  );
}
