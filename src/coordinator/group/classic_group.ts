import { assert } from '../../common/assert.js';
import { LayeredMap, type MapLike } from './layered_map.js';
import { type Member, type MemberProtocol, metadataOf } from './member.js';
import { subscribedTopicsOf } from './subscription.js';

/**
 * Where a group is in its life. Kafka's fifth state, Dead, is a group that is not there.
 *
 * | state | members | what they wait for |
 * |---|---|---|
 * | Empty | none (maybe offsets, maybe announced members) | |
 * | PreparingRebalance | some have joined, the others are told to by their heartbeats | everybody, or the rebalance timeout |
 * | CompletingRebalance | all know the new generation | the leader's assignment |
 * | Stable | all have, or can fetch, their assignment | |
 */
export const groupPhases = ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable'] as const;
export type GroupPhase = (typeof groupPhases)[number];

/** Which phase may follow which; checked at every change. */
export const nextPhases = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['CompletingRebalance', 'Empty'],
  CompletingRebalance: ['Stable', 'PreparingRebalance'],
  Stable: ['PreparingRebalance'],
} as const satisfies Record<GroupPhase, readonly GroupPhase[]>;

/** Everything about a group but its members; replaced as a whole. */
export interface GroupHead {
  readonly groupId: string;
  readonly phase: GroupPhase;
  /** PreparingRebalance came after Empty: only `group.initial.rebalance.delay.ms` ends it. */
  readonly initialRebalance: boolean;
  /** A member joined since the initial delay was last set: it may be extended. */
  readonly memberAddedInDelay: boolean;
  /** When `phase` began, wall time; -1 unknown (old records). */
  readonly phaseSinceMs: number;
  /** Null: never had members (offsets only). */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly generationId: number;
  readonly leaderId: string | null;
  /** Union of the members' subscriptions; null when they are not the consumer protocol's, or cannot be read. */
  readonly subscribedTopics: ReadonlySet<string> | null;
}

/** What a decision changes in one group. */
export interface GroupPatch {
  readonly groupId: string;
  readonly head: GroupHead;
  readonly members: ReadonlyArray<readonly [string, Member | undefined]>;
  readonly announced: ReadonlyArray<readonly [string, true | undefined]>;
}

export const consumerProtocolType = 'consumer';

/** A classic group: members, who is expected, who waits. Counts and lookups by instance id follow the members. */
export class ClassicGroup {
  readonly type = 'classic';

  private constructor(
    private current: GroupHead,
    private readonly memberMap: MapLike<string, Member> | LayeredMap<string, Member>,
    /** Member ids given out with MEMBER_ID_REQUIRED that have not joined yet (KIP-394). */
    private readonly announcedMap: MapLike<string, true> | LayeredMap<string, true>,
    private readonly staticMap: MapLike<string, string>,
    private readonly supportMap: MapLike<string, number>,
    private joiningCount: number,
    private owesSyncCount: number,
    private readonly original: ClassicGroup | undefined,
  ) {}

  static create(groupId: string, nowMs: number): ClassicGroup {
    const head: GroupHead = {
      groupId,
      phase: 'Empty',
      initialRebalance: false,
      memberAddedInDelay: false,
      phaseSinceMs: nowMs,
      protocolType: null,
      protocolName: null,
      generationId: 0,
      leaderId: null,
      subscribedTopics: null,
    };
    return new ClassicGroup(head, new Map(), new Map(), new Map(), new Map(), 0, 0, undefined);
  }

  /** A group that can be changed while this one stays as it is; {@link patch} tells the difference. */
  draft(): ClassicGroup {
    return new ClassicGroup(
      this.current,
      new LayeredMap(this.memberMap),
      new LayeredMap(this.announcedMap),
      new LayeredMap(this.staticMap),
      new LayeredMap(this.supportMap),
      this.joiningCount,
      this.owesSyncCount,
      this,
    );
  }

  /** What turns the group this draft was made of into this draft; undefined when that is nothing. */
  patch(): GroupPatch | undefined {
    const { memberMap, announcedMap, original, current } = this;
    assert(original !== undefined, 'only a draft has a patch');
    const members = memberMap instanceof LayeredMap ? memberMap.changes() : [];
    const announced = announcedMap instanceof LayeredMap ? announcedMap.changes() : [];
    if (members.length === 0 && announced.length === 0 && current === original.current) return undefined;
    return { groupId: current.groupId, head: current, members, announced };
  }

  /** Carries out a patch and returns the one that takes it back. */
  apply(patch: GroupPatch): GroupPatch {
    const before: GroupPatch = {
      groupId: patch.groupId,
      head: this.current,
      members: patch.members.map(([memberId]) => [memberId, this.memberMap.get(memberId)] as const),
      announced: patch.announced.map(([memberId]) => [memberId, this.announcedMap.get(memberId)] as const),
    };
    for (const [memberId, member] of patch.members) if (member === undefined) this.deleteMember(memberId);
    for (const [, member] of patch.members) if (member !== undefined) this.setMember(member);
    for (const [memberId, announced] of patch.announced) {
      if (announced === undefined) this.announcedMap.delete(memberId);
      else this.announcedMap.set(memberId, true);
    }
    this.current = patch.head;
    return before;
  }

