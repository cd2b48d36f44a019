import type { TopicPartition } from '../../../common/ids.js';

/** A member of the group as the leader sees it. */
export interface MemberSubscription {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  readonly ownedPartitions: readonly TopicPartition[];
  /** Generation in which they were owned, -1 not told. */
  readonly generationId: number;
}

/** Divides partitions among the members of a group; the same input gives the same result. */
export interface Assignor {
  /** The protocol name other clients know it by. */
  readonly name: string;
  /** Members keep what they own during a rebalance and give up only what goes to another (KIP-429). */
  readonly isCooperative: boolean;
  /** @param partitionCounts of every topic subscribed to that exists */
  assign(
    members: readonly MemberSubscription[],
    partitionCounts: ReadonlyMap<string, number>,
  ): ReadonlyMap<string, readonly TopicPartition[]>;
}

/** Static members first, by instance id, so that a restart changes nothing; then the others by member id. */
export function sortMembers(members: readonly MemberSubscription[]): readonly MemberSubscription[] {
  const key = (member: MemberSubscription): readonly [number, string] =>
    member.groupInstanceId === null ? [1, member.memberId] : [0, member.groupInstanceId];
  return [...members].sort((a, b) => {
    const [rankA, nameA] = key(a);
    const [rankB, nameB] = key(b);
    return rankA - rankB || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0);
  });
}

/** Topics that exist and somebody subscribes to, by name. */
export function subscribedTopics(
  members: readonly MemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): readonly string[] {
  const topics = new Set(members.flatMap((member) => member.topics));
  return [...topics].filter((topic) => partitionCounts.has(topic)).sort();
}

export function emptyAssignment(members: readonly MemberSubscription[]): Map<string, TopicPartition[]> {
  return new Map(members.map((member) => [member.memberId, []]));
}
