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
    let known = cache.get(names);
    if (known === undefined) {
      known = topicIdsOf(image, names);
      cache.set(names, known);
    }
    return known;
  };
  const byId = new Map<string, M>();
  for (const member of group.members()) byId.set(member.memberId, member);
  const members: AssignorMember[] = [];
  for (const memberId of memberOrder([...byId.keys()])) {
    const member = byId.get(memberId);
    if (member === undefined) continue;
    const { instanceId, rackId } = member;
    const topicIds = idsOf(subscriptionOf(member));
    members.push({ memberId, instanceId, rackId, topicIds, assigned: group.target(memberId) });
  }
  const partitionCount = (topicId: Uuid): number => image.topicsById.get(topicId)?.partitions.length ?? 0;
  const targets = assign({ members, subscriptionType: group.subscriptionType, partitionCount });
  const changes: TargetChange[] = [];
  for (const { memberId, assigned } of members) {
    const target = targets.get(memberId) ?? noAssignment;
    if (!group.hasTarget(memberId) || !sameAssignment(assigned, target)) changes.push({ memberId, target });
  }
  return changes;
}

/** Whether `*.assignment.interval.ms` has passed since the last target assignment, or there is none. */
export function canComputeNextTarget(assignmentTimestampMs: number, intervalMs: number, nowMs: number): boolean {
  return assignmentTimestampMs === 0 || intervalMs === 0 || nowMs >= assignmentTimestampMs + intervalMs;
}
