import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddPartitionsToTxnResponse } from '../../../src/protocol/api/add_partitions_to_txn.js';
import type { EndTxnResponse } from '../../../src/protocol/api/end_txn.js';
import type { FetchResponse } from '../../../src/protocol/api/fetch.js';
import type { FindCoordinatorResponse } from '../../../src/protocol/api/find_coordinator.js';
import type { InitProducerIdResponse } from '../../../src/protocol/api/init_producer_id.js';
import type { ProduceResponse } from '../../../src/protocol/api/produce.js';
import type { WriteTxnMarkersResponse } from '../../../src/protocol/api/write_txn_markers.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches, encodeBatch } from '../../../src/records/index.js';
import { BrokerFixture } from '../../support/broker_fixture.js';

let fixture: BrokerFixture;
let topicId: string;

beforeEach(async () => {
  fixture = await BrokerFixture.open({
    'millrace.flush.mode': 'os',
    'transaction.state.log.num.partitions': '3',
  });
  topicId = await fixture.createTopic('t', 2);
  const found = await fixture.call<FindCoordinatorResponse>('FindCoordinator', 4, {
    keyType: 1,
    coordinatorKeys: ['x'],
  });
  expect(found.coordinators).toMatchObject([{ key: 'x', errorCode: 0, nodeId: 1, host: 'broker-1' }]);
});
afterEach(async () => {
  fixture.coordinators.close();
  await fixture.close();
});

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

async function init(transactionalId = 'x', version = 5, more: object = {}): Promise<InitProducerIdResponse> {
  return fixture.call('InitProducerId', version, { transactionalId, transactionTimeoutMs: 60_000, ...more });
}

async function add(producer: Producer, partitions: number[], version = 3, topic = 't') {
  const answer = await fixture.call<AddPartitionsToTxnResponse>('AddPartitionsToTxn', version, {
    v3AndBelowTransactionalId: 'x',
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: [{ name: topic, partitions }],
  });
  return answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
    resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
  );
}

async function produce(
  producer: Producer,
  baseSequence: number,
  version = 11,
  more: { acks?: number; index?: number } = {},
) {
  const records = encodeBatch({
    records: [
      {
        timestampMs: fixture.time.wallMs(),
        key: null,
        value: Buffer.from(`${producer.producerEpoch}/${baseSequence}`),
      },
    ],
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    baseSequence,
    isTransactional: true,
  });
  const partitionData = [{ index: more.index ?? 0, records }];
  const pending = fixture.start<ProduceResponse>('Produce', version, {
    transactionalId: 'x',
    acks: more.acks ?? -1,
    timeoutMs: 1000,
    topicData: [version >= 13 ? { topicId, partitionData } : { name: 't', partitionData }],
  });
  for (let turn = 0; turn < 20 && pending.answer === undefined; turn += 1) await fixture.time.advance(20);
  return (await pending.done)?.responses[0]?.partitionResponses[0]?.errorCode;
}

const end = (producer: Producer, committed: boolean, version = 4) =>
  fixture.call<EndTxnResponse>('EndTxn', version, { transactionalId: 'x', ...producer, committed });

