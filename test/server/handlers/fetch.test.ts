import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/common/ids.js';
import type { FetchResponse } from '../../../src/protocol/api/fetch.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches, encodeBatch } from '../../../src/records/index.js';
import { loadAddon } from '../../../src/storage/native.js';
import { BrokerFixture, FakeConnection } from '../../support/broker_fixture.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open({ 'millrace.flush.mode': 'os' });
});
afterEach(() => fixture.close());

const batch = (valueBytes: number) =>
  encodeBatch({
    records: [{ timestampMs: fixture.time.wallMs(), key: null, value: Buffer.alloc(valueBytes, 1), headers: [] }],
  });

/** Appends batches of one record each; returns the size of the last one. */
function append(topic: string, valueBytes: readonly number[], index = 0): number {
  let sizeBytes = 0;
  for (const length of valueBytes) {
    const bytes = batch(length);
    sizeBytes = bytes.length;
    const result = fixture
      .partition(topic, index)
      .append(bytes, 1, { nowMs: fixture.time.wallMs(), produceVersion: 9 });
    expect(result.errorCode).toBe(0);
  }
  return sizeBytes;
}

interface Wanted {
  readonly topic?: string;
  readonly index?: number;
  readonly offset?: number;
  readonly maxBytes?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
}

function topicsOf(wanted: readonly Wanted[]) {
  return wanted.map(({ topic = 't', index = 0, offset = 0, maxBytes = 1 << 20, ...more }) => ({
    topic,
    partitions: [{ partition: index, fetchOffset: offset, partitionMaxBytes: maxBytes, ...more }],
  }));
}

function start(wanted: readonly Wanted[], more: object = {}, connection?: FakeConnection) {
  return fixture.start<FetchResponse>(
    'Fetch',
    12,
    { maxWaitMs: 500, minBytes: 1, maxBytes: 1 << 20, sessionEpoch: -1, topics: topicsOf(wanted), ...more },
    connection,
  );
}

const fetch = async (wanted: readonly Wanted[], more: object = {}) => partsOf(await start(wanted, more).done);

function partsOf(response: FetchResponse | null | undefined) {
  if (response === null || response === undefined) throw new Error('not answered');
  return response.responses.flatMap(({ topic, partitions }) =>
    partitions.map(({ records, ...rest }) => ({
      ...rest,
      topic,
      sizeBytes: records?.length ?? 0,
      offsets: records === null ? [] : [...decodeBatches(records)].map(({ baseOffset }) => baseOffset),
    })),
  );
}

