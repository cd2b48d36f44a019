import type { Uuid } from '../../common/ids.js';
import type { ShareGroupHeartbeatResponseInput } from '../../protocol/api/share_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { shareOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import { Turn } from '../group/turn.js';
import { type Assignment, sameAssignment, topicPartitionsOf } from '../modern/assignment.js';
import { sameSet } from '../modern/member.js';
import { Refusal } from '../modern/refusal.js';
import { canComputeNextTarget, computeTargets } from '../modern/target_assignment.js';
import { topicIdsOf } from '../modern/topics.js';
import type { Initialization, ShareGroupCommand } from './commands.js';
import { ShareDraft } from './draft.js';
import { fenceShareMember, startShareSession } from './fencing.js';
import type { ShareGroup } from './group.js';
import { newShareMember, type ShareMember, sameShareMetadata } from './member.js';
import { initializedOf, uninitializedOf, withInitializing } from './partition_states.js';
import { assignmentIntervalMs, heartbeatIntervalMs } from './settings.js';
import { simpleAssignor } from './simple_assignor.js';

type Heartbeat = ShareGroupCommand & { readonly kind: 'share-heartbeat' };

interface Answer {
  readonly response: ShareGroupHeartbeatResponseInput;
  readonly initialization?: Initialization;
}

const leaveEpoch = -1;

/**
 * ShareGroupHeartbeat, of a request whose fields were checked: joins, reports, leaves. The answer says which partitions the
 * share coordinator has to make a state for before they can be assigned.
 */
export function decideShareHeartbeat(state: GroupState, command: Heartbeat, turn: Turn): GroupDecision {
  const leaves = command.request.memberEpoch === leaveEpoch;
  const answer = leaves ? leave(state, command, turn) : heartbeat(state, command, turn);
  if (!(answer instanceof Refusal)) {
    turn.reply(command.token, { kind: 'share-heartbeat', initialization: undefined, ...answer });
    return turn.done();
  }
  const refused = new Turn(turn.rules, turn.nowMs);
  const response = { ...answer };
  refused.reply(command.token, { kind: 'share-heartbeat', response, initialization: undefined });
  return refused.done();
}

function heartbeat(state: GroupState, command: Heartbeat, turn: Turn): Answer | Refusal {
  const { groupId, memberId, memberEpoch, subscribedTopicNames } = command.request;
  const joins = memberEpoch === 0;
  const found = state.groups.get(groupId);
  const known = shareOf(found);
  if (found !== undefined && known === undefined) return notShare(groupId);
  if (known === undefined && !joins)
    return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Share group ${groupId} not found.`);
  const member = known?.member(memberId);
  const refusal = checkRoom(known, member, turn) ?? checkMember(groupId, memberId, member, memberEpoch);
  if (refusal !== undefined) return refusal;
  if (joins) turn.note(`member ${memberId} joins share group ${groupId}`);
  const draft = new ShareDraft(known, groupId, state, turn);
  const before = member ?? newShareMember(memberId);
  const updated = withRequest(before, command);
  const namesChanged = !sameSet(before.subscribedTopicNames, updated.subscribedTopicNames);
  if (!sameShareMetadata(before, updated)) draft.emitMember(updated);
  const bumps = namesChanged || (known !== undefined && hasUnassigned(known));
  const { groupEpoch } = draft.group.head;
  if (bumps || draft.group.hasMetadataExpired(turn.nowMs, state.topicsVersion)) draft.bumpEpoch(bumps);
  updateTarget(draft);
  const step = reconcile(draft, updated, draft.group.head.groupEpoch !== groupEpoch);
  startShareSession(turn, state.image, groupId, memberId);
  const shows = joins || subscribedTopicNames !== null || !sameAssignment(before.assigned, step.assigned);
  const response = {
    memberId,
    memberEpoch: step.memberEpoch,
    heartbeatIntervalMs: heartbeatIntervalMs(state.image, groupId, turn.rules.share),
    ...(shows ? { assignment: { topicPartitions: topicPartitionsOf(step.assigned) } } : {}),
  };
  return { response, ...beginInitialization(draft) };
}

function notShare(groupId: string): Refusal {
  return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a share group.`);
}

function checkRoom(group: ShareGroup | undefined, member: ShareMember | undefined, turn: Turn): Refusal | undefined {
  const { maxSize } = turn.rules.share;
  if (member !== undefined || (group?.size ?? 0) < maxSize) return undefined;
  return new Refusal(
    ErrorCode.GROUP_MAX_SIZE_REACHED,
    `The share group has reached its maximum capacity of ${maxSize} members.`,
  );
}

/** The epoch before the member's own is taken: the answer with the new one was lost. */
function checkMember(
  groupId: string,
  memberId: string,
  member: ShareMember | undefined,
  received: number,
): Refusal | undefined {
  if (received === 0) return undefined;
  if (member === undefined) return unknownMember(groupId, memberId);
  const { memberEpoch, previousMemberEpoch } = member;
  if (received > memberEpoch)
    return new Refusal(
      ErrorCode.FENCED_MEMBER_EPOCH,
      `The share group member has a greater member epoch (${received}) than the one known by the group coordinator ` +
        `(${memberEpoch}). The member must abandon all its partitions and rejoin.`,
    );
  if (received < memberEpoch && received !== previousMemberEpoch)
    return new Refusal(
      ErrorCode.FENCED_MEMBER_EPOCH,
      `The share group member has a smaller member epoch (${received}) than the one known by the group coordinator ` +
        `(${memberEpoch}), and it does not match the previous member epoch (${previousMemberEpoch}). ` +
        'The member must abandon all its partitions and rejoin.',
    );
  return undefined;
}