async function read(isolationLevel: number, partition = 0): Promise<{ values: string[]; lastStableOffset: number }> {
  await fixture.time.advance(100);
  const response = await fixture.call<FetchResponse>('Fetch', 11, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    isolationLevel,
    topics: [{ topic: 't', partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
  });
  const answer = response.responses[0]?.partitions[0];
  const aborted = new Map<number, number[]>();
  for (const { producerId, firstOffset } of answer?.abortedTransactions ?? [])
    aborted.set(producerId, [...(aborted.get(producerId) ?? []), firstOffset]);
  const isAborting = new Set<number>();
  const values: string[] = [];
  for (const batch of decodeBatches(answer?.records ?? new Uint8Array(0))) {
    if ((aborted.get(batch.producerId) ?? []).some((offset) => offset <= batch.baseOffset)) {
      isAborting.add(batch.producerId);
      aborted.set(
        batch.producerId,
        (aborted.get(batch.producerId) ?? []).filter((offset) => offset > batch.baseOffset),
      );
    }
    if (batch.isControl) isAborting.delete(batch.producerId);
    else if (!isAborting.has(batch.producerId))
      values.push(...batch.records.map(({ value }) => Buffer.from(value ?? []).toString()));
  }
  return { values, lastStableOffset: answer?.lastStableOffset ?? -1 };
}

describe('a transaction over the wire', () => {
  it('shows what was committed, and nothing that was aborted', async () => {
    const producer = await init();
    expect(producer).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(await produce(producer, 0)).toBe(ErrorCode.TRANSACTION_ABORTABLE);
    expect(await produce(producer, 0, 10)).toBe(ErrorCode.INVALID_TXN_STATE);
    expect(await add(producer, [0, 1])).toEqual([0, 0]);
    expect(await produce(producer, 0)).toBe(0);
    expect(await produce(producer, 1)).toBe(0);
    expect((await read(1)).values).toEqual([]);
    expect((await end(producer, true)).errorCode).toBe(0);
    expect((await read(1)).values).toEqual(['0/0', '0/1']);
    expect(await add(producer, [0])).toEqual([0]);
    expect(await produce(producer, 2)).toBe(0);
    expect((await end(producer, false)).errorCode).toBe(0);
    expect((await read(1)).values).toEqual(['0/0', '0/1']);
    expect(await read(0)).toMatchObject({ values: ['0/0', '0/1', '0/2'], lastStableOffset: 5 });
    // Partition 1 was named and never written: it has the marker of the first transaction.
    expect(await read(1, 1)).toEqual({ values: [], lastStableOffset: 1 });
  });

  it('with an epoch of its own needs no AddPartitionsToTxn', async () => {
    let producer: Producer = await init();
    for (const version of [12, 13]) {
      expect(await produce(producer, 0, version)).toBe(0);
      expect(await produce(producer, 1, version)).toBe(0);
      expect(await produce(producer, 0, version, { index: 1 })).toBe(0);
      const ended = await end(producer, true, 5);
      expect(ended).toMatchObject({
        errorCode: 0,
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch + 1,
      });
      producer = ended;
    }
    expect((await read(1)).values).toEqual(['0/0', '0/1', '1/0', '1/1']);
    expect((await read(1, 1)).values).toEqual(['0/0', '1/0']);
    expect(await produce({ ...producer, producerEpoch: 0 }, 2, 12)).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
  });

  it('fences who held the id before, and aborts what they had open', async () => {
    const old = await init();
    expect(await add(old, [0])).toEqual([0]);
    expect(await produce(old, 0)).toBe(0);
    expect((await init()).errorCode).toBe(ErrorCode.CONCURRENT_TRANSACTIONS);
    await fixture.time.advance(100);
    const next = await init();
    expect(next).toMatchObject({ errorCode: 0, producerId: old.producerId, producerEpoch: 2 });
    expect(await produce(old, 1)).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect(await add(old, [0])).toEqual([ErrorCode.PRODUCER_FENCED]);
    expect(await add(old, [0], 1)).toEqual([ErrorCode.INVALID_PRODUCER_EPOCH]);
    expect((await end(old, true)).errorCode).toBe(ErrorCode.PRODUCER_FENCED);
    expect((await end(old, true, 1)).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    const gone = { producerId: old.producerId, producerEpoch: 0 };
    expect((await init('x', 4, gone)).errorCode).toBe(ErrorCode.PRODUCER_FENCED);
    expect((await init('x', 3, gone)).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect((await read(1)).values).toEqual([]);
  });

  it('is aborted after its timeout', async () => {
    const producer = await init();
    await add(producer, [0]);
    expect(await produce(producer, 0)).toBe(0);
    await fixture.time.advance(71_000);
    expect(await read(0)).toMatchObject({ values: ['0/0'], lastStableOffset: 2 });
    expect((await read(1)).values).toEqual([]);
    expect((await end(producer, true)).errorCode).toBe(ErrorCode.PRODUCER_FENCED);
  });

  it('does not begin on a partition by an answer from before a marker', async () => {
    const producer = await init();
    await add(producer, [0]);
    const { producers } = fixture.partition('t').log ?? {};
    const verified = { ...producer, baseSequence: 0 };
    const before = producers?.startVerification(verified, false, 0);
    expect(typeof before).toBe('object');
    expect((await end(producer, false)).errorCode).toBe(0);
    await fixture.time.advance(100);
    await add(producer, [1]);
    const batch = encodeBatch({
      records: [{ timestampMs: fixture.time.wallMs(), value: Buffer.from('late') }],
      ...verified,
      isTransactional: true,
    });
    const context = { nowMs: fixture.time.wallMs(), produceVersion: 11, verifiesTransactions: true };
    const appended = fixture.partition('t').append(batch, -1, { ...context, verification: before as object });
    expect(appended.errorCode).toBe(ErrorCode.INVALID_TXN_STATE);
  });
});

describe('what is refused', () => {
  it('ids, timeouts and epochs that mean nothing', async () => {
    expect((await init('')).errorCode).toBe(ErrorCode.INVALID_REQUEST);
    for (const transactionTimeoutMs of [0, -1, 900_001])
      expect((await init('x', 5, { transactionTimeoutMs })).errorCode).toBe(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
    expect((await init('x', 5, { transactionTimeoutMs: 900_000 })).errorCode).toBe(0);
    expect((await init('x', 4, { producerId: 3 })).errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect((await init('x', 4, { producerEpoch: 3 })).errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });

  it('partitions that are not there, with all others of the request', async () => {
    const producer = await init();
    expect(await add(producer, [0, 7])).toEqual([
      ErrorCode.OPERATION_NOT_ATTEMPTED,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    expect(await add(producer, [0], 3, 'unknown')).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect(await produce(producer, 0)).toBe(ErrorCode.TRANSACTION_ABORTABLE);
  });

  it('more than one producer in a request', async () => {
    const records = (producerId: number) =>
      encodeBatch({
        records: [{ timestampMs: 0 }],
        producerId,
        producerEpoch: 0,
        baseSequence: 0,
        isTransactional: true,
      });
    const answer = await fixture.call<ProduceResponse>('Produce', 9, {
      transactionalId: 'x',
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [1, 2].map((id) => ({ index: id - 1, records: records(id) })) }],
    });
    expect(answer.responses[0]?.partitionResponses.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.INVALID_PRODUCER_ID_MAPPING,
      ErrorCode.INVALID_PRODUCER_ID_MAPPING,
    ]);
  });
});

it('brokers ask for many transactions at once', async () => {
  const producer = await init();
  await add(producer, [0]);
  const ask = (transactionalId: string, verifyOnly: boolean, partitions: number[]) => ({
    transactionalId,
    ...{ producerId: producer.producerId, producerEpoch: producer.producerEpoch },
    verifyOnly,
    topics: [{ name: 't', partitions }],
  });
  const answer = await fixture.call<AddPartitionsToTxnResponse>('AddPartitionsToTxn', 5, {
    transactions: [ask('x', true, [0, 1]), ask('nobody', false, [0])],
  });
  const shown = answer.resultsByTransaction.map(({ transactionalId, topicResults }) => ({
    transactionalId,
    errors: topicResults.flatMap((topic) => topic.resultsByPartition.map((partition) => partition.partitionErrorCode)),
  }));
  expect(shown).toEqual([
    { transactionalId: 'x', errors: [0, ErrorCode.TRANSACTION_ABORTABLE] },
    { transactionalId: 'nobody', errors: [ErrorCode.INVALID_PRODUCER_ID_MAPPING] },
  ]);
});

it('an administrator ends a transaction without a coordinator, in the name of one', async () => {
  const producer = await init();
  await add(producer, [0]);
  await produce(producer, 0);
  const marker = { producerId: producer.producerId, producerEpoch: 0, coordinatorEpoch: 0, transactionResult: false };
  const answer = await fixture.call<WriteTxnMarkersResponse>('WriteTxnMarkers', 1, {
    markers: [
      { ...marker, topics: [{ name: 't', partitionIndexes: [0, 9] }] },
      { ...marker, producerEpoch: 1, coordinatorEpoch: -1, topics: [{ name: 't', partitionIndexes: [0] }] },
    ],
  });
  expect(answer.markers.map(({ topics }) => topics[0]?.partitions.map(({ errorCode }) => errorCode))).toEqual([
    [0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [ErrorCode.TRANSACTION_COORDINATOR_FENCED],
  ]);
  expect(await read(1)).toMatchObject({ values: [], lastStableOffset: 2 });
});
