import type { Uuid } from '../../common/ids.js';
import { type Assignment, noAssignment } from '../modern/assignment.js';
import type { Assignor, AssignorInput, AssignorMember } from '../modern/assignor.js';
import { hashMapOrder, javaUuidHash, partitionOrder, tableCapacity } from '../modern/java_order.js';

/** What Kafka calls the one assignor of share groups. */
export const simpleAssignorName = 'simple';

interface Partition {
  readonly topicId: Uuid;
  readonly partition: number;
  readonly key: string;
}

const keyOf = (topicId: Uuid, partition: number): string => `${topicId}/${partition}`;

function partitionOf(topicId: Uuid, partition: number): Partition {
  return { topicId, partition, key: keyOf(topicId, partition) };
}

const hashOf = ({ topicId, partition }: Partition): number => (Math.imul(31, javaUuidHash(topicId)) + partition) | 0;

/**
 * Every partition with as many members as it takes to keep all of them busy, and every member with about as many partitions;
 * as little as possible changes hands. `assignable` are the partitions that may be assigned.
 *
 * With different subscriptions, topic by topic.
 */
export function simpleAssignor(assignable: Assignment): Assignor {
  return (input) =>
    input.subscriptionType === 'homogeneous' ? homogeneous(input, assignable) : heterogeneous(input, assignable);
}

/** Assignable partitions of a topic that are there. */
function targetsOf({ partitionCount }: AssignorInput, assignable: Assignment, topicId: Uuid): Partition[] {
  const count = partitionCount(topicId);
  const partitions = [...(assignable.get(topicId) ?? [])].sort((a, b) => a - b);
  return partitions.filter((partition) => partition < count).map((partition) => partitionOf(topicId, partition));
}

function homogeneous(input: AssignorInput, assignable: Assignment): ReadonlyMap<string, Assignment> {
  const [first] = input.members;
  if (first === undefined || first.topicIds.size === 0) return new Map();
  const targets = hashMapOrder([...first.topicIds], javaUuidHash).flatMap((topicId) =>
    targetsOf(input, assignable, topicId),
  );
  const all = input.members.map((_, index) => index);
  const sharing = new Sharing(input.members, all, targets);
  for (const [index, { assigned }] of input.members.entries())
    for (const [topicId, partitions] of assigned)
      if (first.topicIds.has(topicId))
        for (const partition of partitions) sharing.keep(index, partitionOf(topicId, partition));
  sharing.balance();
  return collect(input.members, [sharing]);
}

function heterogeneous(input: AssignorInput, assignable: Assignment): ReadonlyMap<string, Assignment> {
  const topicIds = new Set(input.members.flatMap((member) => [...member.topicIds]));
  const each = [...topicIds].map((topicId) => {
    const subscribed = [...input.members.keys()].filter((index) => input.members[index]?.topicIds.has(topicId));
    const sharing = new Sharing(input.members, subscribed, targetsOf(input, assignable, topicId));
    for (const [index, { assigned }] of input.members.entries())
      for (const partition of assigned.get(topicId) ?? []) sharing.keep(index, partitionOf(topicId, partition));
    sharing.balance();
    return sharing;
  });
  return collect(input.members, each);
}

function collect(members: readonly AssignorMember[], sharings: readonly Sharing[]): ReadonlyMap<string, Assignment> {
  return new Map(
    members.map(({ memberId }, index) => {
      const topics = new Map<Uuid, number[]>();
      for (const sharing of sharings)
        for (const { topicId, partition } of sharing.partitionsOf(index))
          topics.set(topicId, [...(topics.get(topicId) ?? []), partition]);
      if (topics.size === 0) return [memberId, noAssignment];
      return [memberId, new Map([...topics].map(([topicId, partitions]) => [topicId, partitionOrder(partitions)]))];
    }),
  );
}

/** Some members, by index, share some partitions. */
class Sharing {
  /** How many members a partition should have. */
  private readonly desired: number;
  private readonly counts = new Map<number, number>();
  private readonly byPartition = new Map<string, { readonly partition: Partition; readonly members: Set<number> }>();
  private readonly byMember = new Map<number, Map<string, Partition>>();

  constructor(
    all: readonly AssignorMember[],
    private readonly members: readonly number[],
    private readonly targets: readonly Partition[],
  ) {
    const { length: size } = members;
    this.desired = targets.length === 0 ? 0 : Math.floor((size + targets.length - 1) / targets.length);
    const average = (this.desired * targets.length) / size;
    for (const index of all.keys()) this.counts.set(index, 0);
    for (const [i, index] of members.entries())
      this.counts.set(index, Math.ceil(average * (i + 1)) - Math.ceil(average * i));
  }

  partitionsOf(index: number): Iterable<Partition> {
    return this.byMember.get(index)?.values() ?? [];
  }

  /** The member has the partition already. */
  keep(index: number, partition: Partition): void {
    this.membersOf(partition).add(index);
    this.ofMember(index).set(partition.key, partition);
  }

  balance(): void {
    for (const index of this.byMember.keys()) this.revokeOverfilled(index);
    for (const of of this.inOrder()) this.revokeOvershared(of);
    for (const partition of this.targets) this.membersOf(partition);
    this.assignRemaining();
  }

  private wanted(index: number): number {
    return (this.counts.get(index) ?? 0) - this.ofMember(index).size;
  }

  private ofMember(index: number): Map<string, Partition> {
    let partitions = this.byMember.get(index);
    if (partitions === undefined) {
      partitions = new Map();
      this.byMember.set(index, partitions);
    }
    return partitions;
  }

  private membersOf(partition: Partition): Set<number> {
    let of = this.byPartition.get(partition.key);
    if (of === undefined) {
      of = { partition, members: new Set() };
      this.byPartition.set(partition.key, of);
    }
    return of.members;
  }

  private inOrder() {
    const capacity = tableCapacity(this.targets.length);
    return hashMapOrder([...this.byPartition.values()], ({ partition }) => hashOf(partition), capacity);
  }

  private revokeOverfilled(index: number): void {
    let over = -this.wanted(index);
    if (over <= 0) return;
    for (const partition of hashMapOrder([...this.ofMember(index).values()], hashOf)) {
      if (over <= 0) return;
      this.revoke(index, partition);
      over -= 1;
    }
  }

  private revokeOvershared({ partition, members }: { partition: Partition; members: Set<number> }): void {
    for (const index of [...members].sort((a, b) => a - b)) {
      if (members.size <= this.desired) return;
      this.revoke(index, partition);
    }
  }

  private revoke(index: number, partition: Partition): void {
    this.membersOf(partition).delete(index);
    this.ofMember(index).delete(partition.key);
  }

  /** Members that want more take turns. */
  private assignRemaining(): void {
    let unfilled = this.members.filter((index) => this.wanted(index) > 0);
    let next = 0;
    let assignedInRound = false;
    for (const { partition, members } of this.inOrder()) {
      let missing = this.desired - members.size;
      while (missing > 0) {
        if (next >= unfilled.length) {
          if (!assignedInRound) break;
          unfilled = unfilled.filter((index) => this.wanted(index) > 0);
          next = 0;
          assignedInRound = false;
          if (unfilled.length === 0) return;
        }
        const index = unfilled[next];
        next += 1;
        if (index === undefined || members.has(index) || this.wanted(index) <= 0) continue;
        this.keep(index, partition);
        assignedInRound = true;
        missing -= 1;
      }
    }
  }
}
