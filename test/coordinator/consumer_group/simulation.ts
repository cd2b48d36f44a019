import type { Uuid } from '../../../src/common/ids.js';
import type { ConsumerGroup } from '../../../src/coordinator/consumer_group/group.js';
import type { ConsumerGroupRules } from '../../../src/coordinator/consumer_group/settings.js';
import type { GroupCommand, GroupReply } from '../../../src/coordinator/group/commands.js';
import { consumerOf } from '../../../src/coordinator/group/kinds.js';
import { groupMachine } from '../../../src/coordinator/group/machine.js';
import { encodeGroupRecord } from '../../../src/coordinator/group/records.js';
import { applyGroupRecord, type GroupState, newGroupState } from '../../../src/coordinator/group/state.js';
import type { TopicPartitions } from '../../../src/coordinator/modern/assignment.js';
import { topicChanges } from '../../../src/coordinator/modern/topics.js';
import type { EncodedRecord, ReplyToken, UndoLog } from '../../../src/coordinator/runtime/machine.js';
import type { ConsumerGroupHeartbeatResponseInput } from '../../../src/protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import type { Prng } from '../../support/prng.js';
import { TestMetadata } from '../support/metadata.js';

import { consumerRules, shareRules, streamsRules } from '../support/rules.js';

import { consumerGroups, consumerSnapshot } from '../support/snapshot.js';

export const groupId = 'g';

/** A client that has no partitions. */
export const nothing: TopicPartitions = [];

export interface Subscription {
  readonly topics: readonly string[];
  readonly regex: string | null;
}

/** A client that does what KIP-848 asks of it, as long as it is awake. */
export interface Client {
  readonly name: string;
  memberId: string;
  instanceId: string | null;
  epoch: number;
  owned: TopicPartitions;
  topics: readonly string[];
  regex: string | null;
  assignor: string | null;
  /** Says everything with the next heartbeat. */
  tellsAll: boolean;
  /** Heartbeats only from then on; infinity: it is gone for good. */
  sleepsUntilMs: number;
  joined: boolean;
}

interface Timer {
  readonly key: string;
  readonly atMs: number;
  readonly command: GroupCommand;
}

/** Who has which partition. */
class Owners {
  readonly doubles: string[] = [];
  private readonly byTopic = new Map<Uuid, Array<string | undefined>>();

  add(topicId: Uuid, partition: number, owner: string): void {
    let of = this.byTopic.get(topicId);
    if (of === undefined) {
      of = [];
      this.byTopic.set(topicId, of);
    }
    const other = of[partition];
    if (other !== undefined && other !== owner) this.doubles.push(`${topicId}/${partition}: ${other} and ${owner}`);
    of[partition] = owner;
  }
}

/** A consumer group and its clients in virtual time, without anything around them. */
export class Simulation {
  readonly metadata: TestMetadata;
  readonly state: GroupState = newGroupState();
  /** The log. */
  readonly written: EncodedRecord[] = [];
  readonly clients: Client[] = [];
  readonly machine;
  nowMs = 1_700_000_000_000;
  decisions = 0;
  private readonly timers = new Map<string, Timer>();
  private names = 0;

  constructor(
    private readonly random: Prng,
    topics: Record<string, number>,
    rules: Partial<ConsumerGroupRules> = {},
  ) {
    this.metadata = new TestMetadata(topics);
    const image = () => this.metadata.current();
    const consumer = { ...consumerRules, sessionTimeoutMs: 10_000, ...rules };
    this.machine = groupMachine(
      {
        initialRebalanceDelayMs: 0,
        maxSize: 1000,
        offsetMetadataMaxBytes: 100,
        offsetsRetentionMs: 1e12,
        offsetsRetentionCheckIntervalMs: 1e12,
        consumer,
        share: shareRules,
        streams: streamsRules,
      },
      image,
    );
    this.metadata.onChange((next, previous) => {
      this.decide({ kind: 'metadata', image: next, changes: topicChanges(next, previous) });
    });
    this.decide(this.machine.loadedCommand());
  }

  get group(): ConsumerGroup | undefined {
    return consumerOf(this.state.groups.get(groupId));
  }

  add(change: Partial<Client> = {}): Client {
    this.names += 1;
    const client: Client = {
      name: `c${this.names}`,
      memberId: this.freshId(),
      instanceId: null,
      epoch: 0,
      owned: nothing,
      topics: ['t'],
      regex: null,
      assignor: null,
      tellsAll: true,
      sleepsUntilMs: 0,
      joined: false,
      ...change,
    };
    this.clients.push(client);
    return client;
  }

