import type { Uuid } from '../../common/ids.js';
import type { MapLike } from '../group/layered_map.js';
import { javaStringHash } from '../java_hash.js';
import { type AssignedHead, layered, newAssignedHead } from '../modern/assigned_group.js';
import { assignmentOf } from '../modern/assignment.js';
import { ModernGroup, type ModernMaps, type SubscriptionType } from '../modern/group.js';
import { hashMapOrder } from '../modern/java_order.js';
import { count, put } from '../modern/tables.js';
import type { UndoLog } from '../runtime/machine.js';
import {
  type ConsumerMember,
  consumerStateCodes,
  type EpochAssignment,
  isReconciledTo,
  memberOf,
  newMember,
  noPartitions,
  regexOf,
  withMetadata,
} from './member.js';
import type { ConsumerGroupRecord } from './records.js';

/** Topics that a pattern matched. */
export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>;
  /** Of the metadata it was resolved against. */
  readonly version: number;
  readonly timestampMs: number;
}

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable';

interface ConsumerMaps extends ModernMaps<ConsumerMember> {
  /** Member id by instance id. */
  readonly statics: MapLike<string, string>;
  /** How many members prefer an assignor. */
  readonly assignors: MapLike<string, number>;
  /** How many members are subscribed to a pattern. */
  readonly regexes: MapLike<string, number>;
  readonly resolved: MapLike<string, ResolvedRegex>;
  /** How many members that speak the classic protocol support a protocol of it. */
  readonly classicProtocols: MapLike<string, number>;
  /** Epoch of the member that owns a partition, or still has to give it up. */
  readonly owners: MapLike<string, number>;
}

const partitionKey = (topicId: Uuid, partition: number): string => `${topicId}${partition}`;

function emptyMaps(): ConsumerMaps {
  return {
    members: new Map(),
    subscribedTopics: new Map(),
    targets: new Map(),
    statics: new Map(),
    assignors: new Map(),
    regexes: new Map(),
    resolved: new Map(),
    classicProtocols: new Map(),
    owners: new Map(),
  };
}

function layeredMaps(maps: ConsumerMaps): ConsumerMaps {
  return {
    members: layered(maps.members),
    subscribedTopics: layered(maps.subscribedTopics),
    targets: layered(maps.targets),
    statics: layered(maps.statics),
    assignors: layered(maps.assignors),
    regexes: layered(maps.regexes),
    resolved: layered(maps.resolved),
    classicProtocols: layered(maps.classicProtocols),
    owners: layered(maps.owners),
  };
}

/** Of its own broker's making, in no record. */
interface Volatile {
  /** Patterns are being resolved. */
  readonly resolving: boolean;
  /** A record of an older broker that has to go. */
  readonly hasTopicsRecord: boolean;
  readonly classicMembers: number;
}

/** A group of the consumer protocol (KIP-848). */
export class ConsumerGroup extends ModernGroup<ConsumerMember, ConsumerMaps> {
  readonly type = 'consumer';

  private constructor(
    groupId: string,
    head: AssignedHead,
    maps: ConsumerMaps,
    private extra: Volatile,
  ) {
    super(groupId, head, maps);
  }

  static create(groupId: string): ConsumerGroup {
    const extra = { resolving: false, hasTopicsRecord: false, classicMembers: 0 };
    return new ConsumerGroup(groupId, newAssignedHead, emptyMaps(), extra);
  }

  /** A group that can be changed while this one stays as it is. */
  draft(): ConsumerGroup {
    return new ConsumerGroup(this.groupId, this.head, layeredMaps(this.maps), this.extra);
  }

  /** Costs a look at every member. */
  get state(): ConsumerGroupState {
    const { groupEpoch, assignmentEpoch } = this.head;
    if (this.isEmpty) return 'Empty';
    if (groupEpoch > assignmentEpoch) return 'Assigning';
    for (const member of this.members()) if (!isReconciledTo(member, assignmentEpoch)) return 'Reconciling';
    return 'Stable';
  }

  get isResolving(): boolean {
    return this.extra.resolving;
  }

  get hasTopicsRecord(): boolean {
    return this.extra.hasTopicsRecord;
  }

  /** Members that speak the classic protocol. */
  get classicMembers(): number {
    return this.extra.classicMembers;
  }

  changeVolatile(change: Partial<Volatile>, undo?: UndoLog): void {
    const before = this.extra;
    this.extra = { ...before, ...change };
    undo?.push(() => {
      this.extra = before;
    });
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.maps.statics.get(instanceId);
    return memberId === undefined ? undefined : this.member(memberId);
  }

  /** Members that are subscribed to the pattern. */
  regexSubscribers(regex: string): number {
    return this.maps.regexes.get(regex) ?? 0;
  }

  subscribedRegexes(): IterableIterator<string> {
    return this.maps.regexes.keys();
  }

