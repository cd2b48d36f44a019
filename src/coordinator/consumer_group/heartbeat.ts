import type { ConsumerGroupHeartbeatResponseInput } from '../../protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { consumerOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import { Turn } from '../group/turn.js';
import type { TopicPartitions } from '../modern/assignment.js';
import { sameSet } from '../modern/member.js';
import { noGroupOf, Refusal } from '../modern/refusal.js';
import type { ConsumerHeartbeatCommand } from './commands.js';
import type { ConsumerDraft } from './draft.js';
import { fenceMembers } from './fencing.js';
import { joinableGroup } from './joinable.js';
import { type ConsumerMember, isReconciledTo, memberOf, newMember, sameMetadata, samePartitions } from './member.js';
import { reconcileMember, updateTarget } from './progress.js';
import { areRegexesDue, regexStatus, updateRegexes } from './regexes.js';
import { heartbeatIntervalMs, sessionTimeoutMs } from './settings.js';
import { replaceMember } from './static_members.js';
import { startSessionTimer } from './timers.js';

type Response = ConsumerGroupHeartbeatResponseInput;

export const leaveEpoch = -1;
/** A static member leaves for a while: its place is kept for the session timeout. */
export const leaveStaticEpoch = -2;

/**
 * ConsumerGroupHeartbeat, of a request whose fields were checked: joins, reports, leaves. Group epoch, target assignment and the
 * member's own step towards it follow in one decision, as far as they can.
 */
export function decideConsumerHeartbeat(
  state: GroupState,
  command: ConsumerHeartbeatCommand,
  turn: Turn,
): GroupDecision {
  const { memberEpoch } = command.request;
  const leaves = memberEpoch === leaveEpoch || memberEpoch === leaveStaticEpoch;
  const response = leaves ? leave(state, command, turn) : heartbeat(state, command, turn);
  if (!(response instanceof Refusal)) {
    turn.reply(command.token, { kind: 'consumer-heartbeat', response });
    return turn.done();
  }
  const refused = new Turn(turn.rules, turn.nowMs);
  const { errorCode, errorMessage, note } = response;
  refused.reply(command.token, { kind: 'consumer-heartbeat', response: { errorCode, errorMessage } });
  if (note !== undefined) refused.note(note);
  return refused.done();
}

function heartbeat(state: GroupState, command: ConsumerHeartbeatCommand, turn: Turn): Response | Refusal {
  const { request } = command;
  const settled = settledMember(state, command, turn);
  if (settled !== undefined) return answer(settled, isFull(command), state, request.groupId, turn);
  const joins = request.memberEpoch === 0;
  const draft = joinableGroup(state, turn, request.groupId, joins);
  if (draft instanceof Refusal) return draft;
  const { group, groupId } = draft;
  const { maxSize } = turn.rules.consumer;
  if (group.size >= maxSize && (request.memberId === '' || group.member(request.memberId) === undefined))
    return new Refusal(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
      `The consumer group has reached its maximum capacity of ${maxSize} members.`,
    );
  const memberId = request.memberId === '' ? command.newMemberId : request.memberId;
  const member =
    request.instanceId === null ? dynamicMember(draft, memberId, command) : staticMember(draft, memberId, command);
  if (member instanceof Refusal) return member;
  const updated = withRequest(member, command);
  const namesChanged = member.subscribedTopicNames !== updated.subscribedTopicNames;
  const before = regexStatus(group, member, updated);
  if (!sameMetadata(member, updated)) draft.emitMember(updated);
  const regex = updateRegexes(draft, before, command.mayDescribe);
  if (regex instanceof Refusal) return regex;
  const bumps = namesChanged || regex === 'resolved';
  if (bumps || group.hasMetadataExpired(turn.nowMs, state.topicsVersion)) draft.bumpEpoch(bumps);
  const { targetEpoch, target } = updateTarget(draft, memberId);
  const step = reconcileMember(draft, updated, {
    targetEpoch,
    target,
    subscriptionChanged: namesChanged || regex !== 'unchanged',
    owned: request.topicPartitions,
  });
  if (step instanceof Refusal) return step;
  const shows = joins || isFull(command) || !samePartitions(member.assigned, step.assigned);
  return answer(step, shows, state, groupId, turn);
}

