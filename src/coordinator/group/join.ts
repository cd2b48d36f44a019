import { assert } from '../../common/assert.js';
import { ErrorCode } from '../../protocol/errors.js';
import { ClassicGroup } from './classic_group.js';
import type { GroupDecision, JoinCommand } from './commands.js';
import { classicOf, tombstonesOf } from './kinds.js';
import { type Member, noBytes, sameProtocols } from './member.js';
import {
  groupRecord,
  joinReply,
  membersForLeader,
  prepareRebalance,
  proceedIfAllJoined,
  rebalanceOrProceed,
  startSession,
} from './rebalance.js';
import type { GroupState } from './state.js';
import { joinError, sessionTimer, syncError, type Turn } from './turn.js';
import { findMember } from './validation.js';

/** From this version on a dynamic member gets its id first and joins with it (KIP-394). */
const memberIdRequiredVersion = 4;
/** How long a member may wait in its first join: it cannot send heartbeats before that is answered. */
const firstJoinTimeoutMs = 5 * 60 * 1000;
/** From this version on a static leader can be told to skip the assignment (KIP-814). */
const skipAssignmentVersion = 9;

/**
 * JoinGroup. Group id, session timeout and rebalance timeout were checked before.
 *
 * A group comes to be with its first member or announced member, by a record of an empty generation 0. Kafka writes that
 * record also when it then refuses the join; here a refusal leaves nothing behind.
 */
export function decideJoin(state: GroupState, command: JoinCommand, turn: Turn): GroupDecision {
  const { request, token } = command;
  const { groupId, memberId, protocolType, protocols } = request;
  const isNewMember = memberId === '';
  const other = state.groups.get(groupId);
  const known = classicOf(other);
  if (known === undefined && other?.isEmpty === false) {
    turn.reply(token, joinError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, ''));
    return turn.done();
  }
  if (known === undefined && !isNewMember) {
    turn.reply(token, joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
    return turn.done();
  }
  if (known !== undefined && !acceptsSize(known, memberId, turn.rules.maxSize))
    return refuseForSize(known, command, turn);
  const base = known ?? ClassicGroup.create(groupId, turn.nowMs);
  if (!base.supports(protocolType, protocols)) {
    turn.reply(token, joinError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId));
    return turn.done();
  }
  const group = base.draft();
  // An empty group of another protocol makes way.
  if (other !== undefined && known === undefined) for (const record of tombstonesOf(other)) turn.records.push(record);
  if (known === undefined) turn.records.push(groupRecord(group, () => noBytes));
  if (isNewMember) joinNew(turn, group, command);
  else if (group.isAnnounced(memberId) && request.groupInstanceId === null) addMember(turn, group, command, memberId);
  else rejoin(turn, group, command);
  return turn.done(group);
}

/** New members are taken up to `group.max.size`; while a rebalance gathers, those who have joined count. */
function acceptsSize(group: ClassicGroup, memberId: string, maxSize: number): boolean {
  const member = group.member(memberId);
  switch (group.phase) {
    case 'Empty':
      return true;
    case 'PreparingRebalance':
      return member?.joining !== undefined || group.joining < maxSize;
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.size < maxSize;
  }
}

function refuseForSize(group: ClassicGroup, { request, token }: JoinCommand, turn: Turn): GroupDecision {
  turn.reply(token, joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, ''));
  turn.note(`group ${group.groupId} has ${group.size} members, no more are taken (group.max.size)`);
  if (group.member(request.memberId) === undefined && !group.isAnnounced(request.memberId)) return turn.done();
  const draft = group.draft();
  draft.remove(request.memberId);
  turn.cancelTimer(sessionTimer(group.groupId, request.memberId));
  return turn.done(draft);
}

function joinNew(turn: Turn, group: ClassicGroup, command: JoinCommand): void {
  const { request, newMemberId, token, apiVersion } = command;
  const { groupId, groupInstanceId } = request;
  if (groupInstanceId !== null) {
    const staticMemberId = group.staticMemberId(groupInstanceId);
    if (staticMemberId === undefined) addMember(turn, group, command, newMemberId);
    else replaceStatic(turn, group, command, staticMemberId);
    return;
  }
  if (apiVersion < memberIdRequiredVersion) {
    addMember(turn, group, command, newMemberId);
    return;
  }
  group.announce(newMemberId);
  turn.startTimer(sessionTimer(groupId, newMemberId), request.sessionTimeoutMs, {
    kind: 'session-expired',
    groupId,
    memberId: newMemberId,
  });
  turn.reply(token, joinError(ErrorCode.MEMBER_ID_REQUIRED, newMemberId));
}

function addMember(turn: Turn, group: ClassicGroup, command: JoinCommand, memberId: string): void {
  const { request, token, clientId, clientHost } = command;
  const member: Member = {
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocols: request.protocols,
    assignment: noBytes,
    joining: token,
    syncing: undefined,
    isNew: true,
    owesSync: false,
  };
  const { head } = group;
  group.head = {
    ...head,
    protocolType: group.size === 0 ? request.protocolType : head.protocolType,
    leaderId: head.leaderId ?? memberId,
    memberAddedInDelay: head.memberAddedInDelay || head.initialRebalance,
  };
  group.unannounce(memberId);
  group.setMember(member);
  startSession(turn, group.groupId, member, firstJoinTimeoutMs);
  rebalanceOrProceed(turn, group, because(`member ${memberId} is new`, request.reason));
}

