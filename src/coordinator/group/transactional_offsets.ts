import { ErrorCode } from '../../protocol/errors.js';
import type { ClassicGroup } from './classic_group.js';
import type { GroupDecision, TransactionalCommitCommand } from './commands.js';
import { noTopicId } from './records.js';
import type { GroupState } from './state.js';
import type { Turn } from './turn.js';
import { findMember } from './validation.js';

/**
 * Topics and partitions that do not exist were sorted out before, and the transaction coordinator has said that this partition
 * is part of the transaction. Who says for whom it commits must be a current member (KIP-447); it is no sign of life.
 */
export function decideTransactionalCommit(
  state: GroupState,
  command: TransactionalCommitCommand,
  turn: Turn,
): GroupDecision {
  const { groupId, topics, transaction } = command;
  const errorCode = check(state.groups.get(groupId), command);
  if (errorCode !== ErrorCode.NONE) {
    turn.reply(command.token, { kind: 'transactional-commit', errorCode, topics: [] });
    return turn.done();
  }
  const results = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
      const metadata = committedMetadata ?? '';
      if (metadata.length > turn.rules.offsetMetadataMaxBytes)
        return { partitionIndex, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE };
      turn.records.push({
        kind: 'offset',
        groupId,
        topic: name,
        partition: partitionIndex,
        committed: {
          offset: committedOffset,
          leaderEpoch: committedLeaderEpoch,
          metadata,
          commitTimestampMs: turn.nowMs,
          expireTimestampMs: -1,
          topicId: noTopicId,
        },
        producerId: transaction.producerId,
      });
      return { partitionIndex, errorCode: ErrorCode.NONE };
    }),
  }));
  turn.reply(command.token, { kind: 'transactional-commit', errorCode, topics: results });
  return { ...turn.done(), transaction };
}

/** The state of the group does not count, as it does for plain commits: what is committed was read before. */
function check(group: ClassicGroup | undefined, command: TransactionalCommitCommand): ErrorCode {
  const { generationId, memberId, groupInstanceId } = command;
  if (group === undefined) return generationId < 0 ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
  if (generationId < 0 && (group.phase === 'Empty' || (memberId === '' && groupInstanceId === null)))
    return ErrorCode.NONE;
  const member = findMember(group, memberId, groupInstanceId);
  if (typeof member === 'number') return member;
  return generationId === group.head.generationId ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
}
