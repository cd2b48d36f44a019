import { afterEach, describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/common/ids.js';
import { GroupCoordinator, type GroupCoordinatorConfig } from '../../../src/coordinator/group_coordinator.js';
import { ShareGroups, type ShareStates } from '../../../src/coordinator/share_groups.js';
import type { SharePartitionId } from '../../../src/coordinator/share_state/partition_id.js';
import { seededRandom } from '../../../src/env/random.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { testConfig } from '../../scenarios/drivers.js';
import { Prng } from '../../support/prng.js';
import { TestLogger } from '../support/logger.js';
import { MemoryLog } from '../support/memory_log.js';
import { TestMetadata } from '../support/metadata.js';
import { shareRules } from '../support/rules.js';

/** A share coordinator that remembers who has a state. */
class States implements ShareStates {
  readonly initialized: string[] = [];
  readonly deleted: string[] = [];
  failWith: ErrorCode = ErrorCode.NONE;

  constructor(private readonly metadata: TestMetadata) {}

  initialize(id: SharePartitionId, stateEpoch: number, startOffset: number) {
    if (this.failWith === ErrorCode.NONE) this.initialized.push(`${this.name(id)} ${stateEpoch} ${startOffset}`);
    return Promise.resolve({ errorCode: this.failWith, errorMessage: null });
  }

  delete(id: SharePartitionId) {
    if (this.failWith === ErrorCode.NONE) this.deleted.push(this.name(id));
    return Promise.resolve({ errorCode: this.failWith, errorMessage: null });
  }

  private name({ groupId, topicId, partition }: SharePartitionId): string {
    return `${groupId} ${this.metadata.current().topicsById.get(topicId)?.name}-${partition}`;
  }
}

const undo: Array<() => void> = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

const client = { apiVersion: 1, clientId: 'app', clientAddress: '10.0.0.1' };

class Bench {
  readonly time = new VirtualTime({ startWallMs: 1_000_000 });
  readonly metadata = new TestMetadata({ __consumer_offsets: 1, one: 1, two: 2 });
  readonly states = new States(this.metadata);
  readonly log = new MemoryLog();
  readonly coordinator: GroupCoordinator;
  readonly groups: ShareGroups;

  constructor(config: Partial<GroupCoordinatorConfig> = {}) {
    this.coordinator = new GroupCoordinator({
      clock: this.time,
      timers: this.time,
      random: seededRandom(7),
      logger: new TestLogger(),
      config: { ...testConfig, ...config },
      metadata: this.metadata,
    });
    this.groups = new ShareGroups(this.coordinator, this.states);
    undo.push(() => this.coordinator.close());
  }

  static async make(config: Partial<GroupCoordinatorConfig> = {}): Promise<Bench> {
    const bench = new Bench(config);
    await bench.coordinator.startPartition(0, bench.log);
    return bench;
  }

  beat(memberId: string, memberEpoch: number, topics: readonly string[] | null = null, groupId = 'g') {
    const subscribedTopicNames = topics === null ? null : [...topics];
    return this.groups.heartbeat({ groupId, memberId, memberEpoch, rackId: null, subscribedTopicNames }, client);
  }

  /** Epoch and partitions: `2 one:0 two:0,1`. */
  async told(...asked: Parameters<Bench['beat']>): Promise<string> {
    const answer = await this.beat(...asked);
    if (answer.errorCode !== undefined) return `error ${answer.errorCode}: ${answer.errorMessage}`;
    await this.settle();
    const { topicsById } = this.metadata.current();
    const assigned = (answer.assignment?.topicPartitions ?? []).map(
      ({ topicId = ZERO_UUID, partitions = [] }) => `${topicsById.get(topicId)?.name}:${[...partitions].join()}`,
    );
    return [answer.memberEpoch, ...assigned.sort()].join(' ');
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async describe(groupId = 'g'): Promise<string> {
    const [group] = await this.groups.describe([groupId]);
    const members = (group?.members ?? []).map(({ memberId, memberEpoch }) => `${memberId} ${memberEpoch}`);
    return [group?.groupState, group?.groupEpoch, group?.assignmentEpoch, ...members].join(' ');
  }

  async restart(): Promise<void> {
    await this.settle();
    await this.coordinator.startPartition(0, this.log);
  }

  async pass(ms: number): Promise<void> {
    await this.time.advance(ms);
    await this.settle();
  }
}

describe('share groups', () => {
  it('assign partitions when these have a state, and only then', async () => {
    const b = await Bench.make();
    expect(await b.told('m1', 0, ['one', 'two'])).toBe('2');
    expect(b.states.initialized).toEqual(['g one-0 2 -1', 'g two-0 2 -1', 'g two-1 2 -1']);
    expect(await b.told('m1', 2)).toBe('3 one:0 two:0,1');
    expect(await b.told('m1', 3)).toBe('3');
    // Whoever asks for everything is told everything; everybody shares.
    expect(await b.told('m2', 0, ['one', 'two'])).toMatch(/^4 /);
    expect(await b.told('m1', 3, ['one', 'two'])).toMatch(/^4 /);
    expect(b.states.initialized).toHaveLength(3);
    expect(await b.describe()).toBe('Stable 4 4 m1 4 m2 4');
  });

  it('initialize the partitions a topic grows by, and forget topics that are deleted', async () => {
    const b = await Bench.make();
    await b.told('m1', 0, ['one', 'two', 'later']);
    expect(await b.told('m1', 2)).toBe('3 one:0 two:0,1');
    b.metadata.add('later', 1);
    expect(await b.told('m1', 3)).toBe('4');
    expect(await b.told('m1', 4)).toBe('5 later:0 one:0 two:0,1');
    b.metadata.remove('two');
    await b.settle();
    expect(await b.told('m1', 5)).toBe('6 later:0 one:0');
    const { topics } = await b.groups.initializedPartitions('g');
    expect(topics.map(({ partitions }) => partitions)).toEqual([[0], [0]]);
  });

  it('ask again when the share coordinator could not do it', async () => {
    const b = await Bench.make();
    b.states.failWith = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    expect(await b.told('m1', 0, ['one'])).toBe('2');
    expect(await b.told('m1', 2)).toBe('2');
    b.states.failWith = ErrorCode.NONE;
    expect(await b.told('m1', 2)).toBe('2');
    expect(b.states.initialized).toEqual(['g one-0 2 -1']);
    expect(await b.told('m1', 2)).toBe('3 one:0');
  });

  it('go on after a restart, whenever it comes', async () => {
    const b = await Bench.make();
    await b.told('m1', 0, ['one']);
    await b.restart();
    expect(await b.told('m1', 2)).toBe('3 one:0');
    await b.restart();
    expect(await b.describe()).toBe('Stable 3 3 m1 3');
    expect(await b.told('m1', 3, ['one'])).toBe('3 one:0');
    await b.pass(shareRules.sessionTimeoutMs - 1);
    expect(await b.describe()).toBe('Stable 3 3 m1 3');
    await b.pass(1);
    expect(await b.describe()).toBe('Empty 4 3');
  });

  it('give a member up after a session timeout without a heartbeat; the others get its partitions', async () => {
    const b = await Bench.make();
    await b.told('m1', 0, ['two']);
    await b.told('m1', 2);
    await b.told('m2', 0, ['two']);
    await b.told('m1', 3);
    await b.pass(30_000);
    const before = await b.told('m1', 4, ['two']);
    expect(before.split(' ')[1]).toMatch(/^two:[01]$/);
    await b.pass(20_000);
    expect(await b.describe()).toBe('Stable 5 4 m1 4');
    expect(await b.told('m1', 4)).toBe('5 two:0,1');
    expect(await b.told('m2', 4)).toBe('error 25: Member m2 is not a member of group g.');
  });

  it('wait for the assignment interval', async () => {
    const b = await Bench.make({ share: { ...shareRules, assignmentIntervalMs: 1_000 } });
    await b.told('m1', 0, ['one']);
    // The group is in epoch 3, its target in 2.
    expect(await b.told('m1', 2)).toBe('2');
    expect(await b.describe()).toBe('Stable 3 2 m1 2');
    await b.pass(1_000);
    expect(await b.told('m1', 2)).toBe('3 one:0');
  });

  it('have room for so many members', async () => {
    const b = await Bench.make({ share: { ...shareRules, maxSize: 1 } });
    expect(await b.told('m1', 0, ['one'])).toBe('2');
    expect(await b.told('m2', 0, ['one'])).toBe(
      'error 81: The share group has reached its maximum capacity of 1 members.',
    );
    expect(await b.told('m1', 0, ['one'])).toMatch(/^3 one:0/);
  });

  it('are neither classic nor consumer groups', async () => {
    const b = await Bench.make();
    await b.told('m1', 0, ['one']);
    const { coordinator } = b;
    const commit = await coordinator.commitOffsets({
      apiVersion: 9,
      groupId: 'g',
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [],
    });
    expect(commit.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    const fetched = await coordinator.fetchOffsets({
      groupId: 'g',
      memberId: null,
      memberEpoch: -1,
      requireStable: false,
      topics: null,
    });
    // As Kafka: a group without offsets of this kind.
    expect(fetched).toMatchObject({ errorCode: ErrorCode.NONE, topics: [] });
    expect((await coordinator.deleteOffsets({ groupId: 'g', topics: [] })).errorCode).toBe(
      ErrorCode.GROUP_ID_NOT_FOUND,
    );
    const joined = await coordinator.joinGroup(
      {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 5_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
        reason: null,
      },
      client,
    );
    expect(joined.errorCode).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    const [described] = await coordinator.describeConsumerGroups(['g']);
    expect(described).toMatchObject({ errorCode: 69, errorMessage: 'Group g is not a consumer group.' });
    expect((await coordinator.listGroups({ states: [], types: ['Share'] })).groups).toEqual([
      { groupId: 'g', protocolType: 'share', groupState: 'Stable', groupType: 'share' },
    ]);
  });

  it('stay when they are empty, until they are deleted with their states', async () => {
    const b = await Bench.make();
    await b.told('m1', 0, ['one', 'two']);
    await b.told('m1', 2);
    expect(await b.groups.deleteGroups(['g', 'none', 'g'])).toEqual([
      { groupId: 'g', errorCode: ErrorCode.NON_EMPTY_GROUP },
      { groupId: 'none', errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
    ]);
    await b.told('m1', -1);
    await b.pass(30 * 86_400_000);
    expect(await b.describe()).toBe('Empty 4 3');
    b.states.failWith = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    expect(await b.groups.deleteGroups(['g'])).toEqual([{ groupId: 'g', errorCode: 15 }]);
    await b.restart();
    b.states.failWith = ErrorCode.NONE;
    expect(await b.groups.deleteGroups(['g'])).toEqual([{ groupId: 'g', errorCode: ErrorCode.NONE }]);
    expect([...b.states.deleted].sort()).toEqual(['g one-0', 'g two-0', 'g two-1']);
    await b.restart();
    expect(b.coordinator.statistics().groups).toBe(0);
  });

  it('undo everything when the log does not take it', async () => {
    const b = await Bench.make();
    await b.told('m1', 0, ['one']);
    b.log.failWith = ErrorCode.NOT_ENOUGH_REPLICAS;
    expect(await b.beat('m2', 0, ['one'])).toMatchObject({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
    b.log.failWith = undefined;
    expect(await b.told('m1', 2)).toBe('3 one:0');
    expect(await b.describe()).toBe('Stable 3 3 m1 3');
  });

  // Members come, go and change their minds, topics too, the coordinator moves and the share coordinator fails. Once all is
  // quiet everybody is in the same epoch and everything that is subscribed to is with somebody who asked for it.
  it('settle after any history, and a restart changes nothing', { timeout: 120_000 }, async () => {
    const topics = ['one', 'two', 'three'];
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = new Prng(seed);
      const b = await Bench.make();
      const epochs = new Map<string, number>();
      const wanted = new Map<string, readonly string[]>();
      const assigned = new Map<string, string>();
      const beat = async (memberId: string, epoch: number, names: readonly string[] | null) => {
        const answer = await b.beat(memberId, epoch, names);
        if (answer.errorCode !== undefined) {
          epochs.delete(memberId);
          return;
        }
        if (epoch === -1) return;
        epochs.set(memberId, answer.memberEpoch ?? 0);
        if (names !== null) wanted.set(memberId, names);
        const all = answer.assignment?.topicPartitions;
        if (all === undefined) return;
        const { topicsById } = b.metadata.current();
        const list = all.flatMap(({ topicId = ZERO_UUID, partitions = [] }) =>
          partitions.map((partition) => `${topicsById.get(topicId)?.name}-${partition}`),
        );
        assigned.set(memberId, list.sort().join());
      };
      for (let step = 0; step < 40; step += 1) {
        const memberId = random.pick(['a', 'b', 'c', 'd']);
        const names = topics.filter(() => random.below(3) > 0);
        b.states.failWith = random.below(6) === 0 ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NONE;
        const epoch = epochs.get(memberId);
        switch (random.below(8)) {
          case 0:
            if (epoch !== undefined) await beat(memberId, -1, null);
            epochs.delete(memberId);
            break;
          case 1:
            if (names.length > 0) await beat(memberId, epoch ?? 0, names);
            break;
          case 2: {
            const before = await b.describe();
            await b.restart();
            expect(await b.describe(), `seed ${seed}, step ${step}`).toBe(before);
            break;
          }
          case 3:
            if (b.metadata.current().topicsByName.has('three')) b.metadata.remove('three');
            else b.metadata.add('three', 1 + random.below(3));
            break;
          case 4:
            await b.pass(random.below(25_000));
            break;
          default:
            if (epoch !== undefined || names.length > 0)
              await beat(memberId, epoch ?? 0, epoch === undefined ? names : null);
        }
        if (random.below(2) === 0) await b.settle();
      }
      b.states.failWith = ErrorCode.NONE;
      await b.settle();
      for (let round = 0; round < 6; round += 1) {
        for (const [memberId, epoch] of epochs) await beat(memberId, epoch, wanted.get(memberId) ?? null);
        await b.settle();
      }
      const [group] = await b.groups.describe(['g']);
      const members = group?.members ?? [];
      expect(new Set(members.map(({ memberId }) => memberId)), `seed ${seed}`).toEqual(new Set(epochs.keys()));
      const { topicsByName } = b.metadata.current();
      const all = new Set<string>();
      for (const { memberId = '', memberEpoch, subscribedTopicNames = [], assignment } of members) {
        expect(memberEpoch, `seed ${seed}`).toBe(group?.assignmentEpoch);
        const has = (assignment?.topicPartitions ?? []).flatMap(({ topicName = '', partitions = [] }) => {
          expect(subscribedTopicNames, `seed ${seed}`).toContain(topicName);
          return partitions.map((partition) => `${topicName}-${partition}`);
        });
        expect(assigned.get(memberId), `seed ${seed}: ${memberId} knows`).toBe(has.sort().join());
        for (const one of has) all.add(one);
      }
      const subscribed = new Set(members.flatMap(({ subscribedTopicNames = [] }) => subscribedTopicNames));
      for (const name of subscribed)
        for (let partition = 0; partition < (topicsByName.get(name)?.partitions.length ?? 0); partition += 1)
          expect(all, `seed ${seed}`).toContain(`${name}-${partition}`);
      b.coordinator.close();
    }
  });
});
