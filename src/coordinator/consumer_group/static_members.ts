import { topicPartitionsOf } from '../modern/assignment.js';
import type { ConsumerDraft } from './draft.js';
import type { ConsumerMember } from './member.js';
import { memberTombstones } from './tombstones.js';

/** A static member came back under another id: the place of the one before, with its partitions, is its own. */
export function replaceMember(draft: ConsumerDraft, existing: ConsumerMember, memberId: string): ConsumerMember {
  const { group, groupId, turn } = draft;
  const target = topicPartitionsOf(group.target(existing.memberId));
  const member: ConsumerMember = { ...existing, memberId, memberEpoch: 0, previousMemberEpoch: 0 };
  for (const record of memberTombstones(groupId, existing.memberId)) draft.emit(record);
  draft.emitMember(member);
  draft.emit({ kind: 'consumer-member-target', groupId, memberId, value: { topicPartitions: target } });
  draft.emitCurrent(member);
  turn.note(
    `static member ${existing.instanceId ?? ''} of group ${groupId} is now ${memberId}, was ${existing.memberId}`,
  );
  return member;
}
