import { describe, expect, test } from 'vitest';
import { encodeAssignment } from '../../src/client/consumer/protocol.js';
import { ClusterClient, Consumer, type ConsumerOptions } from '../../src/client/index.js';
import { encodeBatch } from '../../src/records/index.js';
import { FakeCluster, type FakeRequest } from './support/fake_broker.js';

function setUp(options: ConsumerOptions = {}) {
  const fake = new FakeCluster();
  fake.topics.set('t', { partitions: 2 });
  fake.on('FindCoordinator', () => ({ coordinators: [{ key: 'g', nodeId: 1, host: 'fake', port: 9001 }] }));
  fake.on('JoinGroup', () => ({
    generationId: 1,
    protocolName: 'range',
    leader: 'other',
    memberId: 'me',
    members: [],
  }));
  fake.on('SyncGroup', () => ({ assignment: Buffer.from(encodeAssignment([{ topic: 't', partition: 0 }])) }));
  fake.on('Heartbeat', () => ({ errorCode: 0 }));
  fake.on('LeaveGroup', () => ({ errorCode: 0 }));
  fake.on('OffsetFetch', () => ({ groups: [{ groupId: 'g', topics: [] }] }));
  fake.on('OffsetCommit', (request) => ({
    topics: committed(request).map((one) => ({
      name: 't',
      partitions: [{ partitionIndex: one.partition, errorCode: 0 }],
    })),
  }));
  fake.on('ListOffsets', (request) => ({
    topics: (
      request.body.topics as ReadonlyArray<{
        name: string;
        partitions: ReadonlyArray<{ partitionIndex: number; timestamp: number }>;
      }>
    ).map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => ({
        partitionIndex,
        errorCode: 0,
        timestamp: -1,
        offset: timestamp === -2 ? 0 : 3,
      })),
    })),
  }));
  fake.on('Fetch', async (request) => {
    const [asked] = fetchOf(request);
    if (asked !== undefined && asked.fetchOffset < 3) return fetchAnswer(request, { records: threeRecords });
    await new Promise((resolve) => fake.time.after(Number(request.body.maxWaitMs), () => resolve(undefined)));
    return fetchAnswer(request, { records: null });
  });
  const cluster = new ClusterClient(fake.environment, { bootstrapServers: [{ host: 'fake', port: 9001 }] });
  const consumer = new Consumer(cluster, options);
  const close = async () => {
    const closing = consumer.close();
    await fake.time.advance(100);
    await closing;
    await cluster.close();
    await fake.time.advance(1_000);
    expect(fake.time.pendingTimers).toBe(0);
  };
  /** Polls in virtual time. */
  const poll = async (timeoutMs: number) => {
    const polling = consumer.poll({ timeoutMs });
    await fake.time.advance(timeoutMs);
    return polling;
  };
  return { fake, cluster, consumer, close, poll };
}

const threeRecords = encodeBatch({
  records: ['a', 'b', 'c'].map((value) => ({ timestampMs: 1, value: Buffer.from(value) })),
});

function fetchOf(request: FakeRequest) {
  return (
    request.body.topics as ReadonlyArray<{
      topic: string;
      partitions: ReadonlyArray<{ partition: number; fetchOffset: number }>;
    }>
  ).flatMap((topic) => topic.partitions);
}

function committed(request: FakeRequest) {
  return (
    request.body.topics as ReadonlyArray<{
      partitions: ReadonlyArray<{ partitionIndex: number; committedOffset: number }>;
    }>
  ).flatMap((topic) =>
    topic.partitions.map(({ partitionIndex, committedOffset }) => ({
      partition: partitionIndex,
      offset: committedOffset,
    })),
  );
}

function fetchAnswer(request: FakeRequest, partition: Readonly<Record<string, unknown>>): object {
  return {
    responses: [
      {
        topic: 't',
        partitions: fetchOf(request).map((one) => ({
          partitionIndex: one.partition,
          errorCode: 0,
          highWatermark: 3,
          ...partition,
        })),
      },
    ],
  };
}

const earliest = { autoOffsetReset: 'earliest' } as const;

describe('fetching', () => {
  test('errors that pass are tried again with fresh metadata', async () => {
    const { fake, consumer, close, poll } = setUp(earliest);
    let failures = 0;
    fake.on('Fetch', (request) => {
      failures += 1;
      return failures < 3
        ? fetchAnswer(request, { errorCode: 6, records: null })
        : fetchAnswer(request, { records: threeRecords });
    });
    consumer.assign([{ topic: 't', partition: 0 }]);
    expect(await poll(3_000)).toHaveLength(3);
    expect(fake.sent('Metadata').length).toBeGreaterThanOrEqual(3);
    await close();
  });

  test('errors that do not pass reach the caller', async () => {
    const { fake, consumer, close } = setUp(earliest);
    fake.on('Fetch', (request) => fetchAnswer(request, { errorCode: 29, records: null }));
    consumer.assign([{ topic: 't', partition: 0 }]);
    const failed = expect(consumer.poll({ timeoutMs: 5_000 })).rejects.toThrow(/TOPIC_AUTHORIZATION_FAILED/);
    await fake.time.advance(5_000);
    await failed;
    await close();
  });

  test('an answer from before a seek is thrown away', async () => {
    const { fake, consumer, close, poll } = setUp({ ...earliest, maxWaitMs: 1_000 });
    fake.on('Fetch', async (request) => {
      const slow = fetchOf(request)[0]?.fetchOffset === 0;
      if (slow) await new Promise((resolve) => fake.time.after(500, () => resolve(undefined)));
      return fetchAnswer(request, { records: threeRecords });
    });
    consumer.assign([{ topic: 't', partition: 0 }]);
    expect(await poll(100)).toEqual([]);
    consumer.seek({ topic: 't', partition: 0 }, 2);
    expect((await poll(2_000)).map((one) => one.offset)).toEqual([2]);
    await close();
  });

  test('fetches do not wait for each other: two partitions on two brokers', async () => {
    const { fake, consumer, close, poll } = setUp(earliest);
    fake.nodes.set(2, 9002);
    fake.topics.set('t', { partitions: 2, leaders: [1, 2] });
    consumer.assign([0, 1].map((partition) => ({ topic: 't', partition })));
    const records = [...(await poll(100)), ...(await poll(100))];
    expect(records.map((one) => one.partition).sort()).toEqual([0, 0, 0, 1, 1, 1]);
    expect(new Set(fake.sent('Fetch').map((one) => one.port))).toEqual(new Set([9001, 9002]));
    await close();
  });
});

