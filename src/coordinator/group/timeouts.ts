import type { MetadataImage } from '../../metadata/image.js';
import { startMemberTimers } from '../consumer_group/loaded.js';
import { startShareSessions } from '../share_group/fencing.js';
import { startStreamsTimers } from '../streams_group/timers.js';
import type { GroupCommand, GroupDecision } from './commands.js';
import { classicOf } from './kinds.js';
import { completeJoin, prepareRebalance, removeMember, startSession } from './rebalance.js';
import type { GroupState } from './state.js';
import { expiryTimer, joinTimer, sessionTimer, type Turn } from './turn.js';

/** A member, announced or real, was not heard of in time. Whoever waits for an answer from here is excused. */
export function decideSessionExpired(state: GroupState, groupId: string, memberId: string, turn: Turn): GroupDecision {
  const group = classicOf(state.groups.get(groupId))?.draft();
  if (group === undefined) return turn.done();
  const member = group.member(memberId);
  if (member !== undefined) {
    if (!member.isNew && (member.joining !== undefined || member.syncing !== undefined)) return turn.done();
    turn.note(`group ${groupId}: no heartbeat from ${memberId} for ${member.sessionTimeoutMs} ms, it is out`);
    removeMember(turn, group, member);
    if (group.phase !== 'PreparingRebalance') prepareRebalance(turn, group, `session of ${memberId} expired`);
    else if (group.allHaveJoined) completeJoin(turn, group);
    return turn.done(group);
  }
  if (!group.isAnnounced(memberId)) return turn.done();
  turn.note(`group ${groupId}: ${memberId} got its id but did not join`);
  group.remove(memberId);
  if (group.phase === 'PreparingRebalance' && group.allHaveJoined) completeJoin(turn, group);
  return turn.done(group);
}

/** `group.initial.rebalance.delay.ms` is over; it is extended while members keep coming, up to the rebalance timeout. */
export function decideInitialDelayOver(
  state: GroupState,
  { groupId, delayMs, remainingMs }: GroupCommand & { kind: 'initial-delay-over' },
  turn: Turn,
): GroupDecision {
  const group = classicOf(state.groups.get(groupId))?.draft();
  if (group?.phase !== 'PreparingRebalance') return turn.done();
  if (group.head.memberAddedInDelay && remainingMs > 0) {
    group.head = { ...group.head, memberAddedInDelay: false };
    const nextDelayMs = Math.min(turn.rules.initialRebalanceDelayMs, remainingMs);
    turn.startTimer(joinTimer(groupId), nextDelayMs, {
      kind: 'initial-delay-over',
      groupId,
      delayMs: nextDelayMs,
      remainingMs: Math.max(remainingMs - delayMs, 0),
    });
  } else completeJoin(turn, group);
  return turn.done(group);
}

/** The rebalance timeout is over: the generation begins with those who joined. */
export function decideJoinExpired(state: GroupState, groupId: string, turn: Turn): GroupDecision {
  const group = classicOf(state.groups.get(groupId))?.draft();
  if (group?.phase !== 'PreparingRebalance') return turn.done();
  completeJoin(turn, group);
  return turn.done(group);
}

/** Members that learned of their generation a rebalance timeout ago and have not asked for their assignment are out. */
export function decideSyncExpired(state: GroupState, groupId: string, generationId: number, turn: Turn): GroupDecision {
  const group = classicOf(state.groups.get(groupId))?.draft();
  if (group === undefined || group.head.generationId !== generationId) return turn.done();
  if (group.phase !== 'CompletingRebalance' && group.phase !== 'Stable') return turn.done();
  const late = [...group.members()].filter((member) => member.owesSync);
  if (late.length === 0) return turn.done();
  for (const member of late) {
    group.remove(member.memberId);
    turn.cancelTimer(sessionTimer(groupId, member.memberId));
  }
  prepareRebalance(turn, group, `${late.length} members did not ask for their assignment`);
  return turn.done(group);
}

/** After a load everybody has a whole session timeout to be heard of. */
export function decideLoaded(state: GroupState, image: MetadataImage, turn: Turn): GroupDecision {
  turn.records.push({ kind: 'metadata', image, topicsCreated: true, topicsChanged: true });
  for (const group of state.groups.values()) {
    if (group.type === 'consumer') {
      startMemberTimers(group, image, turn);
      continue;
    }
    if (group.type === 'share') {
      startShareSessions(group, image, turn);
      continue;
    }
    if (group.type === 'streams') {
      startStreamsTimers(group, image, turn);
      continue;
    }
    for (const member of group.members()) startSession(turn, group.groupId, member);
    if (group.size <= turn.rules.maxSize) continue;
    const draft = group.draft();
    prepareRebalance(turn, draft, `its ${group.size} members are more than group.max.size`);
    turn.change(draft);
  }
  turn.startTimer(expiryTimer, turn.rules.offsetsRetentionCheckIntervalMs, { kind: 'expire-offsets' });
  return turn.done();
}
