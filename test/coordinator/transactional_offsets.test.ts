import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../src/common/ids.js';
import { GroupCoordinator } from '../../src/coordinator/group_coordinator.js';
import { seededRandom } from '../../src/env/random.js';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { decodeBatches } from '../../src/records/index.js';
import { testConfig } from '../scenarios/drivers.js';
import { TestLogger } from './support/logger.js';
import { MemoryLog } from './support/memory_log.js';
import { TestMetadata } from './support/metadata.js';

let time: VirtualTime;
let log: MemoryLog;
let groups: GroupCoordinator;

beforeEach(async () => {
  time = new VirtualTime({ startWallMs: 1_000 });
  log = new MemoryLog();
  groups = new GroupCoordinator({
    clock: time,
    timers: time,
    random: seededRandom(1),
    logger: new TestLogger(),
    config: testConfig,
    metadata: new TestMetadata({ __consumer_offsets: 1, t: 3 }),
  });
  await groups.startPartition(0, log);
});
afterEach(() => {
  groups.close();
  expect(time.pendingTimers).toBe(0);
});

const topicsOf = (offset: number, partition: number, metadata = '') => [
  {
    name: 't',
    topicId: ZERO_UUID,
    partitions: [
      { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: metadata },
    ],
  },
];

async function inTransaction(producerId: number, offset: number, partition = 0, more: object = {}): Promise<number> {
  const answer = await groups.commitInTransaction({
    groupId: 'g',
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    transaction: { producerId, producerEpoch: 0, verification: undefined },
    topics: topicsOf(offset, partition),
    ...more,
  });
  return answer.errorCode === ErrorCode.NONE ? (answer.topics[0]?.partitions[0]?.errorCode ?? -99) : answer.errorCode;
}

async function plain(offset: number, partition = 0): Promise<number> {
  const answer = await groups.commitOffsets({
    apiVersion: 8,
    groupId: 'g',
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: topicsOf(offset, partition),
  });
  return answer.errorCode;
}

async function fetched(requireStable = false): Promise<string> {
  const topics = [{ name: 't', topicId: ZERO_UUID, partitionIndexes: [0, 1] }];
  const answer = await groups.fetchOffsets({ groupId: 'g', memberId: null, memberEpoch: -1, requireStable, topics });
  return (answer.topics[0]?.partitions ?? [])
    .map(({ committedOffset, errorCode }) => (errorCode === 0 ? committedOffset : `error ${errorCode}`))
    .join(' ');
}

const end = (producerId: number, type: 'COMMIT' | 'ABORT') =>
  groups.endTransaction(0, { type, producerId, producerEpoch: 0, coordinatorEpoch: 0, transactionVersion: 0 });

/** `producer/epoch count` of each batch; a marker has a C. */
const batches = () =>
  log.batches
    .flatMap(({ bytes }) => [...decodeBatches(bytes)])
    .map(
      ({ producerId, producerEpoch, isTransactional, isControl, records }) =>
        `${isTransactional ? `${producerId}/${producerEpoch}` : 'plain'} ${isControl ? 'C' : records.length}`,
    );