describe('a fetch', () => {
  it('gives whole batches within the limits, the first one always', async () => {
    await fixture.createTopic('t', 2);
    const size = append('t', [100, 100, 100, 100]);
    append('t', [100, 100], 1);
    expect(await fetch([{ maxBytes: size * 2 + 5 }])).toMatchObject([{ offsets: [0, 1], highWatermark: 4 }]);
    expect(await fetch([{ offset: 3, maxBytes: 1 }])).toMatchObject([{ offsets: [3], sizeBytes: size }]);
    // One limit for all partitions: only the first batch of all is above it.
    expect(await fetch([{}, { index: 1 }], { maxBytes: size * 3 })).toMatchObject([
      { offsets: [0, 1, 2] },
      { offsets: [] },
    ]);
    expect(await fetch([{}, { index: 1 }], { maxBytes: size * 5 })).toMatchObject([
      { offsets: [0, 1, 2, 3] },
      { offsets: [0] },
    ]);
    expect(await fetch([{ maxBytes: 0 }, { index: 1 }], { maxBytes: 0 })).toMatchObject([
      { offsets: [0] },
      { offsets: [] },
    ]);
  });

  it('does not show what is not committed', async () => {
    await fixture.createTopic('g', 1, { 'millrace.flush.mode': 'group' });
    append('g', [10]);
    await fixture.store.flush();
    append('g', [10, 10]);
    expect(await fetch([{ topic: 'g' }])).toMatchObject([{ offsets: [0], highWatermark: 1, lastStableOffset: 1 }]);
    // Above the high watermark and within the log is no error: it is about to be committed.
    const above = await fetch([{ topic: 'g', offset: 3 }], { maxWaitMs: 0 });
    expect(above).toMatchObject([{ errorCode: 0, offsets: [] }]);
  });

  it.each<[string, Wanted, ErrorCode]>([
    ['above the end', { offset: 3 }, ErrorCode.OFFSET_OUT_OF_RANGE],
    ['below the start', { offset: 0 }, ErrorCode.OFFSET_OUT_OF_RANGE],
    ['of an unknown topic', { topic: 'u' }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['of an unknown partition', { index: 4 }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['in an older epoch', { offset: 1, currentLeaderEpoch: 1 }, ErrorCode.FENCED_LEADER_EPOCH],
    ['in a newer epoch', { offset: 1, currentLeaderEpoch: 3 }, ErrorCode.UNKNOWN_LEADER_EPOCH],
  ])('%s is answered at once', async (_, wanted, errorCode) => {
    await fixture.createTopic('t');
    append('t', [10, 10]);
    fixture.partition('t').deleteRecords(1);
    fixture.partition('t').leaderEpoch = 2;
    const pending = start([wanted], { minBytes: 1_000_000 });
    await fixture.settle();
    expect(partsOf(pending.answer)).toMatchObject([{ errorCode, highWatermark: -1, logStartOffset: -1, offsets: [] }]);
    expect(fixture.traffic.of('t').failedFetchRequests).toBe(wanted.topic === 'u' || wanted.index === 4 ? 0 : 1);
  });

  it('by topic id finds the topic, and says when there is none', async () => {
    const topicId = await fixture.createTopic('t');
    append('t', [10]);
    const of = (id: string) => ({
      topics: [{ topicId: id, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
    });
    const call = (id: string) =>
      fixture.call<FetchResponse>('Fetch', 13, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1000,
        sessionEpoch: -1,
        ...of(id),
      });
    expect(partsOf(await call(topicId))).toMatchObject([{ errorCode: 0, offsets: [0] }]);
    for (const id of [ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ'])
      expect(partsOf(await call(id))).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_ID }]);
  });

  it('tells where the epochs part (KIP-595)', async () => {
    await fixture.createTopic('t');
    const partition = fixture.partition('t');
    append('t', [10, 10]);
    partition.leaderEpoch = 3;
    append('t', [10, 10]);
    // Epoch 0 ended at 2, but this client has read more of it.
    expect(await fetch([{ offset: 3, lastFetchedEpoch: 0 }])).toMatchObject([
      { errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 2 }, offsets: [] },
    ]);
    // Epoch 2 never was: the client's records of it are not ours.
    expect(await fetch([{ offset: 2, lastFetchedEpoch: 2 }])).toMatchObject([
      { errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 2 } },
    ]);
    expect(await fetch([{ offset: 2, lastFetchedEpoch: 0 }])).toMatchObject([
      { divergingEpoch: { epoch: -1, endOffset: -1 }, offsets: [2, 3] },
    ]);
    expect(await fetch([{ offset: 2, lastFetchedEpoch: 9 }])).toMatchObject([
      { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE },
    ]);
  });
});