/** The member, when its heartbeat says nothing new to a group that has nothing to do: as most are, and they need no draft. */
function settledMember(state: GroupState, command: ConsumerHeartbeatCommand, turn: Turn): ConsumerMember | undefined {
  const { groupId, memberId, memberEpoch, instanceId } = command.request;
  const group = consumerOf(state.groups.get(groupId));
  const member = instanceId === null ? group?.member(memberId) : group?.staticMember(instanceId);
  if (group === undefined || member === undefined) return undefined;
  const { groupEpoch, assignmentEpoch } = group.head;
  const isSettled =
    member.memberId === memberId &&
    member.memberEpoch === memberEpoch &&
    memberEpoch > 0 &&
    assignmentEpoch === groupEpoch &&
    isReconciledTo(member, assignmentEpoch) &&
    withRequest(member, command) === member &&
    !group.hasMetadataExpired(turn.nowMs, state.topicsVersion) &&
    !areRegexesDue(group, state, turn);
  return isSettled ? member : undefined;
}

function answer(member: ConsumerMember, shows: boolean, { image }: GroupState, groupId: string, turn: Turn): Response {
  const { memberId, memberEpoch } = member;
  const { consumer } = turn.rules;
  startSessionTimer(turn, { groupId, memberId }, sessionTimeoutMs(image, groupId, consumer));
  const response = { memberId, memberEpoch, heartbeatIntervalMs: heartbeatIntervalMs(image, groupId, consumer) };
  return shows ? { ...response, assignment: { topicPartitions: assignedTo(member) } } : response;
}

/** A request that says everything is answered with everything: the client may have missed the answer before. */
function isFull({ request }: ConsumerHeartbeatCommand): boolean {
  const subscribes = request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null;
  return request.rebalanceTimeoutMs !== -1 && subscribes && request.topicPartitions !== null;
}

function assignedTo(member: ConsumerMember) {
  return [...member.assigned].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions.keys()] }));
}

/** What the request says is new; null and -1 mean as before. The member itself when nothing is: most heartbeats are such. */
function withRequest(member: ConsumerMember, command: ConsumerHeartbeatCommand): ConsumerMember {
  const { request, clientId, clientHost } = command;
  const names = request.subscribedTopicNames === null ? undefined : new Set(request.subscribedTopicNames);
  const instanceId = request.instanceId ?? member.instanceId;
  const rackId = request.rackId ?? member.rackId;
  const rebalanceTimeoutMs = request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs;
  const serverAssignor = request.serverAssignor ?? member.serverAssignor;
  const subscribedTopicNames =
    names === undefined || sameSet(names, member.subscribedTopicNames) ? member.subscribedTopicNames : names;
  const subscribedTopicRegex = request.subscribedTopicRegex ?? member.subscribedTopicRegex;
  if (
    instanceId === member.instanceId &&
    rackId === member.rackId &&
    rebalanceTimeoutMs === member.rebalanceTimeoutMs &&
    serverAssignor === member.serverAssignor &&
    subscribedTopicNames === member.subscribedTopicNames &&
    subscribedTopicRegex === member.subscribedTopicRegex &&
    clientId === member.clientId &&
    clientHost === member.clientHost &&
    member.classic === null
  )
    return member;
  const metadata = {
    instanceId,
    rackId,
    rebalanceTimeoutMs,
    serverAssignor,
    subscribedTopicNames,
    subscribedTopicRegex,
    clientId,
    clientHost,
    classic: null,
  };
  return memberOf(member.memberId, metadata, member);
}

function dynamicMember(
  { group, turn, groupId }: ConsumerDraft,
  memberId: string,
  { request }: ConsumerHeartbeatCommand,
): ConsumerMember | Refusal {
  const member = group.member(memberId);
  if (request.memberEpoch === 0) {
    if (member === undefined) turn.note(`member ${memberId} joins consumer group ${groupId}`);
    return member ?? newMember(memberId);
  }
  if (member === undefined) return unknownMember(groupId, memberId);
  return checkEpoch(member, request.memberEpoch, request.topicPartitions) ?? member;
}

