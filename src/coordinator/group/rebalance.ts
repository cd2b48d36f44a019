import { assert } from '../../common/assert.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupMetadataValue } from '../../protocol/records/group_classic.js';
import { type ClassicGroup, type GroupPhase, nextPhases } from './classic_group.js';
import type { GroupReply } from './commands.js';
import { type Member, metadataOf, noBytes } from './member.js';
import type { GroupRecord } from './records.js';
import { joinError, joinTimer, sessionTimer, syncError, syncTimer, type Turn } from './turn.js';

// The steps that join, sync, leave and timers have in common. All of them change a draft and gather effects in a turn.

export function changePhase(group: ClassicGroup, phase: GroupPhase, nowMs: number): void {
  const allowed: readonly GroupPhase[] = nextPhases[group.phase];
  assert(allowed.includes(phase), `group ${group.groupId} cannot go from ${group.phase} to ${phase}`);
  const initialRebalance = phase === 'PreparingRebalance' && group.phase === 'Empty';
  group.head = { ...group.head, phase, initialRebalance, phaseSinceMs: nowMs };
}

export function startSession(
  turn: Turn,
  groupId: string,
  member: Member,
  delayMs: number = member.sessionTimeoutMs,
): void {
  const { memberId } = member;
  turn.startTimer(sessionTimer(groupId, memberId), delayMs, { kind: 'session-expired', groupId, memberId });
}

/** A rebalance when the group's phase allows one, otherwise a look whether the one under way is done. */
export function rebalanceOrProceed(turn: Turn, group: ClassicGroup, reason: string): void {
  if (group.phase === 'PreparingRebalance') proceedIfAllJoined(turn, group);
  else prepareRebalance(turn, group, reason);
}

export function proceedIfAllJoined(turn: Turn, group: ClassicGroup): void {
  if (group.phase === 'PreparingRebalance' && !group.head.initialRebalance && group.allHaveJoined)
    completeJoin(turn, group);
}

export function prepareRebalance(turn: Turn, group: ClassicGroup, reason: string): void {
  const { groupId } = group;
  if (group.phase === 'CompletingRebalance') {
    for (const member of [...group.members()]) group.setMember({ ...member, assignment: noBytes });
    answerSyncs(turn, group, () => syncError(ErrorCode.REBALANCE_IN_PROGRESS));
  }
  for (const member of [...group.members()]) if (member.owesSync) group.setMember({ ...member, owesSync: false });
  turn.cancelTimer(syncTimer(groupId));
  turn.note(`preparing to rebalance group ${groupId}, generation ${group.head.generationId}: ${reason}`);
  const initial = group.phase === 'Empty';
  changePhase(group, 'PreparingRebalance', turn.nowMs);
  if (initial) {
    const delayMs = turn.rules.initialRebalanceDelayMs;
    const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0);
    turn.startTimer(joinTimer(groupId), delayMs, { kind: 'initial-delay-over', groupId, delayMs, remainingMs });
  } else if (group.allHaveJoined) completeJoin(turn, group);
  else turn.startTimer(joinTimer(groupId), group.rebalanceTimeoutMs, { kind: 'join-expired', groupId });
}

/**
 * Ends the join phase: dynamic members that did not join are out, everybody else learns the new generation. With nobody left
 * the group is Empty; with members of whom none joined (static ones) it waits on.
 */
export function completeJoin(turn: Turn, group: ClassicGroup): void {
  const { groupId } = group;
  turn.cancelTimer(joinTimer(groupId));
  const late = [...group.members()].filter((member) => member.joining === undefined && member.groupInstanceId === null);
  for (const member of late) {
    group.remove(member.memberId);
    turn.cancelTimer(sessionTimer(groupId, member.memberId));
  }
  if (late.length > 0) turn.note(`group ${groupId}: ${late.length} members did not rejoin in time and are out`);
  if (group.size > 0 && !electJoinedLeader(turn, group)) {
    turn.startTimer(joinTimer(groupId), group.rebalanceTimeoutMs, { kind: 'join-expired', groupId });
    return;
  }
  const generationId = group.head.generationId + 1;
  if (group.size === 0) {
    changePhase(group, 'Empty', turn.nowMs);
    const { protocolType } = group.head;
    group.head = {
      ...group.head,
      generationId,
      protocolName: null,
      subscribedTopics: group.readSubscriptions(protocolType, null),
    };
    turn.records.push(groupRecord(group, () => noBytes));
    turn.note(`group ${groupId} is empty in generation ${generationId}`);
    return;
  }
  beginGeneration(turn, group, generationId);
}

