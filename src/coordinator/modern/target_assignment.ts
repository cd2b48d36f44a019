import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { type Assignment, noAssignment, sameAssignment } from './assignment.js';
import type { Assignor, AssignorMember } from './assignor.js';
import type { ModernGroup } from './group.js';
import { memberOrder } from './java_order.js';
import type { ModernMember } from './member.js';
import { topicIdsOf } from './topics.js';

/** A member's part of a new target assignment, where it is different from the one before. */
export interface TargetChange {
  readonly memberId: string;
  readonly target: Assignment;
}

/** Topics a member is subscribed to, by whatever means its kind of group has. */
export type SubscriptionOf<M> = (member: M) => Iterable<string>;

/**
 * Has the assignor compute the target of every member anew. Members are as they are in `group`, which is a draft that has
 * seen the changes that led here.
 */
export function computeTargets<M extends ModernMember>(
  group: ModernGroup<M>,
  image: MetadataImage,
  assign: Assignor,
  subscriptionOf: SubscriptionOf<M>,
): TargetChange[] {
  const cache = new Map<Iterable<string>, ReadonlySet<Uuid>>();
  const idsOf = (names: Iterable<string>): ReadonlySet<Uuid> => {
    const known = cache.get(names) ?? topicIdsOf(image, names);
    cache.set(names, known);
    return known;
  };
  const byId = new Map<string, M>();
  for (const member of group.members()) byId.set(member.memberId, member);
  const members: AssignorMember[] = memberOrder([...byId.keys()]).flatMap((memberId) => {
    const member = byId.get(memberId);
    if (member === undefined) return [];
    return {
      memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      topicIds: idsOf(subscriptionOf(member)),
      assigned: group.target(memberId),
    };
  });
  const partitionCount = (topicId: Uuid): number => image.topicsById.get(topicId)?.partitions.length ?? 0;
  const targets = assign({ members, subscriptionType: group.subscriptionType, partitionCount });
  return members.flatMap(({ memberId, assigned }) => {
    const target = targets.get(memberId) ?? noAssignment;
    return group.hasTarget(memberId) && sameAssignment(assigned, target) ? [] : { memberId, target };
  });
}

/** Whether `*.assignment.interval.ms` has passed since the last target assignment, or there is none. */
export function canComputeNextTarget(assignmentTimestampMs: number, intervalMs: number, nowMs: number): boolean {
  return assignmentTimestampMs === 0 || intervalMs === 0 || nowMs >= assignmentTimestampMs + intervalMs;
}
