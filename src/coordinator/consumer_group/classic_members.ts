import type { JoinGroupResponseInput } from '../../protocol/api/join_group.js';
import { ErrorCode } from '../../protocol/errors.js';
import { consumerProtocolType } from '../group/classic_group.js';
import type {
  GroupDecision,
  HeartbeatCommand,
  JoinCommand,
  LeaveCommand,
  MemberResult,
  SyncCommand,
} from '../group/commands.js';
import type { GroupState } from '../group/state.js';
import { joinError, syncError, Turn } from '../group/turn.js';
import { sameSet } from '../modern/member.js';
import { Refusal } from '../modern/refusal.js';
import { classicAssignment, downgrade, downgradesReplacing } from './downgrade.js';
import { ConsumerDraft } from './draft.js';
import { fenceMembers } from './fencing.js';
import type { ConsumerGroup } from './group.js';
import { checkStatic } from './heartbeat.js';
import { type ConsumerMember, newMember, sameMetadata } from './member.js';
import { ownedIn } from './owned.js';
import { reconcileMember, updateTarget } from './progress.js';
import { regexStatus, updateRegexes } from './regexes.js';
import { replaceMember } from './static_members.js';
import { cancelJoinTimer, cancelSyncTimer, startJoinTimer, startSessionTimer, startSyncTimer } from './timers.js';
import { readSubscription } from './upgrade.js';

// Members that speak the classic protocol in a group of the consumer protocol, while its members are being replaced one by one.

/** From this version on a dynamic member gets its id first and joins with it (KIP-394). */
const memberIdRequiredVersion = 4;

/** JoinGroup: answered at once, with what the member can have by now. */
export function decideClassicJoin(
  state: GroupState,
  group: ConsumerGroup,
  command: JoinCommand,
  turn: Turn,
): GroupDecision {
  const joined = join(state, group, command, turn);
  if (typeof joined === 'number') {
    const refused = new Turn(turn.rules, turn.nowMs);
    refused.reply(command.token, joinError(joined, command.request.memberId));
    return refused.done();
  }
  turn.reply(command.token, { kind: 'join', response: joined });
  return turn.done();
}

function join(
  state: GroupState,
  known: ConsumerGroup,
  command: JoinCommand,
  turn: Turn,
): JoinGroupResponseInput | ErrorCode {
  const { request, apiVersion, newMemberId } = command;
  const { groupId } = known;
  const { maxSize, migrationPolicy } = turn.rules.consumer;
  if (!migrationPolicy.upgrade && !migrationPolicy.downgrade) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  const isNew = request.memberId === '';
  const memberId = isNew ? newMemberId : request.memberId;
  if (known.size >= maxSize && known.member(memberId) === undefined) return ErrorCode.GROUP_MAX_SIZE_REACHED;
  if (!known.supportsClassic(request.protocolType, request.protocols)) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  if (isNew && request.groupInstanceId === null && apiVersion >= memberIdRequiredVersion)
    return joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId).response;
  const subscription = readSubscription(request.protocols[0]?.metadata);
  if (subscription === undefined) return ErrorCode.UNKNOWN_SERVER_ERROR;
  const draft = new ConsumerDraft(known.draft(), state, turn);
  const existing = request.groupInstanceId === null ? undefined : known.staticMember(request.groupInstanceId);
  const member = memberFor(draft, existing, command, memberId);
  if (typeof member === 'number') return member;
  const downgrades = existing !== undefined && downgradesReplacing(known, existing, turn);
  const updated = withJoin(member, command, subscription.topics, subscription.rackId);
  const owned = ownedIn(subscription.ownedPartitions, state.image);
  const namesChanged = !sameSet(member.subscribedTopicNames, updated.subscribedTopicNames);
  const before = regexStatus(draft.group, member, updated);
  if (!sameMetadata(member, updated)) draft.emitMember(updated);
  const regex = updateRegexes(draft, before, command.mayDescribe);
  if (regex instanceof Refusal) return regex.errorCode;
  const bumps = namesChanged || regex !== 'unchanged';
  if (bumps || draft.group.hasMetadataExpired(turn.nowMs, state.topicsVersion)) draft.bumpEpoch(bumps);
  const stale = draft.group.head.assignmentEpoch < draft.group.head.groupEpoch;
  const target = downgrades
    ? { targetEpoch: draft.group.head.assignmentEpoch, target: draft.group.target(memberId) }
    : updateTarget(draft, memberId);
  const step =
    downgrades && stale ? updated : reconcileMember(draft, updated, { ...target, subscriptionChanged: bumps, owned });
  if (step instanceof Refusal) return step.errorCode;
  const of = { groupId, memberId };
  cancelJoinTimer(turn, of);
  if (downgrades)
    downgrade(state, draft.group, [], { member: step, replacedId: existing.memberId, rebalance: stale }, turn);
  else {
    startSessionTimer(turn, of, request.sessionTimeoutMs);
    startSyncTimer(turn, of, request.rebalanceTimeoutMs);
  }
  return joinAnswer(step);
}

function joinAnswer(member: ConsumerMember): JoinGroupResponseInput {
  return {
    errorCode: ErrorCode.NONE,
    generationId: member.memberEpoch,
    protocolType: consumerProtocolType,
    protocolName: member.classic?.protocols[0]?.name ?? '',
    leader: '',
    skipAssignment: false,
    memberId: member.memberId,
    members: [],
  };
}