test('what comes before a damaged batch is handed out, then the error until a seek', async () => {
  const { fake, consumer, close, poll } = setUp(earliest);
  const damaged = encodeBatch({ records: [{ timestampMs: 1, value: Buffer.from('x') }], baseOffset: 3 });
  damaged[65]! ^= 1;
  fake.on('Fetch', (request) =>
    fetchOf(request)[0]?.fetchOffset === 0
      ? fetchAnswer(request, { records: Buffer.concat([threeRecords, damaged]) })
      : 'hold',
  );
  consumer.assign([{ topic: 't', partition: 0 }]);
  expect(await poll(100)).toHaveLength(3);
  await expect(consumer.poll({ timeoutMs: 0 })).rejects.toThrow(/t-0 at offset 3 cannot be read: CRC/);
  await expect(consumer.poll({ timeoutMs: 0 })).rejects.toThrow(/offset 3/);
  consumer.seek({ topic: 't', partition: 0 }, 4);
  expect(await poll(0)).toEqual([]);
  await close();
});

describe('membership', () => {
  const member = { ...earliest, groupId: 'g' };

  test('heartbeats go on between polls', async () => {
    const { fake, consumer, close, poll } = setUp(member);
    consumer.subscribe(['t']);
    await poll(100);
    await fake.time.advance(30_000);
    expect(fake.sent('Heartbeat')).toHaveLength(10);
    await close();
    expect(fake.sent('LeaveGroup')).toHaveLength(1);
  });

  test('a consumer that does not poll leaves, and its partitions are lost', async () => {
    const { fake, consumer, close, poll } = setUp({ ...member, maxPollIntervalMs: 20_000 });
    const events: string[] = [];
    consumer.subscribe(['t'], {
      onLost: () => void events.push('lost'),
      onAssigned: () => void events.push('assigned'),
    });
    await poll(100);
    await fake.time.advance(25_000);
    expect(fake.sent('LeaveGroup')).toHaveLength(1);
    await poll(1_000);
    expect(events).toEqual(['assigned', 'lost', 'assigned']);
    await close();
  });

  test('the coordinator is looked for again when it moved', async () => {
    const { fake, consumer, close, poll } = setUp(member);
    let moved = false;
    fake.on('Heartbeat', () => {
      if (moved) return { errorCode: 0 };
      moved = true;
      return { errorCode: 16 };
    });
    consumer.subscribe(['t']);
    await poll(100);
    await fake.time.advance(10_000);
    expect(fake.sent('FindCoordinator')).toHaveLength(2);
    expect(fake.sent('JoinGroup')).toHaveLength(1);
    await close();
  });

  test('a member id is asked for once and used for the second attempt', async () => {
    const { fake, consumer, close, poll } = setUp(member);
    fake.on('JoinGroup', ({ body }) =>
      body.memberId === ''
        ? { errorCode: 79, memberId: 'me', protocolName: null }
        : { generationId: 1, protocolName: 'range', leader: 'other', memberId: 'me' },
    );
    consumer.subscribe(['t']);
    await poll(100);
    expect(fake.sent('JoinGroup').map((one) => one.body.memberId)).toEqual(['', 'me']);
    await close();
  });

  test('what ends the membership for good reaches the caller', async () => {
    const { fake, consumer, close } = setUp(member);
    fake.on('JoinGroup', () => ({ errorCode: 30 }));
    consumer.subscribe(['t']);
    const failed = expect(consumer.poll({ timeoutMs: 1_000 })).rejects.toThrow(/GROUP_AUTHORIZATION_FAILED/);
    await fake.time.advance(1_000);
    await failed;
    await close();
  });

  test('auto commit sends positions once, by time and at the close', async () => {
    const { fake, consumer, close, poll } = setUp(member);
    consumer.subscribe(['t']);
    expect(await poll(1_000)).toHaveLength(3);
    await poll(5_000);
    await poll(100);
    expect(fake.sent('OffsetCommit').flatMap(committed)).toEqual([{ partition: 0, offset: 3 }]);
    await close();
    expect(fake.sent('OffsetCommit')).toHaveLength(1);
  });

  test('wakeUp ends a poll that waits', async () => {
    const { fake, consumer, close } = setUp(earliest);
    consumer.assign([{ topic: 't', partition: 0 }]);
    const first = consumer.poll();
    await fake.time.advance(10);
    expect(await first).toHaveLength(3);
    const waiting = consumer.poll();
    await fake.time.advance(50);
    consumer.wakeUp();
    expect(await waiting).toEqual([]);
    await close();
  });
});