/** A member that has an id: it retries, answers a rebalance, or wants one. */
function rejoin(turn: Turn, group: ClassicGroup, command: JoinCommand): void {
  const { request, token } = command;
  const { memberId, reason } = request;
  const member = findMember(group, memberId, request.groupInstanceId);
  if (typeof member === 'number') {
    turn.reply(token, joinError(member, memberId));
    return;
  }
  const unchanged = sameProtocols(member.protocols, request.protocols);
  switch (group.phase) {
    case 'PreparingRebalance':
      updateMember(turn, group, member, command);
      proceedIfAllJoined(turn, group);
      return;
    case 'CompletingRebalance':
      // The same metadata again: the first answer was lost.
      if (unchanged) turn.reply(token, joinReply(group, memberId));
      else updateThenRebalance(turn, group, member, command, because(`member ${memberId} changed`, reason));
      return;
    case 'Stable':
      // The leader may want a rebalance for what its metadata does not show, such as new partitions.
      if (group.head.leaderId === memberId)
        updateThenRebalance(turn, group, member, command, because(`leader ${memberId} rejoined`, reason));
      else if (!unchanged)
        updateThenRebalance(turn, group, member, command, because(`member ${memberId} changed`, reason));
      else turn.reply(token, joinReply(group, memberId));
      return;
    case 'Empty':
      turn.reply(token, joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
  }
}

function updateThenRebalance(
  turn: Turn,
  group: ClassicGroup,
  member: Member,
  command: JoinCommand,
  reason: string,
): void {
  updateMember(turn, group, member, command);
  prepareRebalance(turn, group, reason);
}

function updateMember(turn: Turn, group: ClassicGroup, member: Member, { request, token }: JoinCommand): void {
  // The earlier request of a member that asks again is on a connection the client has given up. It still gets an answer.
  if (member.joining !== undefined)
    turn.reply(member.joining, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId));
  group.setMember({
    ...member,
    protocols: request.protocols,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    joining: token,
  });
}

/**
 * A static member came back without its member id: it gets a new one, and whoever still uses the old one is fenced. In a
 * Stable group whose protocol stays the same nobody else notices (KIP-345).
 */
function replaceStatic(turn: Turn, group: ClassicGroup, command: JoinCommand, oldMemberId: string): void {
  const { request, newMemberId, token } = command;
  const { groupId } = group;
  const old = group.member(oldMemberId);
  assert(old !== undefined, `static member ${oldMemberId} of group ${groupId} is not in it`);
  const oldLeaderId = group.head.leaderId;
  if (old.joining !== undefined) turn.reply(old.joining, joinError(ErrorCode.FENCED_INSTANCE_ID, oldMemberId));
  if (old.syncing !== undefined) turn.reply(old.syncing, syncError(ErrorCode.FENCED_INSTANCE_ID));
  const replaced: Member = { ...old, memberId: newMemberId, joining: undefined, syncing: undefined, isNew: false };
  if (oldLeaderId === oldMemberId) group.head = { ...group.head, leaderId: newMemberId };
  group.remove(oldMemberId);
  group.setMember(replaced);
  turn.cancelTimer(sessionTimer(groupId, oldMemberId));
  turn.note(`static member ${request.groupInstanceId} of group ${groupId} is now ${newMemberId}, was ${oldMemberId}`);
  const reason = because(`static member ${newMemberId} came back`, request.reason);
  if (group.phase !== 'Stable') {
    updateMember(turn, group, replaced, command);
    startSession(turn, groupId, replaced);
    if (group.phase === 'CompletingRebalance') prepareRebalance(turn, group, reason);
    else proceedIfAllJoined(turn, group);
    return;
  }
  const updated: Member = {
    ...replaced,
    protocols: request.protocols,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
  };
  group.setMember(updated);
  startSession(turn, groupId, updated);
  if (group.preferredProtocol() !== group.head.protocolName) {
    group.setMember({ ...updated, joining: token });
    prepareRebalance(turn, group, reason);
    return;
  }
  turn.records.push(groupRecord(group, (member) => member.assignment));
  turn.reply(token, staticReply(group, command, oldLeaderId));
}

function staticReply(group: ClassicGroup, { newMemberId, apiVersion }: JoinCommand, oldLeaderId: string | null) {
  const { generationId, protocolType, protocolName, leaderId } = group.head;
  // Older clients that find themselves leader would compute an assignment, and send it for a generation that has one. They
  // are told the leader's former id, so that they take themselves for a follower.
  const canSkip = apiVersion >= skipAssignmentVersion;
  const skipAssignment = canSkip && leaderId === newMemberId;
  const response = {
    errorCode: ErrorCode.NONE,
    generationId,
    protocolType,
    protocolName,
    leader: (canSkip ? leaderId : oldLeaderId) ?? '',
    skipAssignment,
    memberId: newMemberId,
    members: skipAssignment ? membersForLeader(group) : [],
  };
  return { kind: 'join', response } as const;
}

function because(what: string, clientReason: string | null): string {
  return clientReason === null || clientReason === '' ? what : `${what} (client: ${clientReason})`;
}