  get head(): GroupHead {
    return this.current;
  }

  set head(head: GroupHead) {
    assert(this.original !== undefined, 'only a draft is changed piece by piece');
    this.current = head;
  }

  get groupId(): string {
    return this.current.groupId;
  }

  get phase(): GroupPhase {
    return this.current.phase;
  }

  get isEmpty(): boolean {
    return this.phase === 'Empty';
  }

  get size(): number {
    return this.memberMap.size;
  }

  member(memberId: string): Member | undefined {
    return this.memberMap.get(memberId);
  }

  *members(): IterableIterator<Member> {
    for (const [, member] of this.memberMap.entries()) yield member;
  }

  /** Member id now behind a `group.instance.id`. */
  staticMemberId(groupInstanceId: string): string | undefined {
    return this.staticMap.get(groupInstanceId);
  }

  isAnnounced(memberId: string): boolean {
    return this.announcedMap.has(memberId);
  }

  /** Some member got its id and has not joined with it yet. */
  get isExpectingMembers(): boolean {
    return this.announcedMap.size > 0;
  }

  announce(memberId: string): void {
    this.announcedMap.set(memberId, true);
  }

  /** Members that wait in a join. */
  get joining(): number {
    return this.joiningCount;
  }

  get allHaveJoined(): boolean {
    return this.joiningCount === this.memberMap.size && this.announcedMap.size === 0;
  }

  get allHaveSynced(): boolean {
    return this.owesSyncCount === 0;
  }

  /** The longest of the members' rebalance timeouts. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.members()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  setMember(member: Member): void {
    const before = this.memberMap.get(member.memberId);
    if (before !== undefined) this.discount(before);
    this.memberMap.set(member.memberId, member);
    if (member.groupInstanceId !== null) this.staticMap.set(member.groupInstanceId, member.memberId);
    if (before?.protocols !== member.protocols) {
      if (before !== undefined) this.countSupport(before.protocols, -1);
      this.countSupport(member.protocols, 1);
    }
    if (member.joining !== undefined) this.joiningCount += 1;
    if (member.owesSync) this.owesSyncCount += 1;
  }

  /** Forgets a member or announced member. When it led, the first of the others does. */
  remove(memberId: string): void {
    this.deleteMember(memberId);
    this.announcedMap.delete(memberId);
    if (this.current.leaderId !== memberId) return;
    const next = this.members().next();
    this.current = { ...this.current, leaderId: next.done === true ? null : next.value.memberId };
  }

  unannounce(memberId: string): void {
    this.announcedMap.delete(memberId);
  }

  private deleteMember(memberId: string): void {
    const member = this.memberMap.get(memberId);
    if (member === undefined) return;
    this.discount(member);
    this.countSupport(member.protocols, -1);
    this.memberMap.delete(memberId);
    const { groupInstanceId } = member;
    if (groupInstanceId !== null && this.staticMap.get(groupInstanceId) === memberId)
      this.staticMap.delete(groupInstanceId);
  }

  private discount(member: Member): void {
    if (member.joining !== undefined) this.joiningCount -= 1;
    if (member.owesSync) this.owesSyncCount -= 1;
  }

  private countSupport(protocols: readonly MemberProtocol[], change: number): void {
    for (const name of new Set(protocols.map((protocol) => protocol.name))) {
      const count = (this.supportMap.get(name) ?? 0) + change;
      if (count === 0) this.supportMap.delete(name);
      else this.supportMap.set(name, count);
    }
  }

  /** Whether a member with these protocols can be in the group: the type fits, and some protocol is everybody's. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.phase === 'Empty') return protocolType !== '' && protocols.length > 0;
    return (
      this.current.protocolType === protocolType &&
      protocols.some((protocol) => (this.supportMap.get(protocol.name) ?? 0) === this.memberMap.size)
    );
  }

  /** The protocol most members prefer among those that all of them support. Needs members. */
  preferredProtocol(): string {
    const votes = new Map<string, number>();
    for (const member of this.members()) {
      const vote = member.protocols.find((protocol) => this.supportMap.get(protocol.name) === this.memberMap.size);
      assert(vote !== undefined, `members of group ${this.groupId} have no protocol in common`);
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    let best = '';
    let most = 0;
    for (const [name, count] of votes)
      if (count > most) {
        best = name;
        most = count;
      }
    return best;
  }

  /** Whether offsets of `topic` are in use; a consumer group whose subscriptions are unknown may use any. */
  isSubscribedTo(topic: string): boolean {
    const { subscribedTopics, protocolType } = this.current;
    return subscribedTopics === null ? protocolType === consumerProtocolType : subscribedTopics.has(topic);
  }

  /** The union of subscriptions under `protocolName`; null when not known. */
  readSubscriptions(protocolType: string | null, protocolName: string | null): ReadonlySet<string> | null {
    if (protocolType !== consumerProtocolType) return null;
    const topics = new Set<string>();
    if (this.memberMap.size === 0) return topics;
    if (protocolName === null) return null;
    for (const member of this.members()) {
      const metadata = metadataOf(member, protocolName);
      const subscribed = metadata === undefined ? undefined : subscribedTopicsOf(metadata);
      if (subscribed === undefined) return null;
      for (const topic of subscribed) topics.add(topic);
    }
    return topics;
  }
}