  get subscribedRegexCount(): number {
    return this.maps.regexes.size;
  }

  resolvedRegex(regex: string): ResolvedRegex | undefined {
    return this.maps.resolved.get(regex);
  }

  resolvedRegexes(): IterableIterator<[string, ResolvedRegex]> {
    return this.maps.resolved.entries();
  }

  get resolvedRegexCount(): number {
    return this.maps.resolved.size;
  }

  /** Of some pattern: they are resolved together. */
  get lastResolved(): ResolvedRegex | undefined {
    if (this.maps.resolved.size > 0) for (const resolved of this.maps.resolved.values()) return resolved;
    return undefined;
  }

  /** What a member is subscribed to, by name and by pattern. The same object for the same subscription where it can be. */
  subscriptionOf(member: ConsumerMember): ReadonlySet<string> {
    const regex = regexOf(member);
    const matched = regex === undefined ? undefined : this.resolvedRegex(regex)?.topics;
    if (matched === undefined || matched.size === 0) return member.subscribedTopicNames;
    if (member.subscribedTopicNames.size === 0) return matched;
    return new Set([...member.subscribedTopicNames, ...matched]);
  }

  /** The assignor most members prefer; undefined: nobody has a preference. */
  get preferredAssignor(): string | undefined {
    let best: string | undefined;
    let most = 0;
    for (const [name, votes] of hashMapOrder([...this.maps.assignors.entries()], ([name]) => javaStringHash(name)))
      if (votes > most) {
        best = name;
        most = votes;
      }
    return best;
  }

  /** Epoch of the member that has the partition; -1: it is free. */
  ownerEpoch(topicId: Uuid, partition: number): number {
    return this.maps.owners.get(partitionKey(topicId, partition)) ?? -1;
  }

  /** With patterns: homogeneous when everybody is subscribed to the one pattern and nothing else. */
  override get subscriptionType(): SubscriptionType {
    const { regexes } = this.maps;
    if (regexes.size === 0) return super.subscriptionType;
    for (const [, subscribers] of regexes.entries()) {
      if (subscribers !== this.size) return 'heterogeneous';
      break;
    }
    for (const [, { byName, byRegex }] of this.subscribedTopics())
      if (byRegex !== 1 || byName > 0) return 'heterogeneous';
    return 'homogeneous';
  }

  /** Whether some protocol of a member that speaks the classic one is supported by all others of these. */
  supportsClassic(protocolType: string, protocols: ReadonlyArray<{ readonly name: string }>): boolean {
    if (protocolType !== 'consumer') return false;
    if (this.isEmpty) return protocols.length > 0;
    return protocols.some(({ name }) => (this.maps.classicProtocols.get(name) ?? 0) === this.classicMembers);
  }

  /** Whether an unreleased member still waits for somebody. */
  waitsForOthers(member: ConsumerMember): boolean {
    if (member.state !== 'unreleased') return false;
    for (const [topicId, partitions] of this.target(member.memberId)) {
      const assigned = member.assigned.get(topicId);
      for (const partition of partitions)
        if (assigned?.has(partition) !== true && this.ownerEpoch(topicId, partition) !== -1) return true;
    }
    return false;
  }

  override setMember(member: ConsumerMember, undo?: UndoLog): void {
    const before = this.member(member.memberId);
    super.setMember(member, undo);
    this.countMember(before, member, undo);
    if (member.instanceId !== null) put(this.maps.statics, member.instanceId, member.memberId, undo);
  }

  override removeMember(memberId: string, undo?: UndoLog): void {
    const before = this.member(memberId);
    if (before === undefined) return;
    super.removeMember(memberId, undo);
    this.countMember(before, undefined, undo);
    const { instanceId } = before;
    if (instanceId !== null && this.maps.statics.get(instanceId) === memberId)
      put(this.maps.statics, instanceId, undefined, undo);
  }

  private countMember(before: ConsumerMember | undefined, after: ConsumerMember | undefined, undo?: UndoLog): void {
    const { assignors, regexes, classicProtocols } = this.maps;
    if (before?.serverAssignor !== after?.serverAssignor) {
      if (typeof before?.serverAssignor === 'string') count(assignors, before.serverAssignor, -1, undo);
      if (typeof after?.serverAssignor === 'string') count(assignors, after.serverAssignor, 1, undo);
    }
    const [oldRegex, newRegex] = [regexOf(before), regexOf(after)];
    if (oldRegex !== newRegex) {
      if (oldRegex !== undefined) count(regexes, oldRegex, -1, undo);
      if (newRegex !== undefined) count(regexes, newRegex, 1, undo);
    }
    if (before?.classic !== after?.classic) {
      for (const { name } of before?.classic?.protocols ?? []) count(classicProtocols, name, -1, undo);
      for (const { name } of after?.classic?.protocols ?? []) count(classicProtocols, name, 1, undo);
      const change = (after?.classic ? 1 : 0) - (before?.classic ? 1 : 0);
      if (change !== 0) this.changeVolatile({ classicMembers: this.classicMembers + change }, undo);
    }
    if (before !== undefined) {
      this.disown(before.assigned, before.memberEpoch, undo);
      this.disown(before.revoking, before.memberEpoch, undo);
    }
    if (after !== undefined) {
      this.take(after.assigned, after.memberEpoch, undo);
      this.take(after.revoking, after.memberEpoch, undo);
    }
  }

