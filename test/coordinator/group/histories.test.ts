import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/common/ids.js';
import { groupPhases } from '../../../src/coordinator/group/classic_group.js';
import type { GroupCommand, GroupReply, GroupRules } from '../../../src/coordinator/group/commands.js';
import { groupMachine } from '../../../src/coordinator/group/machine.js';
import type { GroupRecord } from '../../../src/coordinator/group/records.js';
import { applyGroupRecord, newGroupState } from '../../../src/coordinator/group/state.js';
import { joinTimer, sessionTimer, syncTimer } from '../../../src/coordinator/group/turn.js';
import type { ReplyToken, UndoLog } from '../../../src/coordinator/runtime/machine.js';
import { emptyImage } from '../../../src/metadata/image.js';
import { ErrorCode } from '../../../src/protocol/errors.js';

import { consumerRules, shareRules, streamsRules } from '../support/rules.js';

import { classicGroups, durable, snapshot } from '../support/snapshot.js';

// Random conversations of a few clients with two groups. Every decision is checked for what holds always; at the end the
// log is replayed. The clients are not well-behaved: they use each other's ids, old generations and versions at random.

const rules: GroupRules = {
  initialRebalanceDelayMs: 3000,
  maxSize: 4,
  offsetMetadataMaxBytes: 10,
  offsetsRetentionMs: 60_000,
  offsetsRetentionCheckIntervalMs: 10_000,
  consumer: consumerRules,
  share: shareRules,
  streams: streamsRules,
};

const groupId = fc.constantFrom('g', 'h');
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      groupId,
      slot: fc.nat(5),
      fresh: fc.nat(3),
      apiVersion: fc.constantFrom(0, 3, 4, 8, 9),
      instance: fc.option(fc.constantFrom('i1', 'i2'), { freq: 2 }),
      protocols: fc.subarray(['range', 'sticky', 'other'], { minLength: 0 }),
      type: fc.constantFrom('consumer', 'consumer', 'consumer', 'connect'),
      topic: fc.constantFrom('t', 'u'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('sync' as const), slot: fc.nat(5), stale: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('heartbeat' as const), slot: fc.nat(5), stale: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('leave' as const),
      slots: fc.array(fc.nat(5), { maxLength: 3 }),
      instance: fc.option(fc.constantFrom('i1', 'i2'), { freq: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      groupId,
      slot: fc.nat(5),
      alone: fc.boolean(),
      offset: fc.nat(9),
      partition: fc.nat(2),
      metadata: fc.constantFrom('', 'ok', 'much too long'),
      topic: fc.constantFrom('t', 'u'),
      retention: fc.constantFrom(-1, -1, 5_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete-offsets' as const), groupId, topic: fc.constantFrom('t', 'u') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-groups' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('look' as const), groupId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('topic-deleted' as const), topic: fc.constantFrom('t', 'u') }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('timer' as const),
      pick: fc.nat(99),
      passes: fc.constantFrom(0, 1000, 40_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sync-failed' as const), groupId }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function subscription(topic: string): Uint8Array {
  return Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 1, 0, topic.length]),
    Buffer.from(topic),
    Buffer.from([255, 255, 255, 255]),
  ]);
}

interface Slot {
  groupId: string;
  memberId: string;
  generation: number;
  instance: string | null;
}

class History {
  readonly machine = groupMachine(rules, () => emptyImage);
  readonly state = newGroupState();
  readonly applied: GroupRecord[] = [];
  readonly unanswered = new Map<ReplyToken, GroupCommand['kind']>();
  readonly timers = new Map<string, GroupCommand>();
  readonly slots: Slot[] = Array.from({ length: 6 }, () => ({
    groupId: 'g',
    memberId: '',
    generation: -1,
    instance: null,
  }));
  private readonly owners = new Map<ReplyToken, number>();
  private nowMs = 1_000_000;
  private tokens = 0;
  private ids = 0;

  run(one: Step): void {
    if (one.do === 'timer') {
      this.nowMs += one.passes;
      const due = [...this.timers][one.pick % Math.max(1, this.timers.size)];
      if (due === undefined) return;
      this.timers.delete(due[0]);
      this.decide(due[1]);
      return;
    }
    this.nowMs += 1;
    const command = this.command(one);
    if (command !== undefined) this.decide(command);
  }

  private nextId(): number {
    this.ids += 1;
    return this.ids;
  }

  private nextToken(): ReplyToken {
    this.tokens += 1;
    return this.tokens as ReplyToken;
  }

