import { ErrorCode } from '../../protocol/errors.js';
import type { ClassicGroup } from './classic_group.js';
import type { DescribeCommand, DescribedGroup, GroupDecision, ListCommand } from './commands.js';
import { classicOf, protocolTypeOf, stateOf } from './kinds.js';
import { metadataOf, noBytes } from './member.js';
import type { GroupState } from './state.js';
import type { Turn } from './turn.js';

export function decideList(state: GroupState, { token, states, types }: ListCommand, turn: Turn): GroupDecision {
  const groups = [...state.groups.values()]
    .filter((group) => types.size === 0 || types.has(group.type))
    .filter((group) => states.size === 0 || states.has(stateOf(group).toLowerCase()))
    .map((group) => ({
      groupId: group.groupId,
      protocolType: protocolTypeOf(group),
      groupState: stateOf(group),
      groupType: group.type,
    }));
  turn.reply(token, { kind: 'list', groups });
  return turn.done();
}

export function decideDescribe(state: GroupState, { token, groupIds }: DescribeCommand, turn: Turn): GroupDecision {
  const groups = groupIds.map((groupId) => {
    const known = state.groups.get(groupId);
    const group = classicOf(known);
    return { groupId, group: group && describe(group), isOther: known !== undefined && group === undefined };
  });
  turn.reply(token, { kind: 'describe', groups });
  return turn.done();
}

/** Protocol and metadata are those of a generation, so only a Stable group has them. */
function describe(group: ClassicGroup): DescribedGroup {
  const { groupId, protocolType, protocolName } = group.head;
  const shown = group.phase === 'Stable' ? (protocolName ?? '') : undefined;
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: group.phase,
    protocolType: protocolType ?? '',
    protocolData: shown ?? '',
    members: [...group.members()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: shown === undefined ? noBytes : (metadataOf(member, shown) ?? noBytes),
      memberAssignment: member.assignment,
    })),
  };
}
