import { ErrorCode } from '../../protocol/errors.js';
import { type Assignment, topicPartitionsOf } from '../modern/assignment.js';
import { Refusal } from '../modern/refusal.js';
import { canComputeNextTarget, computeTargets } from '../modern/target_assignment.js';
import type { ConsumerDraft } from './draft.js';
import { type ConsumerMember, isReconciledTo, samePartitions } from './member.js';
import { type Reconciliation, reconciled } from './reconcile.js';
import { assignmentIntervalMs } from './settings.js';
import { cancelRebalanceTimer, startRebalanceTimer } from './timers.js';

export interface Target {
  readonly targetEpoch: number;
  readonly target: Assignment;
}

/** Computes a new target assignment when the group's epoch asks for one and the last is not too recent. */
export function updateTarget(draft: ConsumerDraft, memberId: string): Target {
  const { group, state, turn, groupId } = draft;
  const { groupEpoch, assignmentEpoch, assignmentTimestampMs } = group.head;
  const { consumer } = turn.rules;
  if (assignmentEpoch === groupEpoch) return { targetEpoch: assignmentEpoch, target: group.target(memberId) };
  const intervalMs = assignmentIntervalMs(state.image, groupId, consumer);
  if (assignmentEpoch < groupEpoch && canComputeNextTarget(assignmentTimestampMs, intervalMs, turn.nowMs)) {
    const preferred = group.preferredAssignor;
    const assignor = consumer.assignors.find(({ name }) => name === preferred) ?? consumer.assignors[0];
    if (assignor !== undefined) {
      const subscriptionOf = (member: ConsumerMember) => group.subscriptionOf(member);
      for (const change of computeTargets(group, state.image, assignor.assign, subscriptionOf)) {
        const value = { topicPartitions: topicPartitionsOf(change.target) };
        draft.emit({ kind: 'consumer-member-target', groupId, memberId: change.memberId, value });
      }
      draft.emitTarget(groupEpoch, turn.nowMs);
    }
  }
  return { targetEpoch: group.head.assignmentEpoch, target: group.target(memberId) };
}

/** Takes the member as far towards the target as it can go now. */
export function reconcileMember(
  draft: ConsumerDraft,
  member: ConsumerMember,
  by: Omit<Reconciliation, 'group' | 'image'>,
): ConsumerMember | Refusal {
  if (!by.subscriptionChanged && isReconciledTo(member, by.targetEpoch)) return member;
  const { group, state, turn, groupId } = draft;
  const { targetEpoch, target, subscriptionChanged, owned } = by;
  const next = reconciled(member, { group, image: state.image, targetEpoch, target, subscriptionChanged, owned });
  if (next === undefined)
    return new Refusal(
      ErrorCode.FENCED_MEMBER_EPOCH,
      'The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.',
    );
  const same =
    next.memberEpoch === member.memberEpoch &&
    next.previousMemberEpoch === member.previousMemberEpoch &&
    next.state === member.state &&
    samePartitions(next.assigned, member.assigned) &&
    samePartitions(next.revoking, member.revoking);
  if (same) return next;
  draft.emitCurrent(next);
  if (next.classic !== null) return next;
  const of = { groupId, memberId: next.memberId };
  if (next.state === 'unrevoked') startRebalanceTimer(turn, of, next.memberEpoch, next.rebalanceTimeoutMs);
  else cancelRebalanceTimer(turn, of);
  return next;
}