function unknownMember(groupId: string, memberId: string): Refusal {
  return new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`);
}

/** What the request says is new; null means as before. */
function withRequest(member: ShareMember, { request, clientId, clientHost }: Heartbeat): ShareMember {
  const { rackId, subscribedTopicNames: names } = request;
  return {
    ...member,
    rackId: rackId ?? member.rackId,
    clientId,
    clientHost,
    subscribedTopicNames: names === null ? member.subscribedTopicNames : new Set(names),
  };
}

/** Whether there are initialized partitions of subscribed topics that the target, current as it is, does not assign to anybody. */
function hasUnassigned(group: ShareGroup): boolean {
  const { groupEpoch, assignmentEpoch } = group.head;
  const { initialized } = group.partitionStates;
  if (assignmentEpoch < groupEpoch || group.isEmpty || initialized.size === 0) return false;
  const assigned = new Map<Uuid, Set<number>>();
  for (const { memberId } of group.members())
    for (const [topicId, partitions] of group.target(memberId)) {
      const of = assigned.get(topicId) ?? new Set();
      for (const partition of partitions) of.add(partition);
      assigned.set(topicId, of);
    }
  for (const [topicId, { name, partitions }] of initialized) {
    if (!group.isSubscribedTo(name)) continue;
    const of = assigned.get(topicId);
    if (of?.size !== partitions.length || !partitions.every((partition) => of.has(partition))) return true;
  }
  return false;
}

/** Computes a new target assignment when the group's epoch asks for one and the last is not too recent. */
function updateTarget(draft: ShareDraft): void {
  const { group, state, turn, groupId } = draft;
  const { groupEpoch, assignmentEpoch, assignmentTimestampMs } = group.head;
  const intervalMs = assignmentIntervalMs(state.image, groupId, turn.rules.share);
  if (assignmentEpoch >= groupEpoch || !canComputeNextTarget(assignmentTimestampMs, intervalMs, turn.nowMs)) return;
  const assign = simpleAssignor(initializedOf(group.partitionStates));
  for (const change of computeTargets(group, state.image, assign, (member) => member.subscribedTopicNames)) {
    const value = { topicPartitions: topicPartitionsOf(change.target) };
    draft.emit({ kind: 'share-member-target', groupId, memberId: change.memberId, value });
  }
  const value = { assignmentEpoch: groupEpoch, assignmentTimestamp: turn.nowMs };
  draft.emit({ kind: 'share-target', groupId, value });
}

/** The member gets its target at once: others that have the same partitions may keep them. */
function reconcile(draft: ShareDraft, member: ShareMember, subscriptionChanged: boolean): ShareMember {
  const { group, state } = draft;
  const { assignmentEpoch } = group.head;
  if (member.memberEpoch === assignmentEpoch && !subscriptionChanged) return member;
  const topicIds = topicIdsOf(state.image, member.subscribedTopicNames);
  const assigned: Assignment = new Map([...group.target(member.memberId)].filter(([topicId]) => topicIds.has(topicId)));
  const moves = member.memberEpoch !== assignmentEpoch;
  const epochs = moves ? { memberEpoch: assignmentEpoch, previousMemberEpoch: member.memberEpoch } : {};
  const same = !moves && sameAssignment(assigned, member.assigned);
  const next = { ...member, ...epochs, assigned };
  if (!same) draft.emitCurrent(next);
  return next;
}

/** Partitions of subscribed topics that have no state at the share coordinator yet, and are not being given one. */
function beginInitialization(draft: ShareDraft): Pick<Answer, 'initialization'> {
  const { group, state, turn } = draft;
  const { partitionStates: states } = group;
  const retryBeforeMs = turn.nowMs - turn.rules.share.initializeRetryIntervalMs;
  const topics = uninitializedOf(states, state.image, group.subscribedTopicNames(), retryBeforeMs);
  if (topics.length === 0) return {};
  draft.emitStates(withInitializing(states, state.image, topics));
  const startOffset = -1;
  return {
    initialization: {
      stateEpoch: group.head.groupEpoch,
      topics: topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map((partition) => ({ partition, startOffset })),
      })),
    },
  };
}

function leave(state: GroupState, command: Heartbeat, turn: Turn): Answer | Refusal {
  const { groupId, memberId, memberEpoch } = command.request;
  const found = state.groups.get(groupId);
  if (found === undefined) return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`);
  const group = shareOf(found);
  if (group === undefined) return notShare(groupId);
  if (group.member(memberId) === undefined) return unknownMember(groupId, memberId);
  turn.note(`member ${memberId} left share group ${groupId}`);
  fenceShareMember(state, group, memberId, turn);
  return { response: { memberId, memberEpoch } };
}