function memberFor(
  draft: ConsumerDraft,
  existing: ConsumerMember | undefined,
  { request }: JoinCommand,
  memberId: string,
): ConsumerMember | ErrorCode {
  const { group, groupId } = draft;
  const { groupInstanceId } = request;
  if (groupInstanceId === null) return group.member(memberId) ?? newMember(memberId);
  if (request.memberId !== '')
    return checkStatic(existing, groupId, memberId, groupInstanceId)?.errorCode ?? existing ?? newMember(memberId);
  return existing === undefined ? newMember(memberId) : replaceMember(draft, existing, memberId);
}

function withJoin(
  member: ConsumerMember,
  { request, clientId, clientHost }: JoinCommand,
  topics: readonly string[],
  rackId: string | null,
): ConsumerMember {
  const { rebalanceTimeoutMs } = request;
  return {
    ...member,
    instanceId: request.groupInstanceId ?? member.instanceId,
    rackId: rackId === null || rackId === '' ? member.rackId : rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    subscribedTopicNames: new Set(topics),
    subscribedTopicRegex: '',
    clientId,
    clientHost,
    classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols: request.protocols },
  };
}

/** The member, when it is one that speaks the classic protocol. */
function classicMemberOf(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): (ConsumerMember & { readonly classic: object }) | ErrorCode {
  const member = instanceId === null ? group.member(memberId) : group.staticMember(instanceId);
  if (instanceId !== null) {
    const refusal = checkStatic(member, group.groupId, memberId, instanceId);
    if (refusal !== undefined) return refusal.errorCode;
  }
  const { classic } = member ?? {};
  if (member === undefined || classic === null || classic === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  return { ...member, classic };
}

/** SyncGroup: the assignment, unless there is a newer one to rejoin for. */
export function decideClassicSync(
  state: GroupState,
  group: ConsumerGroup,
  { request, token }: SyncCommand,
  turn: Turn,
): GroupDecision {
  const { groupId } = group;
  const member = classicMemberOf(group, request.memberId, request.groupInstanceId);
  const of = { groupId, memberId: request.memberId };
  const errorCode = typeof member === 'number' ? member : syncProblem(group, member, request);
  if (typeof member === 'number' || errorCode !== ErrorCode.NONE) {
    if (typeof member !== 'number' && errorCode === ErrorCode.REBALANCE_IN_PROGRESS)
      startJoinTimer(turn, of, member.rebalanceTimeoutMs);
    turn.reply(token, syncError(errorCode));
    return turn.done();
  }
  cancelSyncTimer(turn, of);
  startSessionTimer(turn, of, member.classic.sessionTimeoutMs);
  turn.reply(token, {
    kind: 'sync',
    response: {
      errorCode,
      protocolType: request.protocolType,
      protocolName: request.protocolName,
      assignment: classicAssignment(member, state.image),
    },
  });
  return turn.done();
}

function syncProblem(group: ConsumerGroup, member: ConsumerMember, request: SyncCommand['request']): ErrorCode {
  if (member.memberEpoch !== request.generationId) return ErrorCode.ILLEGAL_GENERATION;
  const { protocolType, protocolName } = request;
  if (protocolType !== null && protocolType !== consumerProtocolType) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  if (protocolName !== null && protocolName !== member.classic?.protocols[0]?.name)
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  const rebalances = group.head.assignmentEpoch > member.memberEpoch && member.state !== 'unrevoked';
  return rebalances ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** Heartbeat: REBALANCE_IN_PROGRESS when rejoining would get the member further. */
export function decideClassicHeartbeat(
  group: ConsumerGroup,
  { request, token }: HeartbeatCommand,
  turn: Turn,
): GroupDecision {
  const { groupId } = group;
  const member = classicMemberOf(group, request.memberId, request.groupInstanceId);
  let errorCode: ErrorCode = ErrorCode.NONE;
  if (typeof member === 'number') errorCode = member;
  else if (member.memberEpoch !== request.generationId) errorCode = ErrorCode.ILLEGAL_GENERATION;
  else {
    const of = { groupId, memberId: request.memberId };
    startSessionTimer(turn, of, member.classic.sessionTimeoutMs);
    const rejoins =
      member.memberEpoch < group.head.assignmentEpoch ||
      member.state === 'unrevoked' ||
      (member.state === 'unreleased' && !group.waitsForOthers(member));
    if (rejoins) {
      errorCode = ErrorCode.REBALANCE_IN_PROGRESS;
      startJoinTimer(turn, of, member.rebalanceTimeoutMs);
    }
  }
  turn.reply(token, { kind: 'heartbeat', errorCode });
  return turn.done();
}

/** LeaveGroup, also of members that speak the consumer protocol: it is what an administrator removes members by. */
export function decideClassicLeave(
  state: GroupState,
  group: ConsumerGroup,
  command: LeaveCommand,
  turn: Turn,
): GroupDecision {
  const leaving = new Map<string, ConsumerMember>();
  const members: MemberResult[] = command.members.map(({ memberId, groupInstanceId }) => {
    const member = groupInstanceId === null ? group.member(memberId) : group.staticMember(groupInstanceId);
    const refusal =
      groupInstanceId === null || (member !== undefined && memberId === '')
        ? undefined
        : checkStatic(member, group.groupId, memberId, groupInstanceId);
    if (member === undefined || refusal !== undefined)
      return { memberId, groupInstanceId, errorCode: refusal?.errorCode ?? ErrorCode.UNKNOWN_MEMBER_ID };
    leaving.set(member.memberId, member);
    return { memberId, groupInstanceId, errorCode: ErrorCode.NONE };
  });
  if (leaving.size > 0) turn.note(`${leaving.size} members left consumer group ${group.groupId}`);
  fenceMembers(state, group, [...leaving.values()], turn);
  turn.reply(command.token, { kind: 'leave', members });
  return turn.done();
}
