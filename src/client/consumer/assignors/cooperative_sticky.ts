import { type TopicPartition, topicPartitionName } from '../../../common/ids.js';
import { type Assignor, emptyAssignment, type MemberSubscription, sortMembers, subscribedTopics } from './assignor.js';

/**
 * As even as subscriptions allow, and within that each member keeps what it has. A partition that goes from one member to
 * another is left out this time: its owner gives it up and a second rebalance hands it on (KIP-429).
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  assign: (members, partitionCounts) => {
    const owners = currentOwners(members);
    const balanced = assignSticky(members, partitionCounts, owners);
    const assignment = emptyAssignment(members);
    for (const [memberId, partitions] of balanced)
      for (const one of partitions) {
        const owner = owners.get(topicPartitionName(one.topic, one.partition));
        if (owner === undefined || owner === memberId) assignment.get(memberId)?.push(one);
      }
    return assignment;
  },
};

/** By partition name. Of several that claim a partition the one of the latest generation owns it; at a tie nobody. */
function currentOwners(members: readonly MemberSubscription[]): ReadonlyMap<string, string> {
  const claims = new Map<string, { readonly memberId: string | undefined; readonly generationId: number }>();
  for (const { memberId, generationId, ownedPartitions } of members)
    for (const { topic, partition } of ownedPartitions) {
      const name = topicPartitionName(topic, partition);
      const other = claims.get(name);
      if (other === undefined || generationId > other.generationId) claims.set(name, { memberId, generationId });
      else if (generationId === other.generationId) claims.set(name, { memberId: undefined, generationId });
    }
  const owners = new Map<string, string>();
  for (const [name, { memberId }] of claims) if (memberId !== undefined) owners.set(name, memberId);
  return owners;
}

function assignSticky(
  members: readonly MemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
  owners: ReadonlyMap<string, string>,
): ReadonlyMap<string, TopicPartition[]> {
  const sorted = sortMembers(members);
  const byId = new Map(sorted.map((member) => [member.memberId, new Set(member.topics)]));
  const assignment = emptyAssignment(sorted);
  const free: TopicPartition[] = [];
  for (const topic of subscribedTopics(sorted, partitionCounts))
    for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition += 1) {
      const owner = owners.get(topicPartitionName(topic, partition));
      const keeps = owner !== undefined && byId.get(owner)?.has(topic) === true;
      if (keeps) assignment.get(owner)?.push({ topic, partition });
      else free.push({ topic, partition });
    }
  const load = (memberId: string): number => assignment.get(memberId)?.length ?? 0;
  const leastLoaded = (topic: string): string | undefined => {
    let best: string | undefined;
    for (const [memberId, topics] of byId)
      if (topics.has(topic) && (best === undefined || load(memberId) < load(best))) best = memberId;
    return best;
  };
  for (const one of free) {
    const target = leastLoaded(one.topic);
    if (target !== undefined) assignment.get(target)?.push(one);
  }
  level(assignment, leastLoaded);
  return assignment;
}

/**
 * Moves partitions from members with two or more than another that could take them. Each move makes the sum of squares of
 * the loads smaller, so it ends.
 */
function level(
  assignment: ReadonlyMap<string, TopicPartition[]>,
  leastLoaded: (topic: string) => string | undefined,
): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const [memberId, partitions] of assignment) {
      for (let at = partitions.length - 1; at >= 0; at -= 1) {
        const one = partitions[at];
        const target = one === undefined ? undefined : leastLoaded(one.topic);
        const targetPartitions = target === undefined ? undefined : assignment.get(target);
        if (one === undefined || targetPartitions === undefined || target === memberId) continue;
        if (partitions.length <= targetPartitions.length + 1) continue;
        partitions.splice(at, 1);
        targetPartitions.push(one);
        moved = true;
      }
    }
  }
}
