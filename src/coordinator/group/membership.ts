import { ErrorCode } from '../../protocol/errors.js';
import type { ClassicGroup } from './classic_group.js';
import type { GroupDecision, HeartbeatCommand, LeaveCommand, MemberResult, SyncCommand } from './commands.js';
import { classicOf } from './kinds.js';
import { type Member, noBytes } from './member.js';
import {
  answerSyncs,
  assignmentReply,
  groupRecord,
  prepareRebalance,
  proceedIfAllJoined,
  removeMember,
  startSession,
} from './rebalance.js';
import type { GroupState } from './state.js';
import { sessionTimer, syncError, syncTimer, type Turn } from './turn.js';
import { findMember } from './validation.js';

/** SyncGroup: followers wait for the leader, whose assignment makes the generation last. */
export function decideSync(state: GroupState, { request, token }: SyncCommand, turn: Turn): GroupDecision {
  const group = classicOf(state.groups.get(request.groupId))?.draft();
  const member = group === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : syncingMember(group, request);
  if (group === undefined || typeof member === 'number') {
    turn.reply(token, syncError(typeof member === 'number' ? member : ErrorCode.UNKNOWN_MEMBER_ID));
    return turn.done();
  }
  if (member.syncing !== undefined) turn.reply(member.syncing, syncError(ErrorCode.REBALANCE_IN_PROGRESS));
  if (group.phase === 'Stable') {
    group.setMember({ ...member, owesSync: false });
    turn.reply(token, assignmentReply(group, member.assignment));
  } else {
    group.setMember({ ...member, owesSync: false, syncing: token });
    if (group.head.leaderId === member.memberId) stabilize(turn, group, request.assignments);
  }
  if (group.allHaveSynced) turn.cancelTimer(syncTimer(group.groupId));
  return turn.done(group);
}

function syncingMember(group: ClassicGroup, request: SyncCommand['request']): Member | ErrorCode {
  const { head } = group;
  const member = findMember(group, request.memberId, request.groupInstanceId);
  if (typeof member === 'number') return member;
  if (request.generationId !== head.generationId) return ErrorCode.ILLEGAL_GENERATION;
  if (differs(request.protocolType, head.protocolType) || differs(request.protocolName, head.protocolName))
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  return group.phase === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : member;
}

function differs(requested: string | null, actual: string | null): boolean {
  return requested !== null && actual !== null && requested !== actual;
}

function stabilize(turn: Turn, group: ClassicGroup, assignments: SyncCommand['request']['assignments']): void {
  const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]));
  const assignmentOf = (member: Member): Uint8Array => byMember.get(member.memberId) ?? noBytes;
  const missing = [...group.members()].filter((member) => !byMember.has(member.memberId)).length;
  if (missing > 0)
    turn.note(`group ${group.groupId}: the leader left ${missing} of ${group.size} members without an assignment`);
  turn.records.push(groupRecord(group, assignmentOf));
  for (const member of [...group.members()]) group.setMember({ ...member, assignment: assignmentOf(member) });
  // The record keeps the time the generation began, and so does the group it makes: replay equals live.
  group.head = { ...group.head, phase: 'Stable' };
  answerSyncs(turn, group, (member) => assignmentReply(group, member.assignment));
}

/** The records of a leader's SyncGroup did not fit: nobody gets an assignment, and the members try anew. */
export function decideSyncFailed(
  state: GroupState,
  groupId: string,
  generationId: number,
  error: ErrorCode,
  turn: Turn,
): GroupDecision {
  const group = classicOf(state.groups.get(groupId))?.draft();
  if (group?.phase !== 'CompletingRebalance' || group.head.generationId !== generationId) return turn.done();
  answerSyncs(turn, group, () => syncError(error));
  prepareRebalance(turn, group, 'the assignment of the leader could not be stored');
  return turn.done(group);
}

/** Heartbeat. The hot path: looks, starts a timer, changes nothing. */
export function decideHeartbeat(state: GroupState, { request, token }: HeartbeatCommand, turn: Turn): GroupDecision {
  const { groupId, memberId, groupInstanceId, generationId } = request;
  turn.reply(token, { kind: 'heartbeat', errorCode: heartbeatError() });
  return turn.done();

  function heartbeatError(): ErrorCode {
    const group = classicOf(state.groups.get(groupId));
    if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    const member = findMember(group, memberId, groupInstanceId);
    if (typeof member === 'number') return member;
    if (generationId !== group.head.generationId) return ErrorCode.ILLEGAL_GENERATION;
    startSession(turn, groupId, member);
    return group.phase === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }
}

/** LeaveGroup, of one member or several; an empty member id with an instance id is an administrator's removal (KIP-345). */
export function decideLeave(state: GroupState, command: LeaveCommand, turn: Turn): GroupDecision {
  const known = classicOf(state.groups.get(command.groupId));
  const group = known?.draft();
  const members: MemberResult[] = command.members.map((leaving) => ({
    memberId: leaving.memberId,
    groupInstanceId: leaving.groupInstanceId,
    errorCode: group === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : leave(turn, group, leaving),
  }));
  turn.reply(command.token, { kind: 'leave', members });
  const left = members.filter((member) => member.errorCode === ErrorCode.NONE);
  if (group === undefined || left.length === 0) return turn.done();
  if (group.phase === 'PreparingRebalance') proceedIfAllJoined(turn, group);
  else if (group.phase !== 'Empty') prepareRebalance(turn, group, `${left.length} members left`);
  return turn.done(group);
}

function leave(turn: Turn, group: ClassicGroup, leaving: LeaveCommand['members'][number]): ErrorCode {
  const { memberId, groupInstanceId } = leaving;
  if (memberId !== '' && group.isAnnounced(memberId)) {
    group.remove(memberId);
    turn.cancelTimer(sessionTimer(group.groupId, memberId));
    return ErrorCode.NONE;
  }
  const byInstance = memberId === '' && groupInstanceId !== null;
  const actualId = byInstance ? group.staticMemberId(groupInstanceId) : memberId;
  if (actualId === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  const member = findMember(group, actualId, groupInstanceId);
  if (typeof member === 'number') return member;
  turn.note(`member ${actualId} left group ${group.groupId}${leaving.reason === null ? '' : ` (${leaving.reason})`}`);
  removeMember(turn, group, member);
  return ErrorCode.NONE;
}
