import type { Uuid } from '../../../src/common/ids.js';
import type { ConsumerGroup } from '../../../src/coordinator/consumer_group/group.js';
import type { ConsumerGroupRules } from '../../../src/coordinator/consumer_group/settings.js';
import type { GroupCommand, GroupReply } from '../../../src/coordinator/group/commands.js';
import { groupMachine } from '../../../src/coordinator/group/machine.js';
import { encodeGroupRecord, type GroupRecord } from '../../../src/coordinator/group/records.js';
import { applyGroupRecord, type GroupState, newGroupState } from '../../../src/coordinator/group/state.js';
import { topicChanges } from '../../../src/coordinator/modern/topics.js';
import type { ReplyToken, UndoLog } from '../../../src/coordinator/runtime/machine.js';
import type { ConsumerGroupHeartbeatResponseInput } from '../../../src/protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import type { Prng } from '../../support/prng.js';
import { TestMetadata } from '../support/metadata.js';

import { consumerRules, shareRules, streamsRules } from '../support/rules.js';

import { consumerGroups, consumerSnapshot } from '../support/snapshot.js';

export const groupId = 'g';

/** Partitions as a client has them: `topic id/partition`. */
type Owned = Map<Uuid, Set<number>>;

/** A client that does what KIP-848 asks of it, as long as it is awake. */
export interface Client {
  readonly name: string;
  memberId: string;
  instanceId: string | null;
  epoch: number;
  owned: Owned;
  topics: readonly string[];
  regex: string | null;
  assignor: string | null;
  /** Says everything with the next heartbeat. */
  tellsAll: boolean;
  /** Heartbeats only from then on; infinity: it is gone for good. */
  sleepsUntilMs: number;
  joined: boolean;
}

/** A consumer group and its clients in virtual time, without anything around them. */
export class Simulation {
  readonly metadata: TestMetadata;
  readonly state: GroupState = newGroupState();
  readonly written: GroupRecord[] = [];
  readonly clients: Client[] = [];
  readonly machine;
  nowMs = 1_700_000_000_000;
  decisions = 0;
  private readonly timers = new Map<string, { readonly atMs: number; readonly command: GroupCommand }>();
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
    return consumerGroups(this.state)[0];
  }

  add(change: Partial<Client> = {}): Client {
    this.names += 1;
    const client: Client = {
      name: `c${this.names}`,
      memberId: this.freshId(),
      instanceId: null,
      epoch: 0,
      owned: new Map(),
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
      if (encodeGroupRecord(record) !== undefined) this.written.push(record);
    }
    for (const timer of decision.timers) {
      if (timer.delayMs === undefined) this.timers.delete(timer.key);
      else if (timer.ifAbsent !== true || !this.timers.has(timer.key))
        this.timers.set(timer.key, { atMs: this.nowMs + timer.delayMs, command: timer.command });
    }
    return decision.replies[0]?.reply;
  }

  /** Decides, and takes it back: the state must be as before. */
  tryAndUndo(command: GroupCommand): { readonly before: unknown; readonly after: unknown } {
    const before = this.shown();
    const undo: UndoLog = [];
    for (const record of this.machine.decide(this.state, command, this.nowMs).records)
      applyGroupRecord(this.state, record, undo);
    for (const step of undo.reverse()) step();
    return { before, after: this.shown() };
  }

  shown() {
    return consumerGroups(this.state).map((group) => consumerSnapshot(group));
  }

  /** The state that the log makes. */
  replayed() {
    const state = newGroupState();
    for (const record of this.written) {
      const encoded = encodeGroupRecord(record);
      const decoded = encoded && this.machine.decode(encoded, { producerId: -1 });
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
        topicPartitions: [...client.owned].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions] })),
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
          client.owned = new Map(
            (response.assignment.topicPartitions ?? []).map(({ topicId, partitions }) => [
              topicId as Uuid,
              new Set(partitions),
            ]),
          );
        break;
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.GROUP_ID_NOT_FOUND:
        client.epoch = 0;
        client.owned = new Map();
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
    client.owned = new Map();
    client.joined = false;
  }

  /** Time passes: timers run in their order. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      let next: { key: string; atMs: number; command: GroupCommand } | undefined;
      for (const [key, timer] of this.timers)
        if (next === undefined || timer.atMs < next.atMs) next = { key, ...timer };
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

  /** Partitions that more than one member has. */
  doubles(): string[] {
    const owners = new Map<string, string>();
    const doubles: string[] = [];
    for (const member of this.group?.members() ?? [])
      for (const partitions of [member.assigned, member.revoking])
        for (const [topicId, of] of partitions)
          for (const partition of of.keys()) {
            const key = `${topicId}/${partition}`;
            const other = owners.get(key);
            if (other !== undefined && other !== member.memberId)
              doubles.push(`${key}: ${other} and ${member.memberId}`);
            owners.set(key, member.memberId);
          }
    return doubles;
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

  /** By member, how many partitions it has. */
  loads(): number[] {
    return [...(this.group?.members() ?? [])].map((member) =>
      [...member.assigned.values()].reduce((sum, of) => sum + of.size, 0),
    );
  }
}
