import { ErrorCode } from '../../protocol/errors.js';
import { memberOrder } from '../modern/java_order.js';
import { Refusal } from '../modern/refusal.js';
import { canComputeNextTarget } from '../modern/target_assignment.js';
import type { ConfiguredTopology } from './configured.js';
import type { StreamsDraft } from './draft.js';
import { isReconciled, type StreamsMember } from './member.js';
import { type Status, StreamsStatus } from './problems.js';
import { reconciledTasks, type StreamsReconciliation } from './reconcile.js';
import type { StreamsSettings } from './settings.js';
import { assignTasks } from './sticky_assignor.js';
import { noTarget, sameMemberTasks, sameTargets, type TargetTasks } from './tasks.js';
import { cancelStreamsRebalance, startStreamsRebalance } from './timers.js';

export interface StreamsTarget {
  readonly targetEpoch: number;
  readonly target: TargetTasks;
}

/** Computes a new target assignment when the epoch asks for one and neither the initial delay nor the interval forbids it. */
export function updateTarget(
  draft: StreamsDraft,
  memberId: string,
  configured: ConfiguredTopology,
  settings: StreamsSettings,
  statuses: Status[],
): StreamsTarget {
  const { group, turn } = draft;
  const { groupEpoch, assignmentEpoch, assignmentTimestampMs, delayed } = group.head;
  const delayedBy = (what: string) =>
    statuses.push({
      statusCode: StreamsStatus.assignmentDelayed,
      statusDetail: `Assignment delayed due to the configured ${what}.`,
    });
  if (delayed) {
    delayedBy('initial rebalance delay');
    return { targetEpoch: assignmentEpoch, target: noTarget };
  }
  if (assignmentEpoch < groupEpoch) {
    if (canComputeNextTarget(assignmentTimestampMs, settings.assignmentIntervalMs, turn.nowMs))
      computeTarget(draft, configured, settings);
    else delayedBy('assignment interval');
  }
  return { targetEpoch: group.head.assignmentEpoch, target: group.target(memberId) };
}

/** While topics are missing everybody gets nothing. */
export function computeTarget(draft: StreamsDraft, configured: ConfiguredTopology, settings: StreamsSettings): void {
  const { group, turn } = draft;
  const byId = new Map([...group.members()].map((member) => [member.memberId, member]));
  const memberIds = memberOrder([...byId.keys()]);
  const isReady = configured.problem === undefined && configured.tasks !== undefined;
  const targets = isReady
    ? assignTasks({
        members: memberIds.map((memberId) => ({
          memberId,
          processId: byId.get(memberId)?.metadata.processId ?? '',
          target: group.target(memberId),
        })),
        standbyReplicas: settings.standbyReplicas,
        subtopologies: [...(configured.tasks ?? [])].map(([id, tasks]) => {
          const changelogs = group.head.topology?.subtopologies.get(id)?.stateChangelogTopics ?? [];
          return { id, tasks, isStateful: changelogs.length > 0 };
        }),
      })
    : new Map<string, TargetTasks>();
  for (const memberId of memberIds) {
    const target = targets.get(memberId) ?? noTarget;
    if (!group.hasTarget(memberId) || !sameTargets(group.target(memberId), target)) draft.emitTarget(memberId, target);
  }
  const value = { assignmentEpoch: group.head.groupEpoch, assignmentTimestamp: turn.nowMs };
  draft.emit({ kind: 'streams-target', groupId: draft.groupId, value });
}

/** Takes the member as far towards the target as it can go now. */
export function reconcileMember(
  draft: StreamsDraft,
  member: StreamsMember,
  by: Omit<StreamsReconciliation, 'group'>,
): StreamsMember | Refusal {
  if (isReconciled(member, by.targetEpoch)) return member;
  const { group, groupId, turn } = draft;
  const next = reconciledTasks(member, { ...by, group });
  if (next === undefined)
    return new Refusal(
      ErrorCode.FENCED_MEMBER_EPOCH,
      'The streams group member is in a unknown state. The member must abandon all its tasks and rejoin.',
    );
  const same =
    next.memberEpoch === member.memberEpoch &&
    next.previousMemberEpoch === member.previousMemberEpoch &&
    next.state === member.state &&
    sameMemberTasks(next.assigned, member.assigned) &&
    sameMemberTasks(next.revoking, member.revoking);
  if (same) return next;
  draft.emitCurrent(next);
  const { memberId, memberEpoch, metadata } = next;
  if (next.state === 'unrevoked')
    startStreamsRebalance(turn, groupId, memberId, memberEpoch, metadata.rebalanceTimeoutMs);
  else cancelStreamsRebalance(turn, groupId, memberId);
  return next;
}
