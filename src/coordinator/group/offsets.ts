import { INT64_MAX, type Uuid } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { CommitCommand, DeleteOffsetsCommand, FetchCommand, FetchedPartition, GroupDecision } from './commands.js';
import { classicOf } from './kinds.js';
import { checkCommit, checkDeleteOffsets, checkFetch } from './offset_access.js';
import { startSession } from './rebalance.js';
import { type CommittedOffset, noTopicId, offsetTombstone } from './records.js';
import type { GroupState } from './state.js';
import type { Turn } from './turn.js';

/**
 * OffsetCommit. Topics and partitions that do not exist were sorted out before. A commit without generation is taken as long
 * as the group has no members (and makes a group that is not there); any other must come from a current member.
 */
export function decideCommit(state: GroupState, command: CommitCommand, turn: Turn): GroupDecision {
  const { groupId, memberId, topics } = command;
  const group = state.groups.get(groupId);
  const errorCode = checkCommit(group, { ...command, isTransactional: false }, turn.rules.offsetMetadataMaxBytes);
  if (errorCode !== ErrorCode.NONE) {
    turn.reply(command.token, { kind: 'commit', errorCode, topics: [] });
    return turn.done();
  }
  const member = classicOf(group)?.member(memberId);
  // Committing is a sign of life in the classic protocol.
  if (member !== undefined) startSession(turn, groupId, member);
  const results = topics.map(({ name, topicId, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
      const metadata = committedMetadata ?? '';
      if (metadata.length > turn.rules.offsetMetadataMaxBytes)
        return { partitionIndex, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE };
      const committed: CommittedOffset = {
        offset: committedOffset,
        leaderEpoch: committedLeaderEpoch,
        metadata,
        commitTimestampMs: turn.nowMs,
        expireTimestampMs: expireTimestamp(turn.nowMs, command.retentionTimeMs),
        topicId,
      };
      turn.records.push({ kind: 'offset', groupId, topic: name, partition: partitionIndex, committed, producerId: -1 });
      return { partitionIndex, errorCode: ErrorCode.NONE };
    }),
  }));
  turn.reply(command.token, { kind: 'commit', errorCode, topics: results });
  return turn.done();
}

function expireTimestamp(nowMs: number, retentionTimeMs: number): number {
  if (retentionTimeMs === -1) return -1;
  const expireMs = nowMs + retentionTimeMs;
  return Number.isSafeInteger(expireMs) ? expireMs : INT64_MAX;
}

/** OffsetFetch of one group. A group that is not there has no offsets; that is no error. */
export function decideFetch(state: GroupState, command: FetchCommand, turn: Turn): GroupDecision {
  const { groupId, requireStable } = command;
  const errorCode = checkFetch(state.groups.get(groupId), command.memberId, command.memberEpoch);
  if (errorCode !== ErrorCode.NONE) {
    turn.reply(command.token, { kind: 'fetch', errorCode, topics: [] });
    return turn.done();
  }
  const stored = state.offsets.topicsOf(groupId);
  const fetched = (topic: string, topicId: Uuid, partitionIndex: number): FetchedPartition => {
    if (requireStable && isUnstable(state, groupId, topic, partitionIndex))
      return { ...noOffset(partitionIndex), errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT };
    const committed = stored?.get(topic)?.get(partitionIndex);
    // An offset of a deleted topic says nothing of a later one with its name.
    if (committed === undefined || isOtherTopic(committed.topicId, topicId)) return noOffset(partitionIndex);
    return {
      partitionIndex,
      committedOffset: committed.offset,
      committedLeaderEpoch: committed.leaderEpoch,
      metadata: committed.metadata,
      errorCode: ErrorCode.NONE,
    };
  };
  const topics =
    command.topics === null
      ? [...(stored ?? [])].map(([name, partitions]) => ({
          name,
          partitions: [...partitions.keys()].map((partition) => fetched(name, noTopicId, partition)),
        }))
      : command.topics.map(({ name, topicId, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partition) => fetched(name, topicId, partition)),
        }));
  turn.reply(command.token, { kind: 'fetch', errorCode, topics });
  return turn.done();
}

function noOffset(partitionIndex: number): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: ErrorCode.NONE,
  };
}

function isOtherTopic(a: Uuid, b: Uuid): boolean {
  return a !== noTopicId && b !== noTopicId && a !== b;
}

/** Whether a transaction that has not ended would change this offset. */
export function isUnstable(state: GroupState, groupId: string, topic: string, partition: number): boolean {
  for (const open of state.openTransactions.values())
    if (open.get(groupId, topic, partition) !== undefined) return true;
  return false;
}

/** OffsetDelete: all but those of topics that members of the group are subscribed to. */
export function decideDeleteOffsets(state: GroupState, command: DeleteOffsetsCommand, turn: Turn): GroupDecision {
  const { groupId, token, topics } = command;
  const group = state.groups.get(groupId);
  const errorCode = checkDeleteOffsets(group);
  if (group === undefined || errorCode !== ErrorCode.NONE) {
    turn.reply(token, { kind: 'delete-offsets', errorCode, topics: [] });
    return turn.done();
  }
  const results = topics.map(({ name, partitions }) => {
    const inUse = group.isSubscribedTo(name);
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        if (inUse) return { partitionIndex, errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC };
        const exists = state.offsets.get(groupId, name, partitionIndex) !== undefined;
        if (exists || isUnstable(state, groupId, name, partitionIndex))
          turn.records.push(offsetTombstone(groupId, name, partitionIndex));
        return { partitionIndex, errorCode: ErrorCode.NONE };
      }),
    };
  });
  turn.reply(token, { kind: 'delete-offsets', errorCode, topics: results });
  return turn.doneDivisible();
}