  freshId(): string {
    const word = () => this.random.uint32().toString(16).padStart(8, '0');
    return `${word()}-${word()}`;
  }

  /** A command, decided, applied and checked; its reply, if it has one. */
  decide(command: GroupCommand): GroupReply | undefined {
    this.decisions += 1;
    const decision = this.machine.decide(this.state, command, this.nowMs);
    for (const record of decision.records) {
      applyGroupRecord(this.state, record);
      const encoded = encodeGroupRecord(record);
      if (encoded !== undefined) this.written.push(encoded);
    }
    for (const timer of decision.timers) {
      if (timer.delayMs === undefined) this.timers.delete(timer.key);
      else if (timer.ifAbsent !== true || !this.timers.has(timer.key))
        this.timers.set(timer.key, { key: timer.key, atMs: this.nowMs + timer.delayMs, command: timer.command });
    }
    return decision.replies[0]?.reply;
  }

  /** Decides, and takes it back: the state must be as before. */
  tryAndUndo(command: GroupCommand): void {
    const undo: UndoLog = [];
    for (const record of this.machine.decide(this.state, command, this.nowMs).records)
      applyGroupRecord(this.state, record, undo);
    for (const step of undo.reverse()) step();
  }

  shown() {
    return consumerGroups(this.state).map((group) => consumerSnapshot(group));
  }

  /** The state that the log makes. */
  replayed() {
    const state = newGroupState();
    for (const record of this.written) {
      const decoded = this.machine.decode(record, { producerId: -1 });
      if (decoded !== undefined) applyGroupRecord(state, decoded);
    }
    return consumerGroups(state).map((group) => consumerSnapshot(group));
  }

  heartbeatOf(client: Client): GroupCommand {
    const joins = client.epoch === 0;
    const all = joins || client.tellsAll;
    return {
      kind: 'consumer-heartbeat',
      token: 1 as ReplyToken,
      clientId: client.name,
      clientHost: '/h',
      newMemberId: '',
      request: {
        groupId,
        memberId: client.memberId,
        memberEpoch: client.epoch,
        instanceId: client.instanceId,
        rackId: null,
        rebalanceTimeoutMs: all ? 60_000 : -1,
        subscribedTopicNames: all ? [...client.topics] : null,
        subscribedTopicRegex: all ? (client.regex ?? '') : null,
        serverAssignor: all ? client.assignor : null,
        topicPartitions: client.owned,
      },
    };
  }

  /** One heartbeat of a client that is awake. */
  beat(client: Client): ErrorCode {
    const reply = this.decide(this.heartbeatOf(client));
    if (reply?.kind !== 'consumer-heartbeat') throw new Error('no answer to a heartbeat');
    const { response } = reply;
    // Now and then the answer is lost: the client asks again and says everything, as after any failure.
    if (this.random.below(20) === 0 && client.epoch !== 0) {
      client.tellsAll = true;
      return ErrorCode.NONE;
    }
    this.take(client, response);
    return (response.errorCode ?? ErrorCode.NONE) as ErrorCode;
  }

  private take(client: Client, response: ConsumerGroupHeartbeatResponseInput): void {
    switch (response.errorCode ?? ErrorCode.NONE) {
      case ErrorCode.NONE:
        client.epoch = response.memberEpoch ?? client.epoch;
        client.joined = true;
        client.tellsAll = false;
        if (response.assignment)
          client.owned = (response.assignment.topicPartitions ?? []).map(({ topicId, partitions }) => ({
            topicId: topicId as Uuid,
            partitions: [...(partitions ?? [])],
          }));
        break;
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.GROUP_ID_NOT_FOUND:
        client.epoch = 0;
        client.owned = nothing;
        client.joined = false;
        break;
      case ErrorCode.UNRELEASED_INSTANCE_ID:
        break;
      default:
        throw new Error(`${client.name}: error ${response.errorCode}, ${response.errorMessage}`);
    }
  }

  leave(client: Client, epoch = -1): void {
    this.decide({
      kind: 'consumer-heartbeat',
      token: 1 as ReplyToken,
      clientId: client.name,
      clientHost: '/h',
      newMemberId: '',
      request: {
        groupId,
        memberId: client.memberId,
        memberEpoch: epoch,
        instanceId: client.instanceId,
        rackId: null,
        rebalanceTimeoutMs: -1,
        subscribedTopicNames: null,
        subscribedTopicRegex: null,
        serverAssignor: null,
        topicPartitions: null,
      },
    });
    client.epoch = 0;
    client.owned = nothing;
    client.joined = false;
  }

