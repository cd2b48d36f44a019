import { afterEach, describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../src/common/ids.js';
import { BrokerConfig, groupBounds } from '../../src/config/index.js';
import { groupCoordinatorConfig } from '../../src/coordinator/group_config.js';
import { GroupCoordinator, type GroupCoordinatorConfig } from '../../src/coordinator/group_coordinator.js';
import { javaStringHash } from '../../src/coordinator/java_hash.js';
import { seededRandom } from '../../src/env/random.js';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { testConfig } from '../scenarios/drivers.js';
import { TestLogger } from './support/logger.js';
import { MemoryLog } from './support/memory_log.js';
import { TestMetadata } from './support/metadata.js';

import { consumerRules, shareRules, streamsRules } from './support/rules.js';

const undo: Array<() => void> = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

function setUp(partitions: number, config: Partial<GroupCoordinatorConfig> = {}) {
  const time = new VirtualTime({ startWallMs: 0 });
  const metadata = new TestMetadata(partitions === 0 ? {} : { __consumer_offsets: partitions, t: 2 });
  const coordinator = new GroupCoordinator({
    clock: time,
    timers: time,
    random: seededRandom(7),
    logger: new TestLogger(),
    config: { ...testConfig, ...config },
    metadata,
  });
  undo.push(() => {
    coordinator.close();
    expect(time.pendingTimers).toBe(0);
    expect(metadata.listenerCount).toBe(0);
  });
  return { time, metadata, coordinator };
}

const client = { apiVersion: 9, clientId: 'app', clientAddress: '10.0.0.1' };
const joinOf = (groupId: string, memberId = '') => ({
  groupId,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 5_000,
  memberId,
  groupInstanceId: null,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
  reason: null,
});
const commitOf = (groupId: string, topicId = ZERO_UUID) => ({
  apiVersion: 9,
  groupId,
  generationId: -1,
  memberId: '',
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name: 't',
      topicId,
      partitions: [{ partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null }],
    },
  ],
});

