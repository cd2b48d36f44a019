import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/common/ids.js';
import type { ProduceResponse } from '../../../src/protocol/api/produce.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches, encodeBatch } from '../../../src/records/index.js';
import { BrokerFixture } from '../../support/broker_fixture.js';

type BatchInput = Parameters<typeof encodeBatch>[0];

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open();
});
afterEach(() => fixture.close());

const records = (count = 1, more: Partial<BatchInput> = {}, timestampMs = fixture.time.wallMs()) =>
  encodeBatch({
    records: Array.from({ length: count }, () => ({ timestampMs, key: null, value: Buffer.from('v'), headers: [] })),
    ...more,
  });

interface Part {
  readonly topic?: string;
  readonly index?: number;
  readonly bytes?: Uint8Array | null;
}

function request(parts: readonly Part[], more: object = {}) {
  return {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: parts.map(({ topic = 't', index = 0, bytes = records() }) => ({
      name: topic,
      partitionData: [{ index, records: bytes }],
    })),
    ...more,
  };
}

const start = (parts: readonly Part[], more: object = {}, version = 9) =>
  fixture.start<ProduceResponse>('Produce', version, request(parts, more));

function answersOf(response: ProduceResponse | null | undefined) {
  if (response === null || response === undefined) throw new Error('not answered');
  return response.responses.flatMap((topic) => topic.partitionResponses);
}

/** The answer of one partition, with everything on the medium at once. */
async function produce(parts: readonly Part[], more: object = {}, version = 9) {
  const pending = start(parts, more, version);
  await fixture.settle();
  await fixture.store.flush();
  const [answer] = answersOf(await pending.done);
  if (answer === undefined) throw new Error('no partition');
  return answer;
}