  /** Only what is owned in just this epoch: somebody else may have it by now. */
  private disown(partitions: EpochAssignment, epoch: number, undo?: UndoLog): void {
    for (const [topicId, of] of partitions)
      for (const partition of of.keys()) {
        const key = partitionKey(topicId, partition);
        if (this.maps.owners.get(key) === epoch) put(this.maps.owners, key, undefined, undo);
      }
  }

  private take(partitions: EpochAssignment, epoch: number, undo?: UndoLog): void {
    for (const [topicId, of] of partitions)
      for (const partition of of.keys()) put(this.maps.owners, partitionKey(topicId, partition), epoch, undo);
  }

  private setResolved(regex: string, resolved: ResolvedRegex | undefined, undo?: UndoLog): void {
    for (const topic of this.maps.resolved.get(regex)?.topics ?? []) this.countSubscription(topic, 0, -1, undo);
    for (const topic of resolved?.topics ?? []) this.countSubscription(topic, 0, 1, undo);
    put(this.maps.resolved, regex, resolved, undo);
  }

  /** What a record does to the group; its own tombstone (of `consumer-group`) is the state's to carry out. */
  apply(record: ConsumerGroupRecord, undo?: UndoLog): void {
    switch (record.kind) {
      case 'consumer-group':
        if (record.value !== undefined)
          this.changeHead({ groupEpoch: record.value.epoch, metadataHash: record.value.metadataHash }, undo);
        break;
      case 'consumer-topics':
        this.changeVolatile({ hasTopicsRecord: record.value !== undefined }, undo);
        break;
      case 'consumer-member':
        if (record.value === undefined) this.removeMember(record.memberId, undo);
        else {
          const member = this.member(record.memberId) ?? newMember(record.memberId);
          this.setMember(withMetadata(member, record.value), undo);
        }
        break;
      case 'consumer-target':
        this.changeHead(
          {
            assignmentEpoch: record.value?.assignmentEpoch ?? -1,
            assignmentTimestampMs: record.value?.assignmentTimestamp ?? 0,
          },
          undo,
        );
        break;
      case 'consumer-member-target': {
        const target = record.value === undefined ? undefined : assignmentOf(record.value.topicPartitions);
        this.setTarget(record.memberId, target, undo);
        break;
      }
      case 'consumer-member-current':
        this.applyCurrent(record, undo);
        break;
      case 'consumer-regex': {
        const { value } = record;
        const resolved = value && {
          topics: new Set(value.topics),
          version: value.version,
          timestampMs: value.timestamp,
        };
        this.setResolved(record.regex, resolved, undo);
      }
    }
  }

  private applyCurrent(record: ConsumerGroupRecord & { kind: 'consumer-member-current' }, undo?: UndoLog): void {
    const { memberId, value } = record;
    const member = this.member(memberId);
    if (value === undefined) {
      if (member === undefined) return;
      const { state } = member;
      const gone = { memberEpoch: -1, previousMemberEpoch: -1, state, assigned: noPartitions, revoking: noPartitions };
      this.setMember(memberOf(memberId, member, gone), undo);
      return;
    }
    const progress = {
      memberEpoch: value.memberEpoch,
      previousMemberEpoch: value.previousMemberEpoch,
      state: consumerStateCodes.state(value.state),
      assigned: epochsOf(value.assignedPartitions, value.memberEpoch),
      revoking: epochsOf(value.partitionsPendingRevocation, value.memberEpoch),
    };
    this.setMember(memberOf(memberId, member ?? newMember(memberId), progress), undo);
  }
}

type RecordedPartitions = NonNullable<
  (ConsumerGroupRecord & { kind: 'consumer-member-current' })['value']
>['assignedPartitions'];

/** Partitions without epochs (brokers before 4.3) count as assigned in the member's. */
function epochsOf(topics: RecordedPartitions, memberEpoch: number): EpochAssignment {
  if (topics.length === 0) return noPartitions;
  const fallback = Math.max(memberEpoch, 0);
  return new Map(
    topics.map(({ topicId, partitions, assignmentEpochs }) => {
      const epochs = assignmentEpochs?.length === partitions.length ? assignmentEpochs : undefined;
      return [topicId, new Map(partitions.map((partition, i) => [partition, epochs?.[i] ?? fallback]))];
    }),
  );
}
