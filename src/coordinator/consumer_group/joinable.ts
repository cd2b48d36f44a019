import { ErrorCode } from '../../protocol/errors.js';
import { tombstonesOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { noGroupOf, Refusal } from '../modern/refusal.js';
import { ConsumerDraft } from './draft.js';
import { ConsumerGroup } from './group.js';
import { upgrade } from './upgrade.js';

/**
 * The consumer group a member means, as a draft. One that joins makes it when it is not there, takes the place of an empty
 * classic group, and turns one with members into a consumer group where `group.consumer.migration.policy` has it.
 */
export function joinableGroup(state: GroupState, turn: Turn, groupId: string, joins: boolean): ConsumerDraft | Refusal {
  const group = state.groups.get(groupId);
  if (group === undefined) {
    if (!joins) return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Consumer group ${groupId} not found.`);
    return new ConsumerDraft(ConsumerGroup.create(groupId), state, turn);
  }
  if (group.type === 'consumer') return new ConsumerDraft(group.draft(), state, turn);
  if (!joins || group.type !== 'classic') return noGroupOf('consumer', groupId, true);
  if (!group.isEmpty) return upgrade(state, group, turn);
  for (const record of tombstonesOf(group)) turn.records.push(record);
  turn.note(`the empty classic group ${groupId} becomes a consumer group`);
  return new ConsumerDraft(ConsumerGroup.create(groupId), state, turn);
}