describe('GroupCoordinator', () => {
  it('finds the partition as Kafka does', () => {
    // From a JVM: "".hashCode(), and so on; the last is Integer.MIN_VALUE, which has no absolute value.
    expect(['', 'a', 'abc', 'console-consumer-12345', 'Müller🙂', 'polygenelubricants'].map(javaStringHash)).toEqual(
      hashesOfJava,
    );
    const { coordinator } = setUp(50);
    expect(coordinator.partitionFor('polygenelubricants')).toBe(0);
    expect(coordinator.partitionFor('abc')).toBe(96_354 % 50);
  });

  it("has Kafka's defaults", () => {
    const bounds = { nodeId: 1, byName: groupBounds(BrokerConfig.defaults) };
    expect(groupCoordinatorConfig(BrokerConfig.defaults)).toEqual({
      groupMinSessionTimeoutMs: 6_000,
      groupMaxSessionTimeoutMs: 1_800_000,
      groupInitialRebalanceDelayMs: 3_000,
      groupMaxSize: 2_147_483_647,
      groupCoordinatorAppendLingerMs: -1,
      offsetMetadataMaxBytes: 4_096,
      offsetsTopicNumPartitions: 50,
      offsetsRetentionMinutes: 10_080,
      offsetsRetentionCheckIntervalMs: 600_000,
      offsetsCommitTimeoutMs: 5_000,
      offsetsLoadBufferSize: 5_242_880,
      consumer: { ...consumerRules, bounds, assignmentIntervalMs: 1_000 },
      share: { ...shareRules, bounds, assignmentIntervalMs: 1_000 },
      streams: { ...streamsRules, bounds, assignmentIntervalMs: 1_000, initialRebalanceDelayMs: 3_000 },
    });
  });

  it('keeps the partition count it saw first', () => {
    const { coordinator, metadata } = setUp(0, { offsetsTopicNumPartitions: 50 });
    expect(coordinator.partitionFor('abc')).toBe(96_354 % 50);
    metadata.add('__consumer_offsets', 7);
    expect(coordinator.partitionFor('abc')).toBe(96_354 % 7);
    metadata.remove('__consumer_offsets');
    metadata.add('__consumer_offsets', 9);
    expect(coordinator.partitionFor('abc')).toBe(96_354 % 7);
  });

  it('answers for several groups in the order asked for, whatever their partitions', async () => {
    const { coordinator } = setUp(5);
    const logs = Array.from({ length: 5 }, () => new MemoryLog());
    await Promise.all(logs.map((log, partition) => coordinator.startPartition(partition, log)));
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) await coordinator.commitOffsets(commitOf(name));
    expect(coordinator.statistics()).toEqual({ partitions: 5, groups: 6, offsets: 6, timers: 5 });
    const asked = ['f', 'nobody', 'a', 'c'];
    const described = await coordinator.describeGroups(asked);
    expect(described.map(({ groupId, group }) => [groupId, group?.groupState])).toEqual([
      ['f', 'Empty'],
      ['nobody', undefined],
      ['a', 'Empty'],
      ['c', 'Empty'],
    ]);
    coordinator.stopPartition(coordinator.partitionFor('b'));
    const deleted = await coordinator.deleteGroups(['f', 'b', 'f', 'nobody']);
    expect(deleted).toEqual([
      { groupId: 'f', errorCode: ErrorCode.NONE },
      { groupId: 'b', errorCode: ErrorCode.NOT_COORDINATOR },
      { groupId: 'nobody', errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
    ]);
    const { groups } = await coordinator.listGroups({ states: ['empty'], types: [] });
    expect(groups.map(({ groupId }) => groupId).sort()).toEqual(
      names.filter((name) => name !== 'f' && coordinator.partitionFor(name) !== coordinator.partitionFor('b')),
    );
  });

  it('says that it is loading, but lets heartbeats pass', async () => {
    const { coordinator } = setUp(1);
    const log = new MemoryLog();
    await coordinator.startPartition(0, log);
    await coordinator.commitOffsets(commitOf('g'));
    const loading = coordinator.startPartition(0, log);
    const error = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    expect(await coordinator.joinGroup(joinOf('g'), client)).toMatchObject({ errorCode: error });
    expect(await coordinator.commitOffsets(commitOf('g'))).toEqual({ errorCode: error, topics: [] });
    expect(await coordinator.listGroups({ states: [], types: [] })).toEqual({ errorCode: error, groups: [] });
    expect(await coordinator.leaveGroup({ groupId: 'g', members: [] })).toEqual({ errorCode: error, members: [] });
    const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
    expect(await coordinator.heartbeat(heartbeat)).toBe(ErrorCode.NONE);
    await loading;
    expect(await coordinator.heartbeat(heartbeat)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it('arms one timer per member, however many heartbeats come', async () => {
    const { coordinator, time } = setUp(1);
    await coordinator.startPartition(0, new MemoryLog());
    const { memberId = '' } = await coordinator.joinGroup(joinOf('g'), client);
    expect(memberId).toMatch(/^app-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    const joining = coordinator.joinGroup(joinOf('g', memberId), client);
    await time.advance(0);
    expect(await joining).toMatchObject({ errorCode: ErrorCode.NONE, generationId: 1 });
    const sync = {
      groupId: 'g',
      generationId: 1,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    };
    await coordinator.syncGroup(sync, client);
    await time.advance('20ms');
    const pending = time.pendingTimers;
    const heartbeat = { groupId: 'g', generationId: 1, memberId, groupInstanceId: null };
    for (let i = 0; i < 100; i += 1) {
      expect(await coordinator.heartbeat(heartbeat)).toBe(ErrorCode.NONE);
      await time.advance('1s');
    }
    expect(time.pendingTimers).toBeLessThanOrEqual(pending);
    expect(coordinator.statistics().timers).toBe(2);
  });

  it('drops offsets of a deleted topic, not those of its successor', async () => {
    const { coordinator, metadata, time } = setUp(1);
    await coordinator.startPartition(0, new MemoryLog());
    const id = metadata.current().topicsByName.get('t')?.id ?? ZERO_UUID;
    await coordinator.commitOffsets(commitOf('old', id));
    await coordinator.commitOffsets(commitOf('ancient'));
    await coordinator.commitOffsets(commitOf('new', seededRandom(3).uuid()));
    metadata.add('other', 1);
    expect(coordinator.statistics().offsets).toBe(3);
    metadata.remove('t');
    await time.advance(0);
    const left = await coordinator.fetchOffsets({
      groupId: 'new',
      memberId: null,
      memberEpoch: -1,
      requireStable: false,
      topics: null,
    });
    expect(left.topics).toHaveLength(1);
    expect(coordinator.statistics().offsets).toBe(1);
  });

  it('refuses session timeouts outside the range, and names that are empty', async () => {
    const { coordinator } = setUp(1, { groupMinSessionTimeoutMs: 6_000, groupMaxSessionTimeoutMs: 60_000 });
    await coordinator.startPartition(0, new MemoryLog());
    for (const sessionTimeoutMs of [5_999, 60_001])
      expect(await coordinator.joinGroup({ ...joinOf('g'), sessionTimeoutMs }, client)).toMatchObject({
        errorCode: ErrorCode.INVALID_SESSION_TIMEOUT,
      });
    expect(await coordinator.joinGroup(joinOf(''), client)).toMatchObject({ errorCode: ErrorCode.INVALID_GROUP_ID });
    const { groups } = await coordinator.listGroups({ states: [], types: [] });
    expect(groups).toEqual([]);
  });

  it('answers everybody when it closes', async () => {
    const { coordinator, time } = setUp(1, { groupInitialRebalanceDelayMs: 3_000 });
    await coordinator.startPartition(0, new MemoryLog());
    const joining = coordinator.joinGroup(joinOf('g'), { ...client, apiVersion: 3 });
    await time.advance('1s');
    coordinator.close();
    expect(await joining).toMatchObject({ errorCode: ErrorCode.NOT_COORDINATOR });
    await coordinator.startPartition(0, new MemoryLog());
    expect(coordinator.statistics().partitions).toBe(0);
  });
});

const hashesOfJava = [0, 97, 96_354, 158_455_506, 266_650_529, -2_147_483_648];
