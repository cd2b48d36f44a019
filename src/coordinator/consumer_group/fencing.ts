import type { GroupDecision } from '../group/commands.js';
import { consumerOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import type { ConsumerTimerCommand } from './commands.js';
import { downgrade, downgradesWithout } from './downgrade.js';
import { ConsumerDraft } from './draft.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, regexOf } from './member.js';
import { cancelMemberTimers } from './timers.js';
import { memberTombstones } from './tombstones.js';

/**
 * Takes members out of a group. When only such are left that speak the classic protocol, it becomes a classic group where
 * `group.consumer.migration.policy` has it.
 */
export function fenceMembers(
  state: GroupState,
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
  turn: Turn,
): void {
  if (members.length === 0) return;
  if (downgradesWithout(group, members, turn)) {
    downgrade(state, group, members, undefined, turn);
    return;
  }
  const draft = new ConsumerDraft(group.draft(), state, turn);
  const { groupId } = group;
  for (const { memberId } of members) for (const record of memberTombstones(groupId, memberId)) draft.emit(record);
  for (const regex of new Set(members.flatMap((member) => regexOf(member) ?? [])))
    if (draft.group.regexSubscribers(regex) === 0)
      draft.emit({ kind: 'consumer-regex', groupId, regex, value: undefined });
  draft.emitEpoch(group.head.groupEpoch + 1, draft.hash());
  for (const { memberId } of members) cancelMemberTimers(turn, { groupId, memberId });
}

/** A timer of a member ran out. */
export function decideFence(
  state: GroupState,
  { groupId, memberId, reason }: ConsumerTimerCommand & { kind: 'consumer-fence' },
  turn: Turn,
): GroupDecision {
  const group = consumerOf(state.groups.get(groupId));
  const member = group?.member(memberId);
  if (group === undefined || member === undefined) return turn.done();
  turn.note(`group ${groupId}: member ${memberId} is out, ${reason}`);
  fenceMembers(state, group, [member], turn);
  return turn.done();
}

/** A member had to give up partitions and did not in time. */
export function decideRebalanceExpired(
  state: GroupState,
  { groupId, memberId, memberEpoch }: ConsumerTimerCommand & { kind: 'consumer-rebalance-expired' },
  turn: Turn,
): GroupDecision {
  const group = consumerOf(state.groups.get(groupId));
  const member = group?.member(memberId);
  if (group === undefined || member?.memberEpoch !== memberEpoch) return turn.done();
  turn.note(`group ${groupId}: member ${memberId} is out, it did not leave epoch ${memberEpoch} in time`);
  fenceMembers(state, group, [member], turn);
  return turn.done();
}