  /** Time passes: timers run in their order. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.timers.values()) if (next === undefined || timer.atMs < next.atMs) next = timer;
      if (next === undefined || next.atMs > untilMs) break;
      this.timers.delete(next.key);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.decide(next.command);
    }
    this.nowMs = untilMs;
  }

  /** Every client that is awake sends a heartbeat, `rounds` times; nothing else happens. */
  settle(rounds: number, intervalMs = 1_000): void {
    for (let round = 0; round < rounds; round += 1) {
      this.advance(intervalMs);
      for (const client of this.clients) if (client.sleepsUntilMs <= this.nowMs) this.beat(client);
    }
  }

  /** Partitions that two members have in one epoch: as the group sees it, or as they do. */
  twoOwners(): string | undefined {
    const doubles = this.doubles();
    if (doubles.length > 0) return `two owners: ${doubles.join(', ')}`;
    const clients = this.clientDoubles();
    return clients.length > 0 ? `two clients have it: ${clients.join(', ')}` : undefined;
  }

  /** Partitions that two clients have; one that is no longer a member is told so with its next heartbeat. */
  private clientDoubles(): string[] {
    const owners = new Owners();
    for (const { memberId, owned } of this.clients)
      if (owned.length > 0 && this.group?.member(memberId) !== undefined)
        for (const { topicId, partitions } of owned)
          for (const partition of partitions) owners.add(topicId, partition, memberId);
    return owners.doubles;
  }

  /** A client that has something else than the group says. */
  otherView(): string | undefined {
    for (const { memberId, epoch, owned } of this.clients) {
      const member = this.group?.member(memberId);
      const has = owned.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId}/${partition}`));
      const assigned = [...(member?.assigned ?? [])].flatMap(([topicId, of]) =>
        [...of.keys()].map((partition) => `${topicId}/${partition}`),
      );
      if (epoch !== member?.memberEpoch || String(has.sort()) !== String(assigned.sort()))
        return `${memberId} has ${has} in epoch ${epoch}, the group says ${assigned} in ${member?.memberEpoch}`;
    }
    return undefined;
  }

  /** Partitions that more than one member has, or still has to give up. */
  doubles(): string[] {
    const owners = new Owners();
    for (const { memberId, assigned, revoking } of this.group?.members() ?? [])
      for (const partitions of [assigned, revoking])
        for (const [topicId, of] of partitions)
          for (const partition of of.keys()) owners.add(topicId, partition, memberId);
    return owners.doubles;
  }

  /** Partitions of subscribed topics that nobody has. */
  orphans(): string[] {
    const owned = new Set<string>();
    for (const member of this.group?.members() ?? [])
      for (const [topicId, of] of member.assigned)
        for (const partition of of.keys()) owned.add(`${topicId}/${partition}`);
    const { topicsByName } = this.metadata.current();
    return [...(this.group?.subscribedTopicNames() ?? [])].flatMap((name) => {
      const topic = topicsByName.get(name);
      return (topic?.partitions ?? []).flatMap(({ partition }) =>
        owned.has(`${topic?.id}/${partition}`) ? [] : `${name}/${partition}`,
      );
    });
  }

  /** A member with a partition that another subscriber of its topic should have: it has at least two less. */
  unbalanced(): string | undefined {
    const { group } = this;
    if (group === undefined) return undefined;
    const subscribers = new Map<Uuid, { readonly memberId: string; readonly load: number }>();
    const members = [...group.members()].map((member) => ({
      member,
      load: [...member.assigned.values()].reduce((sum, of) => sum + of.size, 0),
    }));
    const { topicsByName } = this.metadata.current();
    for (const { member, load } of members)
      for (const name of group.subscriptionOf(member)) {
        const topicId = topicsByName.get(name)?.id;
        const least = topicId && subscribers.get(topicId);
        if (topicId !== undefined && (least === undefined || load < least.load))
          subscribers.set(topicId, { memberId: member.memberId, load });
      }
    for (const { member, load } of members)
      for (const topicId of member.assigned.keys()) {
        const least = subscribers.get(topicId);
        if (least !== undefined && load - least.load > 1)
          return `not balanced: ${member.memberId} has ${load} partitions, some of ${topicId}, ${least.memberId} has ${least.load}`;
      }
    return undefined;
  }

  /** By member, how many partitions it has. */
  loads(): number[] {
    return [...(this.group?.members() ?? [])].map((member) =>
      [...member.assigned.values()].reduce((sum, of) => sum + of.size, 0),
    );
  }
}
