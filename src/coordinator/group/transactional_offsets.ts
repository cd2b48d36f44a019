import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision, TransactionalCommitCommand } from './commands.js';
import { checkCommit } from './offset_access.js';
import { noTopicId } from './records.js';
import type { GroupState } from './state.js';
import type { Turn } from './turn.js';

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
  const errorCode = check(state, command, turn.rules.offsetMetadataMaxBytes);
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

/** The state of a classic group does not count, as it does for plain commits: what is committed was read before. */
function check(state: GroupState, command: TransactionalCommitCommand, metadataMaxBytes: number): ErrorCode {
  const { generationId, memberId, groupInstanceId } = command;
  const topics = command.topics.map((topic) => ({
    ...topic,
    topicId: state.image.topicsByName.get(topic.name)?.id ?? noTopicId,
  }));
  const by = { apiVersion: 0, generationId, memberId, groupInstanceId, isTransactional: true, topics };
  const errorCode = checkCommit(state.groups.get(command.groupId), by, metadataMaxBytes);
  // TxnOffsetCommit has no error for member epochs.
  return errorCode === ErrorCode.STALE_MEMBER_EPOCH ? ErrorCode.ILLEGAL_GENERATION : errorCode;
}
