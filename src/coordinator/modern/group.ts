import type { MapLike } from '../group/layered_map.js';
import type { UndoLog } from '../runtime/machine.js';
import { AssignedGroup, type AssignedHead } from './assigned_group.js';
import { type Assignment, noAssignment } from './assignment.js';
import type { ModernMember } from './member.js';
import { put } from './tables.js';

/** Who is subscribed to a topic: members that name it, and patterns that match it. */
export interface SubscriptionCount {
  readonly byName: number;
  readonly byRegex: number;
}

export type SubscriptionType = 'homogeneous' | 'heterogeneous';

/** The maps of a group, with those of another kind after them. */
export interface ModernMaps<M extends ModernMember> {
  readonly members: MapLike<string, M>;
  readonly subscribedTopics: MapLike<string, SubscriptionCount>;
  readonly targets: MapLike<string, Assignment>;
}

/** A group whose members are subscribed to topics and share their partitions (KIP-848, KIP-932). */
export abstract class ModernGroup<
  M extends ModernMember,
  Maps extends ModernMaps<M> = ModernMaps<M>,
> extends AssignedGroup<AssignedHead, M, Maps> {
  subscribedTopics(): IterableIterator<[string, SubscriptionCount]> {
    return this.maps.subscribedTopics.entries();
  }

  subscribedTopicNames(): IterableIterator<string> {
    return this.maps.subscribedTopics.keys();
  }

  isSubscribedTo(topic: string): boolean {
    return this.maps.subscribedTopics.has(topic);
  }

  target(memberId: string): Assignment {
    return this.maps.targets.get(memberId) ?? noAssignment;
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

  /** Homogeneous: all members are subscribed to the same topics. */
  get subscriptionType(): SubscriptionType {
    for (const [, { byName }] of this.subscribedTopics()) if (byName !== this.size) return 'heterogeneous';
    return 'homogeneous';
  }
}