describe('acknowledgements', () => {
  it.each([1, -1])('with acks=%i and mode group wait for the medium', async (acks) => {
    await fixture.createTopic('t');
    const pending = start([{ bytes: records(3) }], { acks });
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(3);
    await fixture.store.flush();
    await fixture.settle();
    expect(answersOf(pending.answer)).toMatchObject([{ errorCode: 0, baseOffset: 0, logStartOffset: 0 }]);
    // Nothing is left that waits.
    expect(fixture.replicas.wheel.size).toBe(0);
  });

  it('in mode os come at once', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'os' });
    const pending = start([{}]);
    await fixture.settle();
    expect(answersOf(pending.answer)).toMatchObject([{ errorCode: 0, baseOffset: 0 }]);
  });

  it('with acks=0 do not exist, and a failure closes the connection', async () => {
    await fixture.createTopic('t');
    const pending = start([{}], { acks: 0 });
    expect(await pending.done).toBeNull();
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(1);
    await expect(start([{}, { topic: 'missing' }], { acks: 0 }).done).rejects.toThrow(/acks=0 failed \(error 3\)/);
    // What could be appended was.
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(2);
  });

  it('of several partitions come together, when the last one is on the medium', async () => {
    await fixture.createTopic('t', 2);
    const pending = start([{ index: 0 }, { index: 1 }, { index: 9 }]);
    await fixture.settle();
    await fixture.store.flush('t-1');
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    await fixture.store.flush('t-0');
    await fixture.settle();
    expect(answersOf(pending.answer).map(({ index, errorCode }) => [index, errorCode])).toEqual([
      [0, 0],
      [1, 0],
      [9, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
  });

  it('that take too long are REQUEST_TIMED_OUT, for those partitions only', async () => {
    await fixture.createTopic('t', 2);
    const pending = start([{ index: 0 }, { index: 1 }], { timeoutMs: 700 });
    await fixture.settle();
    await fixture.store.flush('t-0');
    await fixture.time.advance(699);
    expect(pending.answer).toBeUndefined();
    await fixture.time.advance(10);
    expect(answersOf(pending.answer)).toMatchObject([
      { index: 0, errorCode: 0, baseOffset: 0 },
      { index: 1, errorCode: ErrorCode.REQUEST_TIMED_OUT },
    ]);
    // The records are there all the same; the medium catching up later bothers nobody.
    await fixture.store.flush();
    expect(fixture.partition('t', 1).highWatermark).toBe(1);
  });

  it('with a timeout below zero time out at once', async () => {
    await fixture.createTopic('t');
    const pending = start([{}], { timeoutMs: -5 });
    await fixture.time.advance(10);
    expect(answersOf(pending.answer)).toMatchObject([{ errorCode: ErrorCode.REQUEST_TIMED_OUT }]);
  });

  it('of a topic that is deleted meanwhile come at once', async () => {
    const id = await fixture.createTopic('t');
    await fixture.createTopic('u');
    const both = start([{}, { topic: 'u' }], { timeoutMs: 30_000 });
    await fixture.settle();
    await fixture.store.flush('u-0');
    expect((await fixture.controller.deleteTopic(id)).errorCode).toBe(0);
    await fixture.settle();
    expect(answersOf(both.answer)).toMatchObject([
      { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
      { errorCode: 0 },
    ]);
    expect(fixture.replicas.wheel.size).toBe(0);
  });

  it('of a directory that fails meanwhile come at once', async () => {
    await fixture.createTopic('t');
    const pending = start([{}], { timeoutMs: 30_000 });
    await fixture.settle();
    fixture.store.fail();
    await fixture.settle();
    expect(answersOf(pending.answer)).toMatchObject([{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, baseOffset: -1 }]);
    expect(await produce([{}])).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logStartOffset: -1 });
    // Below version 4 clients need not know that error.
    expect(await produce([{}], {}, 3)).toMatchObject({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
  });
});

describe('idempotent producers', () => {
  const idempotent = (baseSequence: number, count = 1, more: Partial<BatchInput> = {}) => [
    { bytes: records(count, { producerId: 9, producerEpoch: 0, baseSequence, ...more }) },
  ];

  it('send each of their last five batches again and get the first answer', async () => {
    await fixture.createTopic('t');
    for (let i = 0; i < 7; i += 1)
      expect(await produce(idempotent(i * 2, 2))).toMatchObject({ errorCode: 0, baseOffset: i * 2 });
    for (let i = 2; i < 7; i += 1)
      expect(await produce(idempotent(i * 2, 2))).toMatchObject({ errorCode: 0, baseOffset: i * 2 });
    // Older ones, and parts of one, are not recognised.
    for (const batch of [idempotent(2, 2), idempotent(12, 1), idempotent(13, 1)])
      expect(await produce(batch)).toMatchObject({
        errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        baseOffset: -1,
        logStartOffset: 0,
      });
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(14);
    expect(fixture.traffic.of('t')).toMatchObject({ messagesIn: 14, produceRequests: 15, failedProduceRequests: 3 });
  });

  it('wait with a repeated batch for the medium as with the first', async () => {
    await fixture.createTopic('t');
    const first = start(idempotent(0));
    const second = start(idempotent(0));
    await fixture.settle();
    expect([first.answer, second.answer]).toEqual([undefined, undefined]);
    await fixture.store.flush();
    await fixture.settle();
    expect(answersOf(first.answer)).toMatchObject([{ errorCode: 0, baseOffset: 0 }]);
    expect(answersOf(second.answer)).toMatchObject([{ errorCode: 0, baseOffset: 0 }]);
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(1);
  });

  it('get no gaps, no older epoch, and begin a newer one at 0', async () => {
    await fixture.createTopic('t');
    await produce(idempotent(0));
    expect((await produce(idempotent(2))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await produce(idempotent(5, 1, { producerEpoch: 1 }))).errorCode).toBe(
      ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    );
    expect((await produce(idempotent(0, 1, { producerEpoch: 1 }))).errorCode).toBe(0);
    expect((await produce(idempotent(1))).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect((await produce(idempotent(1, 1, { producerEpoch: 1 }))).errorCode).toBe(0);
  });

  it('that nobody knows may begin anywhere', async () => {
    await fixture.createTopic('t');
    expect(await produce(idempotent(100))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await produce(idempotent(101))).toMatchObject({ errorCode: 0, baseOffset: 1 });
  });

  it('go from the largest sequence to 0', async () => {
    await fixture.createTopic('t');
    expect((await produce(idempotent(0x7fff_ffff - 1, 3))).errorCode).toBe(0);
    expect((await produce(idempotent(1))).errorCode).toBe(0);
    expect(await produce(idempotent(0x7fff_ffff - 1, 3))).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });
});

describe('what is refused', () => {
  it('acks that mean nothing, transactions, unknown topics and ids', async () => {
    await fixture.createTopic('t');
    expect((await produce([{}], { acks: 2 })).errorCode).toBe(ErrorCode.INVALID_REQUIRED_ACKS);
    const bytes = records(1, { producerId: 7, producerEpoch: 0, baseSequence: 0, isTransactional: true });
    // Nobody coordinates it yet.
    expect((await produce([{ bytes }], { transactionalId: 'x' })).errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect((await produce([{ bytes }])).errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    expect((await produce([{ topic: 'u' }])).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect((await produce([{ index: 1 }])).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect((await produce([{ index: -1 }])).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const byId = (topicId: string, index = 0) => ({
      topicData: [{ topicId, partitionData: [{ index, records: records() }] }],
    });
    expect((await produce([], byId(ZERO_UUID), 13)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
    expect((await produce([], byId('AAAAAAAAAAAAAAAAAAAAAQ'), 13)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
    const id = fixture.replicas.idOf('t') ?? '';
    expect((await produce([], byId(id, 3), 13)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(0);
    expect(await produce([], byId(id), 13)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  it('a batch that is damaged, none, or two at once; the log is as before', async () => {
    await fixture.createTopic('t');
    const good = records(2);
    const damaged = Buffer.from(good);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const cases: Array<[Uint8Array | null, ErrorCode]> = [
      [damaged, ErrorCode.CORRUPT_MESSAGE],
      [null, ErrorCode.INVALID_RECORD],
      [Buffer.alloc(0), ErrorCode.INVALID_RECORD],
      [Buffer.concat([good, good]), ErrorCode.INVALID_RECORD],
      [records(1, { isControl: true, producerId: 1, producerEpoch: 0, baseSequence: 0 }), ErrorCode.INVALID_RECORD],
    ];
    for (const [bytes, errorCode] of cases)
      expect(await produce([{ bytes }])).toMatchObject({ errorCode, baseOffset: -1 });
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(0);
    expect(fixture.traffic.of('t')).toMatchObject({ messagesIn: 0, bytesIn: 0, failedProduceRequests: cases.length });
  });

  it('a batch above max.message.bytes', async () => {
    await fixture.createTopic('t', 1, { 'max.message.bytes': '200' });
    const large = encodeBatch({
      records: [{ timestampMs: fixture.time.wallMs(), key: null, value: Buffer.alloc(200), headers: [] }],
    });
    expect(await produce([{ bytes: large }])).toMatchObject({
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
      logStartOffset: -1,
    });
  });

  it('names the records of a bad batch (KIP-467)', async () => {
    await fixture.createTopic('compacted', 1, { 'cleanup.policy': 'compact' });
    const stamp = { timestampMs: fixture.time.wallMs(), value: Buffer.from('v'), headers: [] };
    const bytes = encodeBatch({
      records: [
        { ...stamp, key: Buffer.from('k') },
        { ...stamp, key: null },
        { ...stamp, key: null },
      ],
    });
    const answer = await produce([{ topic: 'compacted', bytes }]);
    expect(answer.errorCode).toBe(ErrorCode.INVALID_RECORD);
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 2]);
    await fixture.createTopic('dated', 1, { 'message.timestamp.after.max.ms': '1000' });
    const late = await produce([{ topic: 'dated', bytes: records(2, {}, fixture.time.wallMs() + 1001) }]);
    expect(late.errorCode).toBe(ErrorCode.INVALID_TIMESTAMP);
    expect(late.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1]);
    expect((await produce([{ topic: 'dated', bytes: records(2, {}, fixture.time.wallMs() + 1000) }])).errorCode).toBe(
      0,
    );
  });

  it('internal topics', async () => {
    await fixture.createTopic('__consumer_offsets', 1, { 'cleanup.policy': 'compact' });
    expect((await produce([{ topic: '__consumer_offsets' }])).errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
  });

  it('fewer replicas than min.insync.replicas, for acks=all alone', async () => {
    await fixture.createTopic('t', 1, { 'min.insync.replicas': '2' });
    fixture.partition('t').replicas = [1, 2];
    expect((await produce([{}])).errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect((await produce([{}], { acks: 1 })).errorCode).toBe(0);
  });
});

describe('topics with a codec of their own', () => {
  const stored = (topic: string) => {
    const log = fixture.partition(topic).log?.log;
    return [...decodeBatches(log?.readCopy(log.logStartOffset, 1 << 20, log.logEndOffset) ?? new Uint8Array())];
  };
  const text = 'the quick brown fox '.repeat(50);
  const wordy = (more: Partial<BatchInput> = {}) =>
    encodeBatch({
      records: [0, 1].map((index) => ({
        timestampMs: fixture.time.wallMs() + index,
        key: Buffer.from('k'),
        value: Buffer.from(text),
        headers: [],
      })),
      ...more,
    });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('store in %s, and the answer waits for the medium', async (codec) => {
    await fixture.createTopic('t', 1, { 'compression.type': codec });
    const pending = start([{ bytes: wordy() }]);
    // Nothing of it runs on the loop.
    expect(fixture.partition('t').log?.log.logEndOffset).toBe(0);
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    await fixture.store.flush();
    await fixture.settle();
    expect(answersOf(pending.answer)).toMatchObject([{ errorCode: 0, baseOffset: 0 }]);
    expect(stored('t')).toMatchObject([{ compression: codec, recordCount: 2 }]);
    expect(stored('t')[0]?.sizeBytes).toBeLessThan(300);
    expect(fixture.logs.rebuilds).toMatchObject({ underWay: 0, batches: 1 });
  });

  it('answer a batch that comes again with its first offset, and refuse gaps', async () => {
    await fixture.createTopic('t', 1, { 'compression.type': 'zstd', 'millrace.flush.mode': 'os' });
    const numbered = (baseSequence: number) => [{ bytes: wordy({ producerId: 9, producerEpoch: 0, baseSequence }) }];
    expect(await produce(numbered(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await produce(numbered(2))).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await produce(numbered(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await produce(numbered(8))).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(stored('t')).toMatchObject([
      { producerId: 9, baseSequence: 0 },
      { producerId: 9, baseSequence: 2 },
    ]);
  });

  it('answer when another partition of the request was committed before they are appended', async () => {
    await fixture.createTopic('plain');
    await fixture.createTopic('t', 1, { 'compression.type': 'zstd' });
    const pending = start([{ topic: 'plain' }, { bytes: wordy() }]);
    await fixture.store.flush('plain-0');
    await fixture.settle();
    await fixture.store.flush('t-0');
    await fixture.settle();
    expect(answersOf(pending.answer)).toMatchObject([
      { errorCode: 0, baseOffset: 0 },
      { errorCode: 0, baseOffset: 0 },
    ]);
    expect(fixture.replicas.wheel.size).toBe(0);
  });

  it('stamp append times on what they compressed', async () => {
    await fixture.createTopic('t', 1, { 'compression.type': 'lz4', 'message.timestamp.type': 'LogAppendTime' });
    const nowMs = fixture.time.wallMs();
    expect(await produce([{ bytes: wordy() }])).toMatchObject({ errorCode: 0, logAppendTimeMs: nowMs });
    expect(stored('t')).toMatchObject([
      { compression: 'lz4', timestampType: 'LogAppendTime', maxTimestampMs: nowMs, baseTimestampMs: nowMs },
    ]);
  });

  it('lose nothing else when they are deleted meanwhile', async () => {
    await fixture.createTopic('t', 1, { 'compression.type': 'zstd' });
    await fixture.createTopic('other', 1, { 'compression.type': 'gzip', 'millrace.flush.mode': 'os' });
    const pending = start([{ bytes: wordy() }, { topic: 'other', bytes: wordy() }]);
    // Not awaited: it is gone before the thread is done.
    fixture.partition('t').goOffline();
    await fixture.controller.deleteTopic(fixture.replicas.idOf('t') ?? ZERO_UUID);
    await fixture.settle();
    const [first, second] = answersOf(pending.answer);
    expect([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.KAFKA_STORAGE_ERROR]).toContain(first?.errorCode);
    expect(first?.baseOffset).toBe(-1);
    expect(second).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  it('refuse what is too large in their codec, and with acks=0 by closing', async () => {
    await fixture.createTopic('t', 1, { 'compression.type': 'uncompressed', 'max.message.bytes': '1000' });
    const bytes = wordy({ compression: 'gzip' });
    expect(bytes.length).toBeLessThan(300);
    expect(await produce([{ bytes }])).toMatchObject({ errorCode: ErrorCode.MESSAGE_TOO_LARGE });
    await expect(start([{ bytes }], { acks: 0 }).done).rejects.toThrow(/acks=0 failed \(error 10\)/);
    expect(stored('t')).toEqual([]);
  });
});

it('a topic that stamps append times tells them', async () => {
  await fixture.createTopic('t', 1, { 'message.timestamp.type': 'LogAppendTime' });
  await fixture.time.advance(500);
  expect(await produce([{ bytes: records(2, {}, 5) }])).toMatchObject({
    errorCode: 0,
    logAppendTimeMs: fixture.time.wallMs(),
  });
});