  private command(one: Exclude<Step, { do: 'timer' }>): GroupCommand | undefined {
    const token = this.nextToken();
    const slotOf = (index: number): Slot => this.slots[index] as Slot;
    switch (one.do) {
      case 'join': {
        const slot = slotOf(one.slot);
        const fresh = one.fresh === 0 || slot.groupId !== one.groupId;
        slot.groupId = one.groupId;
        slot.instance = one.apiVersion >= 5 ? one.instance : null;
        this.owners.set(token, one.slot);
        return {
          kind: 'join',
          token,
          apiVersion: one.apiVersion,
          clientId: `c${one.slot}`,
          clientHost: '/h',
          newMemberId: `m${this.nextId()}`,
          request: {
            groupId: one.groupId,
            sessionTimeoutMs: 10_000,
            rebalanceTimeoutMs: 5_000,
            memberId: fresh ? '' : slot.memberId,
            groupInstanceId: slot.instance,
            protocolType: one.type,
            protocols: one.protocols.map((name) => ({ name, metadata: subscription(one.topic) })),
            reason: null,
          },
        };
      }
      case 'sync': {
        const slot = slotOf(one.slot);
        const assignments = this.slots.map(({ memberId }) => ({
          memberId,
          assignment: Buffer.from(`for ${memberId}`),
        }));
        return {
          kind: 'sync',
          token,
          request: {
            groupId: slot.groupId,
            generationId: slot.generation - (one.stale === 0 ? 1 : 0),
            memberId: slot.memberId,
            groupInstanceId: slot.instance,
            protocolType: null,
            protocolName: null,
            assignments,
          },
        };
      }
      case 'heartbeat': {
        const slot = slotOf(one.slot);
        return {
          kind: 'heartbeat',
          token,
          request: {
            groupId: slot.groupId,
            generationId: slot.generation - (one.stale === 0 ? 1 : 0),
            memberId: slot.memberId,
            groupInstanceId: slot.instance,
          },
        };
      }
      case 'leave': {
        const [first = 0] = one.slots;
        const members: Array<{ memberId: string; groupInstanceId: string | null; reason: string | null }> =
          one.slots.map((index) => ({
            memberId: slotOf(index).memberId,
            groupInstanceId: slotOf(index).instance,
            reason: null,
          }));
        if (one.instance !== null) members.push({ memberId: '', groupInstanceId: one.instance, reason: null });
        return { kind: 'leave', token, groupId: slotOf(first).groupId, members };
      }
      case 'commit': {
        const slot = slotOf(one.slot);
        const partitions = [
          {
            partitionIndex: one.partition,
            committedOffset: one.offset,
            committedLeaderEpoch: -1,
            committedMetadata: one.metadata,
          },
        ];
        return {
          kind: 'commit',
          token,
          apiVersion: 9,
          groupId: one.alone ? one.groupId : slot.groupId,
          generationId: one.alone ? -1 : slot.generation,
          memberId: one.alone ? '' : slot.memberId,
          groupInstanceId: null,
          retentionTimeMs: one.retention,
          topics: [{ name: one.topic, topicId: ZERO_UUID, partitions }],
        };
      }
      case 'delete-offsets':
        return {
          kind: 'delete-offsets',
          token,
          groupId: one.groupId,
          topics: [{ name: one.topic, partitions: [0, 1, 2].map((partitionIndex) => ({ partitionIndex })) }],
        };
      case 'delete-groups':
        return { kind: 'delete-groups', token, groupIds: ['g', 'h'] };
      case 'look':
        return { kind: 'describe', token, groupIds: [one.groupId] };
      case 'topic-deleted':
        return { kind: 'topics-deleted', topics: new Map([[one.topic, ZERO_UUID]]) };
      case 'sync-failed':
        return {
          kind: 'sync-failed',
          groupId: one.groupId,
          generationId:
            classicGroups(this.state).find((group) => group.groupId === one.groupId)?.head.generationId ?? 0,
          error: ErrorCode.UNKNOWN_SERVER_ERROR,
        };
    }
  }

  private decide(command: GroupCommand): void {
    if ('token' in command) this.unanswered.set(command.token, command.kind);
    const before = snapshot(this.state);
    const decision = this.machine.decide(this.state, command, this.nowMs);
    expect(snapshot(this.state), `deciding ${command.kind} leaves the state alone`).toEqual(before);
    expect(this.machine.decide(this.state, command, this.nowMs)).toEqual(decision);

    const written = decision.records.filter((record) => this.machine.encode(record) !== undefined);
    if ('token' in command) {
      const own = decision.replies.find(({ token }) => token === command.token)?.reply;
      if (own !== undefined && isRefusal(own)) expect(written, `refusing ${command.kind} writes nothing`).toEqual([]);
    }

    const undo: UndoLog = [];
    for (const record of decision.records) applyGroupRecord(this.state, record, undo);
    for (const back of undo.reverse()) back();
    expect(snapshot(this.state), `undoing ${command.kind}`).toEqual(before);
    for (const record of decision.records) {
      applyGroupRecord(this.state, record);
      this.applied.push(record);
    }
    for (const timer of decision.timers) {
      if (timer.delayMs === undefined) this.timers.delete(timer.key);
      else this.timers.set(timer.key, timer.command);
    }
    for (const { token, reply } of decision.replies) {
      expect(this.unanswered.delete(token), `a reply to ${command.kind} is the only one its requester gets`).toBe(true);
      this.learn(token, reply);
    }
    this.check();
  }

