import type { Uuid } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { forgetTopics } from '../share_group/states.js';
import { consumerProtocolType } from './classic_group.js';
import type { DeleteGroupsCommand, GroupDecision } from './commands.js';
import { type Group, tombstonesOf } from './kinds.js';
import type { StoredOffset } from './offset_table.js';
import { isUnstable } from './offsets.js';
import { type GroupRecord, noTopicId, offsetTombstone } from './records.js';
import type { GroupState } from './state.js';
import { expiryTimer, type Turn } from './turn.js';

/** Tombstones decided in one turn; what is left follows in the next, so that nobody else has to wait for long. */
const tombstonesPerTurn = 10_000;

/** DeleteGroups: groups without members, with all their offsets. */
export function decideDeleteGroups(state: GroupState, command: DeleteGroupsCommand, turn: Turn): GroupDecision {
  const results = command.groupIds.map((groupId) => {
    const group = state.groups.get(groupId);
    if (group === undefined) return { groupId, errorCode: ErrorCode.GROUP_ID_NOT_FOUND };
    if (!group.isEmpty) return { groupId, errorCode: ErrorCode.NON_EMPTY_GROUP };
    const offsets = allOffsets(state, groupId);
    for (const offset of offsets) turn.records.push(offset);
    for (const record of tombstonesOf(group)) turn.records.push(record);
    turn.note(`group ${groupId} was deleted with ${offsets.length} offsets`);
    return { groupId, errorCode: ErrorCode.NONE };
  });
  turn.reply(command.token, { kind: 'delete-groups', results });
  return turn.doneDivisible();
}

function allOffsets(state: GroupState, groupId: string): GroupRecord[] {
  const names = new Map<string, GroupRecord>();
  for (const table of [state.offsets, ...state.openTransactions.values()])
    for (const [topic, partitions] of table.topicsOf(groupId) ?? [])
      for (const partition of partitions.keys())
        names.set(`${topic}/${partition}`, offsetTombstone(groupId, topic, partition));
  return [...names.values()];
}

/**
 * Every `offsets.retention.check.interval.ms`: offsets that nobody has used for `offsets.retention.minutes` go (KIP-211), and
 * with its last offset a group without members.
 */
export function decideExpireOffsets(state: GroupState, turn: Turn): GroupDecision {
  let left = false;
  for (const group of state.groups.values()) {
    if (turn.records.length >= tombstonesPerTurn) {
      left = true;
      break;
    }
    // They have no offsets here, and stay.
    if (group.type === 'share') continue;
    const allGone = expireOffsetsOf(state, group, turn);
    const expectsMembers = group.type === 'classic' && group.isExpectingMembers;
    if (allGone && group.isEmpty && !expectsMembers)
      for (const record of tombstonesOf(group)) turn.records.push(record);
  }
  if (turn.records.length > 0) turn.note(`${turn.records.length} expired offsets and groups are removed`);
  const delayMs = left ? 0 : turn.rules.offsetsRetentionCheckIntervalMs;
  turn.startTimer(expiryTimer, delayMs, { kind: 'expire-offsets' });
  return turn.doneDivisible();
}

/** Whether nothing of the group is left. */
function expireOffsetsOf(state: GroupState, group: Group, turn: Turn): boolean {
  const { groupId } = group;
  for (const open of state.openTransactions.values()) if (open.topicsOf(groupId) !== undefined) return false;
  const topics = state.offsets.topicsOf(groupId);
  if (topics === undefined) return true;
  const unusedSince = expiryBasis(group);
  if (unusedSince === undefined) return false;
  let allGone = true;
  for (const [topic, partitions] of topics) {
    const inUse = group.isSubscribedTo(topic);
    for (const [partition, stored] of partitions) {
      const expired =
        stored.expireTimestampMs === -1
          ? turn.nowMs - unusedSince(stored) >= turn.rules.offsetsRetentionMs
          : turn.nowMs >= stored.expireTimestampMs;
      if (inUse || !expired || isUnstable(state, groupId, topic, partition)) allGone = false;
      else turn.records.push(offsetTombstone(groupId, topic, partition));
    }
  }
  return allGone;
}

/**
 * From when retention counts: the commit for groups that only store offsets and for topics that a stable consumer group has
 * unsubscribed from, and for groups of other protocols; when the last member left for groups without members. Undefined: nothing of the group expires now.
 */
function expiryBasis(group: Group): ((stored: StoredOffset) => number) | undefined {
  const commit = (stored: StoredOffset): number => stored.commitTimestampMs;
  if (group.type !== 'classic') return commit;
  const { protocolType, phase, phaseSinceMs, subscribedTopics } = group.head;
  if (protocolType === null) return commit;
  if (phase === 'Empty') return phaseSinceMs === -1 ? commit : () => phaseSinceMs;
  const knowsTopics = protocolType === consumerProtocolType && subscribedTopics !== null;
  return knowsTopics && phase === 'Stable' ? commit : undefined;
}

/** Offsets of topics that are gone. Where a record says whose offset it is, only those of the topic itself. */
export function decideTopicsDeleted(state: GroupState, deleted: ReadonlyMap<string, Uuid>, turn: Turn): GroupDecision {
  for (const table of [state.offsets, ...state.openTransactions.values()])
    for (const groupId of table.groupIds())
      for (const [topic, partitions] of table.topicsOf(groupId) ?? []) {
        const topicId = deleted.get(topic);
        if (topicId === undefined) continue;
        for (const [partition, stored] of partitions)
          if (stored.topicId === noTopicId || stored.topicId === topicId)
            turn.records.push(offsetTombstone(groupId, topic, partition));
      }
  if (turn.records.length > 0) turn.note(`${turn.records.length} offsets of deleted topics are removed`);
  forgetTopics(state, new Set(deleted.values()), turn);
  return turn.doneDivisible();
}