function beginGeneration(turn: Turn, group: ClassicGroup, generationId: number): void {
  const { groupId } = group;
  const protocolName = group.preferredProtocol();
  changePhase(group, 'CompletingRebalance', turn.nowMs);
  group.head = {
    ...group.head,
    generationId,
    protocolName,
    subscribedTopics: group.readSubscriptions(group.head.protocolType, protocolName),
  };
  turn.note(`group ${groupId} has ${group.size} members in generation ${generationId}`);
  for (const member of [...group.members()]) {
    if (member.joining !== undefined) turn.reply(member.joining, joinReply(group, member.memberId));
    const joined: Member = { ...member, joining: undefined, isNew: false, owesSync: true };
    group.setMember(joined);
    startSession(turn, groupId, joined);
  }
  turn.startTimer(syncTimer(groupId), group.rebalanceTimeoutMs, { kind: 'sync-expired', groupId, generationId });
}

/** Keeps a leader that joined, or makes the first member that did the leader. False when nobody joined. */
function electJoinedLeader(turn: Turn, group: ClassicGroup): boolean {
  const { leaderId, groupId } = group.head;
  const leader = leaderId === null ? undefined : group.member(leaderId);
  if (leader?.joining !== undefined) return true;
  for (const member of group.members()) {
    if (member.joining === undefined) continue;
    group.head = { ...group.head, leaderId: member.memberId };
    turn.note(`group ${groupId}: ${member.memberId} leads instead of ${leaderId ?? 'nobody'}`);
    return true;
  }
  return false;
}

/** What a member is told of the current generation; the leader also learns who is in it. */
export function joinReply(group: ClassicGroup, memberId: string): GroupReply {
  const { generationId, protocolType, protocolName, leaderId } = group.head;
  const members = leaderId === memberId ? membersForLeader(group) : [];
  const leader = leaderId ?? '';
  return {
    kind: 'join',
    response: {
      errorCode: ErrorCode.NONE,
      generationId,
      protocolType,
      protocolName,
      leader,
      skipAssignment: false,
      memberId,
      members,
    },
  };
}

export function membersForLeader(group: ClassicGroup) {
  const protocolName = group.head.protocolName ?? '';
  return [...group.members()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, protocolName) ?? noBytes,
  }));
}

export function assignmentReply(group: ClassicGroup, assignment: Uint8Array): GroupReply {
  const { protocolType, protocolName } = group.head;
  return { kind: 'sync', response: { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment } };
}

/** Answers everybody who waits for the assignment. Their sessions begin anew: no heartbeat could come meanwhile. */
export function answerSyncs(turn: Turn, group: ClassicGroup, reply: (member: Member) => GroupReply): void {
  for (const member of [...group.members()]) {
    if (member.syncing === undefined) continue;
    turn.reply(member.syncing, reply(member));
    const synced: Member = { ...member, syncing: undefined };
    group.setMember(synced);
    startSession(turn, group.groupId, synced);
  }
}

/** Takes a member out; one that waits in a join is told to begin again. */
export function removeMember(turn: Turn, group: ClassicGroup, member: Member): void {
  if (member.joining !== undefined) turn.reply(member.joining, joinError(ErrorCode.UNKNOWN_MEMBER_ID, ''));
  if (member.syncing !== undefined) turn.reply(member.syncing, syncError(ErrorCode.UNKNOWN_MEMBER_ID));
  group.remove(member.memberId);
  turn.cancelTimer(sessionTimer(group.groupId, member.memberId));
}

/** The record of the generation as it is in the draft, with these assignments. */
export function groupRecord(group: ClassicGroup, assignmentOf: (member: Member) => Uint8Array): GroupRecord {
  const { groupId, protocolType, protocolName, generationId, leaderId, phaseSinceMs } = group.head;
  const members: GroupMetadataValue['members'] = [...group.members()].map((member) => {
    const subscription = metadataOf(member, protocolName ?? '');
    assert(subscription !== undefined, `member ${member.memberId} of ${groupId} lacks protocol ${protocolName ?? ''}`);
    return {
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription,
      assignment: assignmentOf(member),
    };
  });
  return {
    kind: 'group',
    groupId,
    value: {
      protocolType: protocolType ?? '',
      generation: generationId,
      protocol: protocolName,
      leader: leaderId,
      currentStateTimestamp: phaseSinceMs,
      members,
    },
  };
}
