import { describe, expect, it } from 'vitest';
import type { GroupCommand } from '../../../src/coordinator/group/commands.js';
import { type GroupMachine, groupMachine } from '../../../src/coordinator/group/machine.js';
import { encodeGroupRecord, type GroupRecord } from '../../../src/coordinator/group/records.js';
import { applyGroupRecord, newGroupState } from '../../../src/coordinator/group/state.js';
import { topicChanges } from '../../../src/coordinator/modern/topics.js';
import type { ReplyToken } from '../../../src/coordinator/runtime/machine.js';
import type { StreamsGroup } from '../../../src/coordinator/streams_group/group.js';
import { withoutEpochs } from '../../../src/coordinator/streams_group/tasks.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { Prng } from '../../support/prng.js';
import { TestMetadata } from '../support/metadata.js';
import { consumerRules, shareRules, streamsRules } from '../support/rules.js';

const count = Number(process.env.MILLRACE_HISTORIES ?? 300);
const seed = Number(process.env.MILLRACE_SEED ?? 1);

const changelog = { name: 'store-changelog', partitions: 0, replicationFactor: 0, topicConfigs: [] };
const repartition = { name: 'mid', partitions: 0, replicationFactor: 0, topicConfigs: [] };
const empty = {
  sourceTopicRegex: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
};
const topology = {
  epoch: 0,
  subtopologies: [
    { subtopologyId: '0', ...empty, sourceTopics: ['in'], repartitionSinkTopics: ['mid'], copartitionGroups: [] },
    {
      subtopologyId: '1',
      ...empty,
      sourceTopics: [],
      repartitionSourceTopics: [repartition],
      stateChangelogTopics: [changelog],
      copartitionGroups: [],
    },
  ],
};

interface Client {
  readonly memberId: string;
  readonly processId: string;
  epoch: number;
  owned: { active: Map<string, number[]>; standby: Map<string, number[]> };
}

/** A streams group and threads that do what KIP-1071 asks of them. */
class World {
  readonly metadata: TestMetadata;
  readonly state = newGroupState();
  readonly written: GroupRecord[] = [];
  readonly clients: Client[] = [];
  readonly machine: GroupMachine;
  private readonly timers = new Map<string, { readonly atMs: number; readonly command: GroupCommand }>();
  private nowMs = 1_700_000_000_000;
  private names = 0;

  constructor(
    private readonly random: Prng,
    partitions: number,
    standbyReplicas: number,
  ) {
    this.metadata = new TestMetadata({ in: partitions });
    const streams = { ...streamsRules, standbyReplicas, sessionTimeoutMs: 10_000 };
    const rules = {
      initialRebalanceDelayMs: 0,
      maxSize: 100,
      offsetMetadataMaxBytes: 100,
      offsetsRetentionMs: 1e12,
      offsetsRetentionCheckIntervalMs: 1e12,
    };
    this.machine = groupMachine({ ...rules, consumer: consumerRules, share: shareRules, streams }, () =>
      this.metadata.current(),
    );
    this.metadata.onChange((next, previous) => {
      this.decide({ kind: 'metadata', image: next, changes: topicChanges(next, previous) });
    });
    this.decide(this.machine.loadedCommand());
  }

  get group(): StreamsGroup | undefined {
    return [...this.state.groups.values()].find((group) => group.type === 'streams');
  }

  add(processes: number): void {
    this.names += 1;
    this.clients.push({
      memberId: `m${this.random.uint32().toString(16)}-${this.names}`,
      processId: `p${this.random.below(processes)}`,
      epoch: 0,
      owned: { active: new Map(), standby: new Map() },
    });
  }

  private decide(command: GroupCommand) {
    const decision = this.machine.decide(this.state, command, this.nowMs);
    for (const record of decision.records) {
      applyGroupRecord(this.state, record);
      if (encodeGroupRecord(record) !== undefined) this.written.push(record);
    }
    for (const timer of decision.timers)
      if (timer.delayMs === undefined) this.timers.delete(timer.key);
      else this.timers.set(timer.key, { atMs: this.nowMs + timer.delayMs, command: timer.command });
    return decision.replies[0]?.reply;
  }