describe('a fetch that waits', () => {
  it('is answered when there are enough bytes, over all its partitions', async () => {
    await fixture.createTopic('t', 2);
    const pending = start([{}, { index: 1 }], { minBytes: 400 });
    await fixture.settle();
    append('t', [100]);
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    append('t', [200], 1);
    await fixture.settle();
    expect(partsOf(pending.answer)).toMatchObject([{ offsets: [0] }, { offsets: [0] }]);
    expect(fixture.replicas.wheel.size).toBe(0);
  });

  it('is answered with what there is after its time', async () => {
    await fixture.createTopic('t');
    append('t', [100]);
    const pending = start([{}], { minBytes: 5000, maxWaitMs: 300 });
    await fixture.time.advance(299);
    expect(pending.answer).toBeUndefined();
    await fixture.time.advance(1);
    expect(partsOf(pending.answer)).toMatchObject([{ offsets: [0] }]);
  });

  it('waits for the medium in mode group', async () => {
    await fixture.createTopic('g', 1, { 'millrace.flush.mode': 'group' });
    const pending = start([{ topic: 'g' }]);
    append('g', [10]);
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    await fixture.store.flush();
    await fixture.settle();
    expect(partsOf(pending.answer)).toMatchObject([{ offsets: [0], highWatermark: 1 }]);
  });

  it('is forgotten when its connection goes away', async () => {
    await fixture.createTopic('t');
    const connection = new FakeConnection();
    const pending = start([{}], { maxWaitMs: 60_000 }, connection);
    await fixture.settle();
    expect(connection.waiting).toBe(1);
    connection.close();
    expect(await pending.done).toBeNull();
    expect(connection.waiting).toBe(0);
    expect(fixture.replicas.wheel.size).toBe(0);
    // Nobody reads any more for it.
    append('t', [10]);
    expect(fixture.traffic.of('t').fetchRequests).toBe(0);
  });

  it('lets go of its connection when it is answered', async () => {
    await fixture.createTopic('t');
    const connection = new FakeConnection();
    const pending = start([{}], {}, connection);
    append('t', [10]);
    await pending.done;
    expect(connection.waiting).toBe(0);
    connection.close();
  });

  it('is answered when its topic is deleted, or its directory fails', async () => {
    const id = await fixture.createTopic('t');
    await fixture.createTopic('u');
    const gone = start([{}], { maxWaitMs: 60_000 });
    const other = start([{ topic: 'u' }], { maxWaitMs: 60_000 });
    await fixture.settle();
    await fixture.controller.deleteTopic(id);
    await fixture.settle();
    expect(partsOf(gone.answer)).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }]);
    expect(other.answer).toBeUndefined();
    fixture.store.fail();
    await fixture.settle();
    expect(partsOf(other.answer)).toMatchObject([{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR }]);
    expect(fixture.replicas.wheel.size).toBe(0);
  });

  it('is answered when the broker stops', async () => {
    await fixture.createTopic('t');
    const pending = start([{}], { maxWaitMs: 60_000 });
    await fixture.settle();
    fixture.replicas.close();
    await fixture.settle();
    expect(partsOf(pending.answer)).toMatchObject([{ errorCode: 0, offsets: [] }]);
  });
});

