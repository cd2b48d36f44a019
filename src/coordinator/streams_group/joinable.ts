import type { StreamsGroupHeartbeatRequest } from '../../protocol/api/streams_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import { tombstonesOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { noGroupOf, Refusal } from '../modern/refusal.js';
import { StreamsDraft } from './draft.js';
import { StreamsGroup } from './group.js';
import { newStreamsMember, type StreamsMember } from './member.js';
import { isSubset, withoutEpochs } from './tasks.js';

/** The streams group a member means. One that joins makes it when it is not there, also in the place of an empty classic group. */
export function joinableStreamsGroup(
  state: GroupState,
  turn: Turn,
  groupId: string,
  joins: boolean,
): StreamsDraft | Refusal {
  const group = state.groups.get(groupId);
  if (group === undefined && !joins)
    return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Streams group ${groupId} not found.`);
  if (group?.type === 'streams') {
    const { maxSize } = turn.rules.streams;
    if (joins && group.size >= maxSize)
      return new Refusal(
        ErrorCode.GROUP_MAX_SIZE_REACHED,
        `The streams group has reached its maximum capacity of ${maxSize} members.`,
      );
    return new StreamsDraft(group.draft(), state, turn);
  }
  if (group !== undefined) {
    if (!joins || group.type !== 'classic' || !group.isEmpty) return noGroupOf('streams', groupId, true);
    for (const record of tombstonesOf(group)) turn.records.push(record);
    turn.note(`the empty classic group ${groupId} becomes a streams group`);
  }
  return new StreamsDraft(StreamsGroup.create(groupId), state, turn);
}

export function memberFor(
  { group, groupId, turn }: StreamsDraft,
  request: StreamsGroupHeartbeatRequest,
): StreamsMember | Refusal {
  const { memberId, memberEpoch } = request;
  const member = group.member(memberId);
  if (memberEpoch === 0) {
    if (member === undefined) turn.note(`member ${memberId} joins streams group ${groupId}`);
    return member ?? newStreamsMember(memberId);
  }
  if (member === undefined)
    return new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`);
  if (memberEpoch === member.memberEpoch) return member;
  // The answer with the new epoch was lost, when the member has nothing but what it should.
  const isLost =
    memberEpoch < member.memberEpoch &&
    memberEpoch === member.previousMemberEpoch &&
    isSubset(request.activeTasks, withoutEpochs(member.assigned.active)) &&
    isSubset(request.standbyTasks, member.assigned.standby) &&
    isSubset(request.warmupTasks, member.assigned.warmup);
  if (isLost) return member;
  const comparison = memberEpoch > member.memberEpoch ? 'greater' : 'smaller';
  return new Refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The streams group member has a ${comparison} member epoch (${memberEpoch}) than the one known by the group coordinator ` +
      `(${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  );
}