  beat(client: Client, leaves = false): void {
    const joins = client.epoch === 0;
    const ids = (tasks: Map<string, number[]>) =>
      [...tasks].map(([subtopologyId, partitions]) => ({ subtopologyId, partitions }));
    const reply = this.decide({
      kind: 'streams-heartbeat',
      token: 1 as ReplyToken,
      clientId: 'c',
      clientHost: '/h',
      request: {
        groupId: 'g',
        memberId: client.memberId,
        memberEpoch: leaves ? -1 : client.epoch,
        endpointInformationEpoch: 0,
        instanceId: null,
        rackId: null,
        rebalanceTimeoutMs: joins ? 60_000 : -1,
        topology: joins ? topology : null,
        activeTasks: ids(client.owned.active),
        standbyTasks: ids(client.owned.standby),
        warmupTasks: [],
        processId: joins ? client.processId : null,
        userEndpoint: null,
        clientTags: null,
        taskOffsets: null,
        taskEndOffsets: null,
        shutdownApplication: false,
      },
    });
    if (reply?.kind !== 'streams-heartbeat') throw new Error('no answer');
    for (const { name, numPartitions } of reply.wanted) this.metadata.add(name, numPartitions);
    const { errorCode = ErrorCode.NONE, memberEpoch = 0, activeTasks, standbyTasks } = reply.response;
    if (errorCode !== ErrorCode.NONE || leaves) {
      client.epoch = 0;
      client.owned = { active: new Map(), standby: new Map() };
      return;
    }
    client.epoch = memberEpoch;
    const of = (tasks: NonNullable<typeof activeTasks>) =>
      new Map(tasks.map(({ subtopologyId = '', partitions = [] }) => [subtopologyId, [...partitions]]));
    if (activeTasks) client.owned = { active: of(activeTasks), standby: of(standbyTasks ?? []) };
  }

  advance(durationMs: number): void {
    this.nowMs += durationMs;
    for (const [key, { atMs, command }] of [...this.timers])
      if (atMs <= this.nowMs) {
        this.timers.delete(key);
        this.decide(command);
      }
  }

  settle(rounds: number): void {
    for (let round = 0; round < rounds; round += 1) {
      this.advance(1_000);
      for (const client of this.clients) this.beat(client);
    }
  }

  /** Active tasks by owner; a task with two throws. */
  owners(): Map<string, string> {
    const owners = new Map<string, string>();
    for (const member of this.group?.members() ?? [])
      for (const tasks of [member.assigned, member.revoking])
        for (const [id, partitions] of withoutEpochs(tasks.active))
          for (const partition of partitions) {
            const task = `${id}_${partition}`;
            const other = owners.get(task);
            if (other !== undefined) throw new Error(`${task} is run by ${other} and by ${member.memberId}`);
            owners.set(task, member.memberId);
          }
    return owners;
  }

  replayed(): StreamsGroup | undefined {
    const state = newGroupState();
    for (const record of this.written) {
      const encoded = encodeGroupRecord(record);
      const decoded = encoded && this.machine.decode(encoded, { producerId: -1 });
      if (decoded !== undefined) applyGroupRecord(state, decoded);
    }
    return [...state.groups.values()].find((group) => group.type === 'streams');
  }
}

function shown(group: StreamsGroup | undefined): unknown {
  if (group === undefined) return undefined;
  const { groupEpoch, metadataHash, validatedTopologyEpoch, assignmentEpoch, topology: of } = group.head;
  const members = [...group.members()].map((member) => ({ ...member, target: group.target(member.memberId) }));
  return {
    state: group.state,
    head: { groupEpoch, metadataHash, validatedTopologyEpoch, assignmentEpoch, of },
    members: members.sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
  };
}

describe('histories of streams groups', () => {
  it(`no task is run twice, all are run when stable, balanced, copies elsewhere, replay equals live (${count})`, () => {
    for (let i = 0; i < count; i += 1) {
      const random = new Prng(seed + i);
      const partitions = 1 + random.below(8);
      const replicas = random.below(3);
      const processes = 1 + random.below(5);
      const world = new World(random, partitions, replicas);
      for (let n = 1 + random.below(i % 50 === 0 ? 50 : 6); n > 0; n -= 1) world.add(processes);
      for (let step = 0; step < 60; step += 1) {
        const client = random.pick(world.clients);
        const what = random.below(12);
        if (what === 0) world.beat(client, true);
        else if (what === 1) world.advance(random.pick([500, 4_000]));
        else if (what === 2 && world.clients.length < 55) world.add(processes);
        else world.beat(client);
        world.owners();
      }
      world.settle(20);
      const { group } = world;
      expect(group?.state, `seed ${seed + i}`).toBe('Stable');
      const owners = world.owners();
      expect(owners.size, `seed ${seed + i}`).toBe(2 * partitions);
      const loads = [...(group?.members() ?? [])].map(
        (member) => [...owners.values()].filter((owner) => owner === member.memberId).length,
      );
      expect(Math.max(...loads), `seed ${seed + i}: ${loads.join(' ')}`).toBeLessThanOrEqual(
        Math.ceil((2 * partitions) / loads.length) + 1,
      );
      for (const member of group?.members() ?? [])
        for (const [id, copies] of member.assigned.standby)
          for (const partition of copies)
            expect(group?.activeProcess(id, partition), `seed ${seed + i}`).not.toBe(member.metadata.processId);
      expect(shown(world.replayed()), `seed ${seed + i}`).toEqual(shown(group));
    }
  });
});
