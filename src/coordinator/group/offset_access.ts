import { ErrorCode } from '../../protocol/errors.js';
import type { ConsumerGroup } from '../consumer_group/group.js';
import type { ConsumerMember } from '../consumer_group/member.js';
import type { StreamsGroup } from '../streams_group/group.js';
import type { StreamsMember } from '../streams_group/member.js';
import { type ClassicGroup, consumerProtocolType } from './classic_group.js';
import type { CommitTopic } from './commands.js';
import type { Group } from './kinds.js';
import { findMember } from './validation.js';

// Who may commit, fetch and delete offsets of a group, by its protocol.

/** From this version on a commit to a group that is not there says so. */
const groupIdNotFoundVersion = 9;
/** From this version on OffsetCommit has an error for a member epoch that is not current. */
const memberEpochVersion = 9;

/** Who commits what; of a transaction (TxnOffsetCommit) or not. */
export interface Committer {
  readonly apiVersion: number;
  /** Generation of a classic group, epoch of a member of another; -1: not said. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly isTransactional: boolean;
  readonly topics: readonly CommitTopic[];
}

/** Why nothing is committed, or NONE. A commit without a generation is taken as long as the group has no members. */
export function checkCommit(group: Group | undefined, by: Committer, metadataMaxBytes: number): ErrorCode {
  if (group === undefined) return commitToNobody(by);
  switch (group.type) {
    case 'classic':
      return checkClassic(group, by);
    case 'consumer':
    case 'streams':
      return checkModern(group, by, metadataMaxBytes);
    case 'share':
      return ErrorCode.GROUP_ID_NOT_FOUND;
  }
}

function commitToNobody({ generationId, apiVersion, isTransactional }: Committer): ErrorCode {
  if (generationId < 0) return ErrorCode.NONE;
  const knows = !isTransactional && apiVersion >= groupIdNotFoundVersion;
  return knows ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
}

function checkClassic(group: ClassicGroup, by: Committer): ErrorCode {
  const { generationId, memberId, groupInstanceId, isTransactional } = by;
  if (generationId < 0 && group.phase === 'Empty') return ErrorCode.NONE;
  // Older producers do not say for whom they commit.
  if (generationId < 0 && memberId === '' && groupInstanceId === null)
    return isTransactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  const member = findMember(group, memberId, groupInstanceId);
  if (typeof member === 'number') return member;
  if (generationId !== group.head.generationId) return ErrorCode.ILLEGAL_GENERATION;
  // The member knows of the new generation but has no assignment yet: what it commits belongs to the one before.
  return group.phase === 'CompletingRebalance' && !isTransactional ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/**
 * The member's epoch, or an older one in which it had the partition already: the member has been moved on while its commit
 * was under way.
 */
function checkModern(group: ConsumerGroup | StreamsGroup, by: Committer, metadataMaxBytes: number): ErrorCode {
  const { generationId: epoch, isTransactional } = by;
  if (epoch < 0 && group.isEmpty) return ErrorCode.NONE;
  if (isTransactional && epoch === -1 && by.memberId === '' && by.groupInstanceId === null) return ErrorCode.NONE;
  const member = group.member(by.memberId);
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  if (!isTransactional && !speaksClassic(member) && by.apiVersion < memberEpochVersion)
    return ErrorCode.UNSUPPORTED_VERSION;
  if (epoch === member.memberEpoch) return ErrorCode.NONE;
  const stale = staleError(member);
  if (epoch > member.memberEpoch) return stale;
  for (const { name, topicId, partitions } of by.topics)
    for (const { partitionIndex, committedMetadata } of partitions) {
      if ((committedMetadata ?? '').length > metadataMaxBytes) continue;
      const since =
        'metadata' in member
          ? taskSince(
              member,
              group.type === 'streams' ? group.head.topology?.sourceTopics.get(name) : undefined,
              partitionIndex,
            )
          : (member.assigned.get(topicId)?.get(partitionIndex) ?? member.revoking.get(topicId)?.get(partitionIndex));
      if (since === undefined || epoch < since) return stale;
    }
  return ErrorCode.NONE;
}

function speaksClassic(member: ConsumerMember | StreamsMember): boolean {
  return 'classic' in member && member.classic !== null;
}

/** The epoch in which a member got the task that reads the partition. */
function taskSince({ assigned, revoking }: StreamsMember, subtopologyId: string | undefined, partition: number) {
  const id = subtopologyId ?? '';
  return assigned.active.get(id)?.get(partition) ?? revoking.active.get(id)?.get(partition);
}

function staleError(member: ConsumerMember | StreamsMember): ErrorCode {
  return speaksClassic(member) ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH;
}

/** Only members of the newer protocols say who fetches. A share group has no offsets of this kind, which is no error. */
export function checkFetch(group: Group | undefined, memberId: string | null, memberEpoch: number): ErrorCode {
  if (group === undefined || group.type === 'classic' || group.type === 'share') return ErrorCode.NONE;
  if (memberId === null && memberEpoch < 0) return ErrorCode.NONE;
  const member = group.member(memberId ?? '');
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  return memberEpoch === member.memberEpoch ? ErrorCode.NONE : staleError(member);
}

export function checkDeleteOffsets(group: Group | undefined): ErrorCode {
  if (group === undefined || group.type === 'share') return ErrorCode.GROUP_ID_NOT_FOUND;
  if (group.type !== 'classic') return ErrorCode.NONE;
  const foreign = group.phase !== 'Empty' && group.head.protocolType !== consumerProtocolType;
  return foreign ? ErrorCode.NON_EMPTY_GROUP : ErrorCode.NONE;
}