function staticMember(
  draft: ConsumerDraft,
  memberId: string,
  { request }: ConsumerHeartbeatCommand,
): ConsumerMember | Refusal {
  const { group, groupId, turn } = draft;
  const instanceId = request.instanceId ?? '';
  const existing = group.staticMember(instanceId);
  if (request.memberEpoch !== 0)
    return (
      checkStatic(existing, groupId, memberId, instanceId) ??
      checkEpoch(existing ?? newMember(memberId), request.memberEpoch, request.topicPartitions) ??
      existing ??
      newMember(memberId)
    );
  if (existing === undefined) {
    turn.note(`static member ${memberId} (${instanceId}) joins consumer group ${groupId}`);
    return group.member(memberId) ?? newMember(memberId);
  }
  if (existing.classic === null && existing.memberEpoch !== leaveStaticEpoch)
    return new Refusal(
      ErrorCode.UNRELEASED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ` +
        `${existing.memberId} member.`,
    );
  return replaceMember(draft, existing, memberId);
}

export function unknownMember(groupId: string, memberId: string): Refusal {
  return new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`);
}

/** Undefined: the member is the one behind its instance id. */
export function checkStatic(
  existing: ConsumerMember | undefined,
  _groupId: string,
  memberId: string,
  instanceId: string,
): Refusal | undefined {
  if (existing === undefined) return new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`);
  if (existing.memberId === memberId) return undefined;
  return new Refusal(
    ErrorCode.FENCED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${existing.memberId}.`,
  );
}

/**
 * Undefined: the epoch is the member's. The one before is taken when the member has nothing but what it should: the answer with
 * the new one was lost.
 */
function checkEpoch(member: ConsumerMember, received: number, owned: TopicPartitions | null): Refusal | undefined {
  if (received === member.memberEpoch) return undefined;
  if (received < member.memberEpoch && received === member.previousMemberEpoch && isSubset(owned, member))
    return undefined;
  const comparison = received > member.memberEpoch ? 'greater' : 'smaller';
  return new Refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${comparison} member epoch (${received}) than the one known by the group coordinator ` +
      `(${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  );
}

function isSubset(owned: TopicPartitions | null, member: ConsumerMember): boolean {
  if (owned === null) return false;
  return owned.every(({ topicId, partitions }) => {
    const assigned = member.assigned.get(topicId);
    return assigned !== undefined && partitions.every((partition) => assigned.has(partition));
  });
}

function leave(state: GroupState, command: ConsumerHeartbeatCommand, turn: Turn): Response | Refusal {
  const { groupId, memberId, memberEpoch, instanceId } = command.request;
  const known = state.groups.get(groupId);
  const group = consumerOf(known);
  if (group === undefined) return noGroupOf('consumer', groupId, known !== undefined);
  const member = instanceId === null ? group.member(memberId) : group.staticMember(instanceId);
  if (instanceId !== null) {
    const refusal = checkStatic(member, groupId, memberId, instanceId);
    if (refusal !== undefined) return refusal;
  }
  if (member === undefined) return unknownMember(groupId, memberId);
  if (instanceId !== null && memberEpoch === leaveStaticEpoch) {
    turn.note(`static member ${memberId} (${instanceId}) left consumer group ${groupId} for a while`);
    leaveForAWhile(state, group.groupId, member, turn);
    return { memberId: member.memberId, memberEpoch: leaveStaticEpoch };
  }
  turn.note(`member ${memberId} left consumer group ${groupId}`);
  fenceMembers(state, group, [member], turn);
  return { memberId, memberEpoch };
}

/** Its partitions wait for it; they count as assigned from the beginning to whoever comes back for them. */
function leaveForAWhile(state: GroupState, groupId: string, member: ConsumerMember, turn: Turn): void {
  const group = consumerOf(state.groups.get(groupId));
  if (group === undefined) return;
  const draft = joinableGroup(state, turn, groupId, false);
  if (draft instanceof Refusal) return;
  const assigned = new Map(
    [...member.assigned].map(([topicId, partitions]) => [topicId, new Map([...partitions.keys()].map((p) => [p, 0]))]),
  );
  draft.emitCurrent({ ...member, memberEpoch: leaveStaticEpoch, assigned, revoking: new Map() });
}
