import { type Uuid, uuidToBytes } from '../../common/ids.js';
import type { Assignment } from '../modern/assignment.js';
import type { AssignorInput } from '../modern/assignor.js';
import { hashMapOrder, javaUuidHash, partitionOrder } from '../modern/java_order.js';
import { Balancer } from './balancer.js';

/** Rounds over the topics; a round that moves nothing is the last. */
const maxRounds = 16;

interface Topic {
  readonly topicId: Uuid;
  /** Member index by partition; -1: nobody. */
  readonly owners: Int32Array;
  /** Indexes of the members subscribed to it, ascending. */
  readonly subscribers: readonly number[];
}

/**
 * Members are subscribed to different topics: each keeps what it is still subscribed to, what is free goes to whoever has least, and
 * then topics are balanced one after the other until nothing moves. Costs partitions × log of their number, per round.
 */
export function assignHeterogeneous(input: AssignorInput): ReadonlyMap<string, Assignment> {
  return new Heterogeneous(input).assign();
}

class Heterogeneous {
  private readonly topics = new Map<Uuid, Topic>();
  private readonly sizes: Int32Array;

  constructor(private readonly input: AssignorInput) {
    this.sizes = new Int32Array(input.members.length);
    const subscribers = new Map<Uuid, number[]>();
    input.members.forEach(({ topicIds }, index) => {
      for (const topicId of topicIds) {
        const of = subscribers.get(topicId);
        if (of === undefined) subscribers.set(topicId, [index]);
        else of.push(index);
      }
    });
    for (const [topicId, of] of subscribers) {
      const owners = new Int32Array(input.partitionCount(topicId)).fill(-1);
      this.topics.set(topicId, { topicId, owners, subscribers: of });
    }
  }

  assign(): ReadonlyMap<string, Assignment> {
    if (this.topics.size === 0) return new Map();
    this.keep();
    const sorted = [...this.topics.values()].sort(compareTopics);
    this.assignFree(sorted);
    this.balance(sorted.filter(({ subscribers }) => subscribers.length >= 2));
    return this.result();
  }

  private keep(): void {
    this.input.members.forEach(({ topicIds, assigned }, index) => {
      for (const [topicId, partitions] of assigned) {
        const topic = this.topics.get(topicId);
        if (topic === undefined || !topicIds.has(topicId)) continue;
        for (const partition of partitions) this.move(topic, partition, index);
      }
    });
  }

  private move(topic: Topic, partition: number, to: number): void {
    if (partition >= topic.owners.length) return;
    const from = topic.owners[partition] ?? -1;
    if (from !== -1) this.sizes[from] = (this.sizes[from] ?? 0) - 1;
    topic.owners[partition] = to;
    this.sizes[to] = (this.sizes[to] ?? 0) + 1;
  }

  private assignFree(sorted: readonly Topic[]): void {
    for (const topic of sorted) {
      if (!topic.owners.includes(-1)) continue;
      const balancer = new Balancer(this.sizes, topic.subscribers);
      topic.owners.forEach((owner, partition) => {
        if (owner === -1) this.move(topic, partition, balancer.nextLeastLoaded());
      });
    }
  }

  private balance(sorted: readonly Topic[]): void {
    let last = -1;
    for (let round = 0; round < maxRounds; round += 1)
      for (const [index, topic] of sorted.entries()) {
        // Once around without a move since this topic: done.
        if (index === last) return;
        if (this.balanceTopic(topic) > 0 || last === -1) last = index;
      }
  }

  /** Moves partitions from who has most to who has least, the last ones first. */
  private balanceTopic(topic: Topic): number {
    const balancer = new Balancer(this.sizes, topic.subscribers);
    if (balancer.imbalance <= 1) return 0;
    const owned = new Map<number, number[]>();
    topic.owners.forEach((owner, partition) => {
      const of = owned.get(owner);
      if (of === undefined) owned.set(owner, [partition]);
      else of.push(partition);
    });
    let moved = 0;
    while (!balancer.isBalanced) {
      let from = balancer.nextMostLoaded();
      while (from !== -1 && (owned.get(from)?.length ?? 0) === 0) {
        balancer.excludeMostLoaded();
        from = balancer.nextMostLoaded();
      }
      const partition = from === -1 ? undefined : owned.get(from)?.pop();
      if (partition === undefined) break;
      const to = balancer.nextLeastLoaded();
      if (balancer.isBalanced) break;
      this.move(topic, partition, to);
      moved += 1;
    }
    return moved;
  }

  private result(): ReadonlyMap<string, Assignment> {
    const targets = this.input.members.map(() => new Map<Uuid, number[]>());
    for (const { topicId, owners } of this.topics.values())
      owners.forEach((owner, partition) => {
        const target = targets[owner];
        const of = target?.get(topicId);
        if (of === undefined) target?.set(topicId, [partition]);
        else of.push(partition);
      });
    return new Map(this.input.members.map(({ memberId }, index) => [memberId, ordered(targets[index])]));
  }
}

function ordered(target: ReadonlyMap<Uuid, readonly number[]> | undefined): Assignment {
  const topics = hashMapOrder([...(target ?? [])], ([topicId]) => javaUuidHash(topicId));
  return new Map(topics.map(([topicId, partitions]) => [topicId, partitionOrder(partitions)]));
}

/** Most partitions per subscriber first, then fewest subscribers, then by id as Java compares it. */
function compareTopics(a: Topic, b: Topic): number {
  const perSubscriber = b.owners.length / b.subscribers.length - a.owners.length / a.subscribers.length;
  return perSubscriber || a.subscribers.length - b.subscribers.length || compareIds(a.topicId, b.topicId);
}

function compareIds(a: Uuid, b: Uuid): number {
  const [left, right] = [Buffer.from(uuidToBytes(a)), Buffer.from(uuidToBytes(b))];
  for (const at of [0, 8]) {
    const difference = left.readBigInt64BE(at) - right.readBigInt64BE(at);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return 0;
}
