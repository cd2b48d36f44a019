import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import type { Assignment, TopicPartitions } from '../modern/assignment.js';
import { topicIdsOf } from '../modern/topics.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, type EpochAssignment, type MemberProgress, memberOf, noPartitions } from './member.js';

export interface Reconciliation {
  readonly group: ConsumerGroup;
  readonly image: MetadataImage;
  readonly targetEpoch: number;
  readonly target: Assignment;
  /** The member changed its subscription with this request. */
  readonly subscriptionChanged: boolean;
  /** What the member says it has; null: it does not say. */
  readonly owned: TopicPartitions | null;
}

type Partitions = Map<Uuid, Map<number, number>>;

/** Undefined when the member's state is one that only rejoining ends. */
export function reconciled(member: ConsumerMember, by: Reconciliation): ConsumerMember | undefined {
  switch (member.state) {
    case 'stable':
      if (member.memberEpoch !== by.targetEpoch) return next(member, member.memberEpoch, by);
      return by.subscriptionChanged ? withoutUnsubscribed(member, by) : member;
    case 'unrevoked':
      if (!stillOwns(member.revoking, by.owned)) return next(member, member.memberEpoch, by);
      return by.subscriptionChanged ? withoutUnsubscribed(member, by) : member;
    case 'unreleased':
      return next(member, member.memberEpoch, by);
    case 'unknown':
      if (by.owned === null || by.owned.length > 0) return undefined;
      return next(member, by.targetEpoch, by);
  }
}

/** Whether the member still has something of these; one that does not say may have all. */
function stillOwns(partitions: EpochAssignment, owned: TopicPartitions | null): boolean {
  if (owned === null) return true;
  return owned.some((topic) => {
    const pending = partitions.get(topic.topicId);
    return pending !== undefined && topic.partitions.some((partition) => pending.has(partition));
  });
}

function updated(
  member: ConsumerMember,
  memberEpoch: number,
  {
    state = member.state,
    assigned,
    revoking = member.revoking,
  }: Partial<MemberProgress> & Pick<MemberProgress, 'assigned'>,
): ConsumerMember {
  const previousMemberEpoch = member.memberEpoch;
  return memberOf(member.memberId, member, { memberEpoch, previousMemberEpoch, state, assigned, revoking });
}

/** Topics that the member is no longer subscribed to go at once, before the next target says so. */
function withoutUnsubscribed(member: ConsumerMember, by: Reconciliation): ConsumerMember {
  const subscribed = topicIdsOf(by.image, by.group.subscriptionOf(member));
  const dropped = [...member.assigned].filter(([topicId]) => !subscribed.has(topicId));
  if (dropped.length === 0) return member;
  const assigned = new Map([...member.assigned].filter(([topicId]) => subscribed.has(topicId)));
  const revoking: Map<Uuid, ReadonlyMap<number, number>> = new Map(member.revoking);
  for (const [topicId, partitions] of dropped)
    revoking.set(topicId, new Map([...(revoking.get(topicId) ?? []), ...partitions]));
  return stillOwns(revoking, by.owned)
    ? updated(member, member.memberEpoch, { state: 'unrevoked', assigned, revoking })
    : updated(member, member.memberEpoch, { assigned });
}

/**
 * The next step towards the target: what has to be given up comes first, and until it is, the member stays in its epoch. What
 * others still have is waited for.
 */
function next(member: ConsumerMember, memberEpoch: number, by: Reconciliation): ConsumerMember {
  const subscribed = topicIdsOf(by.image, by.group.subscriptionOf(member));
  const assigned: Partitions = new Map();
  const revoking: Partitions = new Map();
  const gained: Partitions = new Map();
  let unreleased = false;
  for (const topicId of new Set([...by.target.keys(), ...member.assigned.keys()])) {
    const target = new Set(subscribed.has(topicId) ? by.target.get(topicId) : undefined);
    const has = member.assigned.get(topicId);
    for (const [partition, epoch] of has ?? [])
      add(target.has(partition) ? assigned : revoking, topicId, partition, epoch);
    for (const partition of target) {
      if (has?.has(partition) === true) continue;
      // What the member itself is giving up is nobody else's.
      const mine = member.revoking.get(topicId)?.has(partition) === true;
      if (by.group.ownerEpoch(topicId, partition) !== -1 && !mine) unreleased = true;
      else add(gained, topicId, partition, by.targetEpoch);
    }
  }
  if (revoking.size > 0 && stillOwns(revoking, by.owned))
    return updated(member, memberEpoch, { state: 'unrevoked', assigned, revoking });
  for (const [topicId, partitions] of gained)
    for (const [partition, epoch] of partitions) add(assigned, topicId, partition, epoch);
  const state = unreleased ? 'unreleased' : 'stable';
  return updated(member, by.targetEpoch, { state, assigned, revoking: noPartitions });
}

function add(partitions: Partitions, topicId: Uuid, partition: number, epoch: number): void {
  const topic = partitions.get(topicId) ?? new Map<number, number>();
  if (topic.size === 0) partitions.set(topicId, topic);
  topic.set(partition, epoch);
}