describe('a fetch does not wait for bytes that cannot be in its answer', () => {
  it('when whole batches fill a partition up to less than minBytes', async () => {
    await fixture.createTopic('t', 2);
    const size = append('t', [600, 600, 600]);
    const limit = size + 300;
    const full = start([{ maxBytes: limit }], { minBytes: limit });
    await fixture.settle();
    expect(partsOf(full.answer)).toMatchObject([{ offsets: [0] }]);
    const all = start([{}], { maxBytes: limit, minBytes: limit });
    await fixture.settle();
    expect(partsOf(all.answer)).toMatchObject([{ offsets: [0] }]);
    // minBytes above what the partition may give: as with Kafka nothing helps but time.
    const never = start([{ maxBytes: limit }], { minBytes: limit + 1 });
    await fixture.settle();
    expect(never.answer).toBeUndefined();
    // A second partition whose batch does not fit into what is left.
    append('t', [600], 1);
    const two = start([{}, { index: 1 }], { maxBytes: size * 3 + 100, minBytes: size * 3 + 100 });
    await fixture.settle();
    expect(partsOf(two.answer)).toMatchObject([{ offsets: [0, 1, 2] }, { offsets: [] }]);
  });

  it('when the rest of what it asks for is in the next segment', async () => {
    await fixture.createTopic('t', 1, { 'segment.bytes': '1048576' });
    append('t', [100]);
    append('t', [500_000, 500_000, 500_000]);
    const log = fixture.partition('t').log?.log;
    expect(log?.activeBaseOffset).toBe(3);
    const older = start([{ maxBytes: 4 << 20 }], { maxBytes: 4 << 20, minBytes: 1_100_000 });
    await fixture.settle();
    expect(partsOf(older.answer)).toMatchObject([{ offsets: [0, 1, 2] }]);
    const active = start([{ offset: 3, maxBytes: 4 << 20 }], { maxBytes: 4 << 20, minBytes: 1_100_000 });
    await fixture.settle();
    expect(active.answer).toBeUndefined();
    // A segment that begins while it waits.
    append('t', [600_000]);
    expect(log?.activeBaseOffset).toBe(4);
    await fixture.settle();
    expect(partsOf(active.answer)).toMatchObject([{ offsets: [3] }]);
  });

  it('but a partition that does not exist keeps no one from waiting for the others', async () => {
    await fixture.createTopic('t');
    const pending = start([{}, { topic: 'missing' }], { maxWaitMs: 300 });
    await fixture.time.advance(299);
    expect(pending.answer).toBeUndefined();
    append('t', [10]);
    await fixture.settle();
    expect(partsOf(pending.answer)).toMatchObject([
      { topic: 't', offsets: [0] },
      { topic: 'missing', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
    const alone = start([{ topic: 'missing' }, { index: 7 }]);
    await fixture.settle();
    expect(partsOf(alone.answer).map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });
});

describe('a fetch session', () => {
  const session = (sessionId: number, sessionEpoch: number, wanted: readonly Wanted[], more: object = {}) =>
    start(wanted, { sessionId, sessionEpoch, maxWaitMs: 0, ...more }).done;
  const mentioned = (response: FetchResponse | null) => partsOf(response).map(({ partitionIndex }) => partitionIndex);

  it('mentions what changed, and fetches on where the client says', async () => {
    await fixture.createTopic('t', 3);
    const full = await session(0, 0, [{}, { index: 1 }, { index: 2 }]);
    const id = full?.sessionId ?? 0;
    expect(id).toBeGreaterThan(0);
    expect(mentioned(full)).toEqual([0, 1, 2]);
    expect(mentioned(await session(id, 1, []))).toEqual([]);
    append('t', [10], 1);
    const fed = await session(id, 2, []);
    expect(fed?.sessionId).toBe(id);
    expect(partsOf(fed)).toMatchObject([{ partitionIndex: 1, offsets: [0], highWatermark: 1 }]);
    // The client did not move its position: the same again.
    expect(mentioned(await session(id, 3, []))).toEqual([1]);
    expect(mentioned(await session(id, 4, [{ index: 1, offset: 1 }]))).toEqual([]);
    fixture.partition('t', 1).deleteRecords(-1);
    expect(partsOf(await session(id, 5, []))).toMatchObject([{ partitionIndex: 1, logStartOffset: 1 }]);
    append('t', [10], 0);
    append('t', [10], 2);
    const forgotten = await session(id, 6, [], { forgottenTopicsData: [{ topic: 't', partitions: [0] }] });
    expect(mentioned(forgotten)).toEqual([2]);
  });

  it('waits for all its partitions', async () => {
    await fixture.createTopic('t', 2);
    const full = await session(0, 0, [{}, { index: 1 }]);
    const id = full?.sessionId ?? 0;
    const pending = start([], { sessionId: id, sessionEpoch: 1 });
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    append('t', [10], 1);
    await fixture.settle();
    expect(mentioned(pending.answer ?? null)).toEqual([1]);
  });

  it('gives every partition its turn when the answers are full', async () => {
    await fixture.createTopic('t', 3);
    let size = 0;
    for (const index of [0, 1, 2]) size = append('t', [100, 100, 100], index);
    const full = await session(0, 0, [{}, { index: 1 }, { index: 2 }], { maxBytes: size });
    const id = full?.sessionId ?? 0;
    const order = partsOf(full).flatMap((part) => (part.sizeBytes > 0 ? [part.partitionIndex] : []));
    for (let epoch = 1; epoch <= 5; epoch += 1)
      order.push(
        ...partsOf(await session(id, epoch, [], { maxBytes: size })).flatMap((part) =>
          part.sizeBytes > 0 ? [part.partitionIndex] : [],
        ),
      );
    expect(order).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('errors are of the whole answer', async () => {
    await fixture.createTopic('t');
    expect(await session(77, 1, [])).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0 });
    const id = (await session(0, 0, [{}]))?.sessionId ?? 0;
    expect(await session(id, 5, [])).toMatchObject({ errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, responses: [] });
    const byId = { maxWaitMs: 0, minBytes: 1, maxBytes: 1000, sessionId: id, sessionEpoch: 1, topics: [] };
    expect(await fixture.call('Fetch', 13, byId)).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR });
    expect((await session(id, 1, []))?.errorCode).toBe(0);
    // Version 6 knows no sessions.
    const old = { maxWaitMs: 0, minBytes: 1, maxBytes: 1000, topics: topicsOf([{}]) };
    expect(await fixture.call('Fetch', 6, old)).toMatchObject({ responses: [{ topic: 't' }] });
    expect(fixture.sessions.size).toBe(1);
  });
});

describe('a fetch of what no memory has', () => {
  it('is answered when it was loaded, and holds up nobody else', async () => {
    await fixture.createTopic('t', 2);
    append('t', [100, 100]);
    append('t', [100], 1);
    const { loads, waits } = fixture.store.makeCold('t-0', 2);
    const cold = start([{}, { index: 1 }], { minBytes: 0 });
    expect(await fetch([{ index: 1 }])).toMatchObject([{ offsets: [0] }]);
    for (let i = 0; i < 2; i += 1) {
      await fixture.settle();
      expect(loads).toHaveLength(i + 1);
      expect(cold.answer).toBeUndefined();
      loads[i]?.();
    }
    expect(partsOf(await cold.done)).toMatchObject([{ offsets: [0, 1] }, { offsets: [0] }]);
    expect(waits).toEqual([]);
  });

  it('waits for more as any other', async () => {
    await fixture.createTopic('t');
    append('t', [100]);
    const { loads } = fixture.store.makeCold('t-0', 1);
    const cold = start([{}], { minBytes: 300 });
    await fixture.settle();
    loads[0]?.();
    await fixture.settle();
    expect(cold.answer).toBeUndefined();
    append('t', [300]);
    expect(partsOf(await cold.done)).toMatchObject([{ offsets: [0, 1] }]);
  });

  it('waits for the medium in the end, when memory gives up what was loaded', async () => {
    await fixture.createTopic('t');
    append('t', [100]);
    const { loads, waits } = fixture.store.makeCold('t-0', 1000);
    const cold = start([{}]);
    for (let i = 0; i < 100 && cold.answer === undefined; i += 1) {
      loads[i]?.();
      await fixture.settle();
    }
    expect(partsOf(cold.answer)).toMatchObject([{ offsets: [0] }]);
    expect([loads.length, waits]).toEqual([32, ['read']]);
  });

  it('is forgotten when its connection goes away', async () => {
    await fixture.createTopic('t', 2);
    append('t', [100]);
    append('t', [100], 1);
    const { loads } = fixture.store.makeCold('t-0', 1);
    const connection = new FakeConnection();
    const before = loadAddon().regionsInUse();
    const cold = start([{}, { index: 1 }], {}, connection);
    await fixture.settle();
    expect(loadAddon().regionsInUse()).toBe(before);
    connection.close();
    loads[0]?.();
    expect(await cold.done).toBeNull();
    expect(fixture.traffic.of('t').fetchRequests).toBe(0);
    expect(loadAddon().regionsInUse()).toBe(before);
  });

  it('is loaded, too, when it comes while the fetch waits', async () => {
    await fixture.createTopic('t');
    append('t', [100]);
    const waiting = start([{ offset: 1 }]);
    await fixture.settle();
    const { loads, waits } = fixture.store.makeCold('t-0', 1);
    append('t', [100]);
    await fixture.settle();
    expect([loads.length, waiting.answer]).toEqual([1, undefined]);
    loads[0]?.();
    expect(partsOf(await waiting.done)).toMatchObject([{ offsets: [1] }]);
    expect(waits).toEqual([]);
  });

  it('is loaded when the wait is over', async () => {
    await fixture.createTopic('t');
    append('t', [100]);
    const waiting = start([{}], { minBytes: 10_000 });
    await fixture.settle();
    const { loads, waits } = fixture.store.makeCold('t-0', 1);
    await fixture.time.advance(500);
    expect([loads.length, waiting.answer]).toEqual([1, undefined]);
    loads[0]?.();
    expect(partsOf(await waiting.done)).toMatchObject([{ offsets: [0] }]);
    expect(waits).toEqual([]);
  });

  it('waits no longer in all than it asked for', async () => {
    await fixture.createTopic('t');
    append('t', [100]);
    const waiting = start([{}], { minBytes: 10_000 });
    await fixture.time.advance(300);
    const { loads } = fixture.store.makeCold('t-0', 1);
    append('t', [100]);
    await fixture.settle();
    loads[0]?.();
    await fixture.time.advance(190);
    expect(waiting.answer).toBeUndefined();
    await fixture.time.advance(20);
    expect(partsOf(waiting.answer)).toMatchObject([{ offsets: [0, 1] }]);
  });
});