describe('offsets of a transaction', () => {
  it('count when it is committed, in the order of the log', async () => {
    expect(await inTransaction(7, 10)).toBe(0);
    expect(await inTransaction(7, 11)).toBe(0);
    expect(await inTransaction(8, 20, 1)).toBe(0);
    expect(await fetched()).toBe('-1 -1');
    expect(await fetched(true)).toBe('error 88 error 88');
    expect(await end(7, 'COMMIT')).toBe(0);
    expect(await fetched(true)).toBe('11 error 88');
    expect(await end(8, 'ABORT')).toBe(0);
    expect(await fetched(true)).toBe('11 -1');
    // What was committed plainly meanwhile is later.
    await inTransaction(7, 30);
    await plain(31);
    expect(await end(7, 'COMMIT')).toBe(0);
    expect(await fetched(true)).toBe('31 -1');
    // The end of a transaction without offsets here means nothing, and may come twice.
    expect(await end(7, 'COMMIT')).toBe(0);
    expect(await end(99, 'ABORT')).toBe(0);
    expect(await fetched(true)).toBe('31 -1');
  });

  it('are what a load finds of them', async () => {
    await inTransaction(7, 10);
    await inTransaction(8, 20, 1);
    await end(7, 'COMMIT');
    await groups.startPartition(0, log);
    expect(await fetched(true)).toBe('10 error 88');
    expect(await end(8, 'COMMIT')).toBe(0);
    await groups.startPartition(0, log);
    expect(await fetched(true)).toBe('10 20');
  });

  it('lie in batches of their own, one for each producer', async () => {
    const all = [inTransaction(7, 1), inTransaction(7, 2, 1), plain(3, 2), inTransaction(8, 4), inTransaction(7, 5)];
    expect(await Promise.all(all)).toEqual([0, 0, 0, 0, 0]);
    const ended = end(7, 'COMMIT');
    const late = inTransaction(7, 6);
    expect(await ended).toBe(0);
    expect(await late).toBe(0);
    expect(batches()).toEqual(['7/0 2', 'plain 1', '8/0 1', '7/0 1', '7/0 C', '7/0 1']);
    expect(await fetched()).toBe('5 2');
  });

  it('are taken back when the log does not take them, and so is their end', async () => {
    log.failWith = ErrorCode.INVALID_PRODUCER_EPOCH;
    expect(await inTransaction(7, 10)).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect(await end(7, 'COMMIT')).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    log.failWith = ErrorCode.KAFKA_STORAGE_ERROR;
    expect(await end(7, 'COMMIT')).toBe(ErrorCode.NOT_COORDINATOR);
    log.failWith = undefined;
    expect(await fetched(true)).toBe('-1 -1');
  });

  it('are ended when the marker is committed, or not here', async () => {
    await inTransaction(7, 10);
    log.held = true;
    const ended = end(7, 'COMMIT');
    await time.advance(testConfig.offsetsCommitTimeoutMs);
    expect(await ended).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    const again = end(7, 'COMMIT');
    groups.stopPartition(0);
    expect(await again).toBe(ErrorCode.NOT_COORDINATOR);
    expect(await end(7, 'COMMIT')).toBe(ErrorCode.NOT_COORDINATOR);
    groups.expectPartition(0);
    expect(await end(7, 'COMMIT')).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  });
});

describe('who may commit in a transaction', () => {
  const subscription = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255]);

  async function member(): Promise<{ memberId: string; generationId: number }> {
    const request = {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      groupInstanceId: 'i',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription }],
      reason: null,
    };
    const joined = groups.joinGroup(request, { apiVersion: 5, clientId: 'c', clientAddress: '127.0.0.1' });
    await time.advance(0);
    const { memberId = '', generationId = -1 } = await joined;
    return { memberId, generationId };
  }

  it('is a current member, whatever its group is doing, or somebody who says nothing', async () => {
    expect(await inTransaction(7, 1, 0, { generationId: 3, memberId: 'm' })).toBe(ErrorCode.ILLEGAL_GENERATION);
    const { memberId, generationId } = await member();
    // The group waits for the assignment: plain commits would have to wait for it too.
    expect(await inTransaction(7, 1, 0, { memberId, generationId })).toBe(0);
    expect(await inTransaction(7, 1, 0, { memberId, generationId, groupInstanceId: 'i' })).toBe(0);
    expect(await inTransaction(7, 1)).toBe(0);
    expect(await inTransaction(7, 1, 0, { memberId, generationId: generationId - 1 })).toBe(
      ErrorCode.ILLEGAL_GENERATION,
    );
    expect(await inTransaction(7, 1, 0, { memberId: 'other', generationId })).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(await inTransaction(7, 1, 0, { memberId: 'other', generationId, groupInstanceId: 'i' })).toBe(
      ErrorCode.FENCED_INSTANCE_ID,
    );
    const topics = topicsOf(1, 0, 'x'.repeat(5000));
    expect(await inTransaction(7, 1, 0, { topics })).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE);
  });
});
