import { LayeredMap, type MapLike } from '../group/layered_map.js';
import type { UndoLog } from '../runtime/machine.js';
import { type Assignment, noAssignment } from './assignment.js';
import { put } from './tables.js';

/** What members of consumer and share groups have in common (KIP-848). Replaced as a whole at each change. */
export interface ModernMember {
  readonly memberId: string;
  /** The group epoch up to which the member has been reconciled; 0 while it joins, below 0 when it is away. */
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  /** As Kafka prints an address: `/127.0.0.1`. */
  readonly clientHost: string;
  readonly subscribedTopicNames: ReadonlySet<string>;
}

/** Who is subscribed to a topic: members that name it, and patterns that match it. */
export interface SubscriptionCount {
  readonly byName: number;
  readonly byRegex: number;
}

/** Everything about a group but its members and maps; replaced as a whole. */
export interface ModernHead {
  /** Grows with every change of members, subscriptions or subscribed topics. */
  readonly groupEpoch: number;
  /** Of the subscribed topics when the epoch was last bumped (`metadataHash`). */
  readonly metadataHash: bigint;
  /** The group epoch that the target assignment is for; -1 after its tombstone. */
  readonly assignmentEpoch: number;
  /** When the target assignment was computed, wall time; 0 when there is none, or it is not known. */
  readonly assignmentTimestampMs: number;
  /** Not in any record: when the subscribed topics were looked at. */
  readonly refresh: MetadataRefresh;
}

export interface MetadataRefresh {
  /** When they are looked at again, changed or not. */
  readonly deadlineMs: number;
  /** The group epoch then. */
  readonly epoch: number;
  /** The metadata then. */
  readonly version: number;
}

/** A group that nobody has joined yet (Kafka's epochs begin at 1). */
export const newHead: ModernHead = {
  groupEpoch: 1,
  metadataHash: 0n,
  assignmentEpoch: 1,
  assignmentTimestampMs: 0,
  refresh: { deadlineMs: 0, epoch: 0, version: -1 },
};

export type SubscriptionType = 'homogeneous' | 'heterogeneous';

/** A map that a draft can be laid over. */
export function layered<K, V extends NonNullable<unknown>>(base: MapLike<K, V>): MapLike<K, V> {
  return new LayeredMap(base);
}

/** The maps of a group, with those of another kind after them. */
export interface ModernMaps<M extends ModernMember> {
  readonly members: MapLike<string, M>;
  readonly subscribedTopics: MapLike<string, SubscriptionCount>;
  readonly targets: MapLike<string, Assignment>;
}

/**
 * A group whose assignment is computed here: members, who is subscribed to what, the target assignment. Records change it,
 * one by one; a decision changes a draft in the same way and so sees what its own records will do.
 */
export abstract class ModernGroup<M extends ModernMember> {
  protected constructor(
    readonly groupId: string,
    private current: ModernHead,
    protected readonly maps: ModernMaps<M>,
  ) {}

  get head(): ModernHead {
    return this.current;
  }

  changeHead(change: Partial<ModernHead>, undo?: UndoLog): void {
    const before = this.current;
    this.current = { ...before, ...change };
    undo?.push(() => {
      this.current = before;
    });
  }

  get size(): number {
    return this.maps.members.size;
  }

  member(memberId: string): M | undefined {
    return this.maps.members.get(memberId);
  }

  /** In the order in which they joined. */
  *members(): IterableIterator<M> {
    for (const [, member] of this.maps.members.entries()) yield member;
  }

  subscribedTopics(): IterableIterator<[string, SubscriptionCount]> {
    return this.maps.subscribedTopics.entries();
  }

  *subscribedTopicNames(): IterableIterator<string> {
    for (const [name] of this.maps.subscribedTopics.entries()) yield name;
  }

  isSubscribedTo(topic: string): boolean {
    return this.maps.subscribedTopics.has(topic);
  }

  target(memberId: string): Assignment {
    return this.maps.targets.get(memberId) ?? noAssignment;
  }

  hasTarget(memberId: string): boolean {
    return this.maps.targets.has(memberId);
  }

  setTarget(memberId: string, target: Assignment | undefined, undo?: UndoLog): void {
    put(this.maps.targets, memberId, target, undo);
  }

  /** Adds or replaces a member. */
  setMember(member: M, undo?: UndoLog): void {
    this.countNames(this.member(member.memberId), member, undo);
    put(this.maps.members, member.memberId, member, undo);
  }

  removeMember(memberId: string, undo?: UndoLog): void {
    const member = this.member(memberId);
    if (member === undefined) return;
    this.countNames(member, undefined, undo);
    put(this.maps.members, memberId, undefined, undo);
  }

  private countNames(before: M | undefined, after: M | undefined, undo: UndoLog | undefined): void {
    if (before?.subscribedTopicNames === after?.subscribedTopicNames) return;
    for (const name of before?.subscribedTopicNames ?? []) this.countSubscription(name, -1, 0, undo);
    for (const name of after?.subscribedTopicNames ?? []) this.countSubscription(name, 1, 0, undo);
  }

  protected countSubscription(topic: string, byName: number, byRegex: number, undo: UndoLog | undefined): void {
    const before = this.maps.subscribedTopics.get(topic) ?? { byName: 0, byRegex: 0 };
    const after = { byName: before.byName + byName, byRegex: before.byRegex + byRegex };
    put(this.maps.subscribedTopics, topic, after.byName <= 0 && after.byRegex <= 0 ? undefined : after, undo);
  }

  /** Whether the subscribed topics have to be looked at again; topics changed last in `topicsVersion` of the metadata. */
  hasMetadataExpired(nowMs: number, topicsVersion: number): boolean {
    const { refresh, groupEpoch } = this.current;
    return nowMs >= refresh.deadlineMs || groupEpoch < refresh.epoch || refresh.version < topicsVersion;
  }

  /** Homogeneous: all members are subscribed to the same topics. */
  get subscriptionType(): SubscriptionType {
    for (const [, { byName }] of this.subscribedTopics()) if (byName !== this.size) return 'heterogeneous';
    return 'homogeneous';
  }
}