  private learn(token: ReplyToken, reply: GroupReply): void {
    const slot = this.slots[this.owners.get(token) ?? -1];
    if (slot === undefined || reply.kind !== 'join') return;
    const { errorCode, memberId = '', generationId = -1 } = reply.response;
    if (errorCode === ErrorCode.MEMBER_ID_REQUIRED || errorCode === ErrorCode.NONE) slot.memberId = memberId;
    if (errorCode === ErrorCode.NONE) slot.generation = generationId;
  }

  /** What holds after every decision. */
  private check(): void {
    const parked = new Set<ReplyToken>();
    for (const group of classicGroups(this.state)) {
      const members = [...group.members()];
      const { groupId: id, phase, leaderId, protocolName } = group.head;
      expect(groupPhases).toContain(phase);
      for (const member of members) {
        if (member.joining !== undefined) parked.add(member.joining);
        if (member.syncing !== undefined) parked.add(member.syncing);
        // Whoever is in the group can fall out of it.
        const excused = !member.isNew && (member.joining !== undefined || member.syncing !== undefined);
        if (!excused)
          expect(this.timers.has(sessionTimer(id, member.memberId)), `session of ${member.memberId} in ${phase}`).toBe(
            true,
          );
        if (member.groupInstanceId !== null) expect(group.staticMemberId(member.groupInstanceId)).toBe(member.memberId);
        expect(member.joining === undefined || phase === 'PreparingRebalance').toBe(true);
        expect(member.syncing === undefined || phase === 'CompletingRebalance').toBe(true);
        expect(member.owesSync && phase !== 'CompletingRebalance' && phase !== 'Stable').toBe(false);
      }
      expect(group.joining).toBe(members.filter((member) => member.joining !== undefined).length);
      expect(group.allHaveSynced).toBe(members.every((member) => !member.owesSync));
      expect(group.size).toBe(members.length);
      if (phase === 'Empty') expect(members).toEqual([]);
      if (leaderId !== null) expect(group.member(leaderId), `leader ${leaderId} in ${phase}`).toBeDefined();
      if (phase === 'CompletingRebalance' || phase === 'Stable') {
        expect(leaderId).not.toBeNull();
        expect(members.every((member) => member.protocols.some(({ name }) => name === protocolName))).toBe(true);
      }
      // No phase lasts for ever.
      if (phase === 'PreparingRebalance') expect(this.timers.has(joinTimer(id))).toBe(true);
      if (phase === 'CompletingRebalance') expect(this.timers.has(syncTimer(id))).toBe(true);
    }
    expect([...this.unanswered.keys()].sort(), 'whoever waits is known to wait').toEqual([...parked].sort());
  }
}

function isRefusal(reply: GroupReply): boolean {
  switch (reply.kind) {
    case 'join':
    case 'sync':
      return reply.response.errorCode !== ErrorCode.NONE && reply.response.errorCode !== ErrorCode.MEMBER_ID_REQUIRED;
    case 'heartbeat':
      return reply.errorCode !== ErrorCode.NONE;
    case 'commit':
    case 'delete-offsets':
      return (
        reply.errorCode !== ErrorCode.NONE ||
        reply.topics.every((topic) => topic.partitions.every((p) => p.errorCode !== ErrorCode.NONE))
      );
    case 'leave':
      return reply.members.every((member) => member.errorCode !== ErrorCode.NONE);
    case 'delete-groups':
      return reply.results.every((result) => result.errorCode !== ErrorCode.NONE);
    default:
      return true;
  }
}

describe('histories of groups', () => {
  it('deciding leaves the state alone, refusing writes nothing, nobody is forgotten, replay equals live', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 120, size: 'max' }), (steps) => {
        const history = new History();
        for (const one of steps) {
          history.run(one);
          for (const group of classicGroups(history.state)) reached.add(group.phase);
        }
        const again = newGroupState();
        for (const record of history.applied) applyGroupRecord(again, record);
        expect(snapshot(again)).toEqual(snapshot(history.state));

        const loaded = newGroupState();
        for (const record of history.applied) {
          const encoded = history.machine.encode(record);
          const decoded = encoded === undefined ? undefined : history.machine.decode(encoded, { producerId: -1 });
          if (decoded !== undefined) applyGroupRecord(loaded, decoded);
        }
        const kept = durable(history.state);
        const found = durable(loaded);
        expect(found.offsets).toEqual(kept.offsets);
        for (const group of kept.groups) expect(found.groups).toContainEqual(group);
      }),
      { numRuns: 300 },
    );
    expect([...reached].sort()).toEqual([...groupPhases].sort());
  }, 120_000);
});
