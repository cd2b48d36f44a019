import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { ProtocolError, throwIfError } from '../errors.js';
import { byTopic } from '../per_leader.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface CommittedOffset extends TopicPartition {
  /** The next offset to be read. */
  readonly offset: number;
  /** -1: not known. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/**
 * Committed offsets of a group; partitions without one are left out. A group that does not exist has none.
 *
 * @param partitions undefined: all the group has
 */
export function fetchGroupOffsets(
  cluster: ClusterClient,
  groupId: string,
  partitions?: readonly TopicPartition[],
  options: { readonly requireStable?: boolean } = {},
): Promise<readonly CommittedOffset[]> {
  const topics =
    partitions === undefined
      ? null
      : byTopic(partitions).map(({ topic, partitions: members }) => ({
          name: topic,
          partitionIndexes: members.map((one) => one.partition),
        }));
  return cluster.callCoordinator(
    { kind: 'group', key: groupId },
    calls.offsetFetch,
    (version) => ({
      ...(version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics }),
      ...(version >= 7 ? { requireStable: options.requireStable ?? false } : {}),
    }),
    (response) => {
      const group = response.groups.find((one) => one.groupId === groupId);
      throwIfError(group?.errorCode ?? response.errorCode, `offsets of group ${groupId}`);
      return (group?.topics ?? response.topics).flatMap((topic) =>
        topic.partitions.flatMap((one) => {
          throwIfError(one.errorCode, topicPartitionName(topic.name, one.partitionIndex));
          if (one.committedOffset < 0) return [];
          return [
            {
              topic: topic.name,
              partition: one.partitionIndex,
              offset: one.committedOffset,
              leaderEpoch: one.committedLeaderEpoch,
              metadata: one.metadata ?? '',
            },
          ];
        }),
      );
    },
  );
}

/** Who commits: a member in its generation, or (left out) nobody, which only a group without members allows. */
export interface CommitOrigin {
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export type OffsetToCommit = TopicPartition & {
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
};

/** One outcome per partition. @throws ProtocolError when the coordinator refuses the whole commit */
export function commitGroupOffsets(
  cluster: ClusterClient,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  origin: CommitOrigin = { generationId: -1, memberId: '', groupInstanceId: null },
): Promise<readonly Outcome[]> {
  return cluster.callCoordinator(
    { kind: 'group', key: groupId },
    calls.offsetCommit,
    (version) => ({
      groupId,
      generationIdOrMemberEpoch: origin.generationId,
      memberId: origin.memberId,
      ...(version >= 7 ? { groupInstanceId: origin.groupInstanceId } : {}),
      topics: byTopic(offsets).map(({ topic, partitions }) => ({
        name: topic,
        partitions: partitions.map((one) => ({
          partitionIndex: one.partition,
          committedOffset: one.offset,
          committedLeaderEpoch: one.leaderEpoch ?? -1,
          committedMetadata: one.metadata ?? '',
        })),
      })),
    }),
    (response) =>
      response.topics.flatMap((topic) =>
        topic.partitions.map((one) => partitionOutcome(topic.name, one, `offset of group ${groupId}`)),
      ),
  );
}

/** Errors of the coordinator as a whole come on every partition; those are for retries or the caller. */
const groupErrors: ReadonlySet<number> = new Set<number>([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.INVALID_GROUP_ID,
  ErrorCode.GROUP_ID_NOT_FOUND,
  ErrorCode.STALE_MEMBER_EPOCH,
]);

function partitionOutcome(
  topic: string,
  one: { readonly partitionIndex: number; readonly errorCode: number },
  subject: string,
): Outcome {
  const name = topicPartitionName(topic, one.partitionIndex);
  if (groupErrors.has(one.errorCode)) throw new ProtocolError(one.errorCode, subject);
  return { name, error: protocolErrorOf(one.errorCode, `${subject} for ${name}`) };
}

/** Forgets committed offsets of partitions that no member subscribes to. */
export function deleteGroupOffsets(
  cluster: ClusterClient,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<readonly Outcome[]> {
  return cluster.callCoordinator(
    { kind: 'group', key: groupId },
    calls.offsetDelete,
    {
      groupId,
      topics: byTopic(partitions).map(({ topic, partitions: members }) => ({
        name: topic,
        partitions: members.map((one) => ({ partitionIndex: one.partition })),
      })),
    },
    (response) => {
      throwIfError(response.errorCode, `group ${groupId}`);
      return response.topics.flatMap((topic) =>
        topic.partitions.map((one) => partitionOutcome(topic.name, one, `offset of group ${groupId}`)),
      );
    },
  );
}
