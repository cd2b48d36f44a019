import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FetchResponse } from '../../../src/protocol/api/fetch.js';
import type { ListOffsetsResponse } from '../../../src/protocol/api/list_offsets.js';
import type { ProduceResponse } from '../../../src/protocol/api/produce.js';
import { decodeBatches, encodeBatch } from '../../../src/records/index.js';
import { BrokerFixture } from '../../support/broker_fixture.js';

let fixture: BrokerFixture;

beforeEach(async () => {
  fixture = await BrokerFixture.open({ 'transaction.partition.verification.enable': 'false' });
  await fixture.createTopic('t');
});
afterEach(() => fixture.close());

const sequences = new Map<number, number>();
beforeEach(() => sequences.clear());

/** A batch of a transaction, on the medium when this resolves. */
async function produce(producerId: number, value: string): Promise<void> {
  const baseSequence = sequences.get(producerId) ?? 0;
  sequences.set(producerId, baseSequence + 1);
  const records = encodeBatch({
    records: [{ timestampMs: fixture.time.wallMs(), key: null, value: Buffer.from(value) }],
    ...(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence, isTransactional: true }),
  });
  const pending = fixture.start<ProduceResponse>('Produce', 9, {
    transactionalId: producerId < 0 ? null : `id-${producerId}`,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
  });
  await fixture.settle();
  await fixture.store.flush();
  const answer = await pending.done;
  expect(answer?.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
}

function end(producerId: number, type: 'COMMIT' | 'ABORT'): void {
  const marker = { type, producerId, producerEpoch: 0, coordinatorEpoch: 0, transactionVersion: 1 } as const;
  expect(fixture.partition('t').appendMarker(marker, fixture.time.wallMs()).errorCode).toBe(0);
}

const fetchBody = (fetchOffset: number, more: object = {}) => ({
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: 1 << 20,
  isolationLevel: 1,
  topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
  ...more,
});

const answerOf = (response: FetchResponse | null | undefined) => response?.responses[0]?.partitions[0];
const valuesOf = (records: Uint8Array | null | undefined) =>
  [...decodeBatches(records ?? new Uint8Array(0))]
    .filter(({ isControl }) => !isControl)
    .flatMap((batch) => batch.records.map(({ value }) => Buffer.from(value ?? []).toString()));

async function fetch(fetchOffset: number, more: object = {}) {
  return answerOf(await fixture.call<FetchResponse>('Fetch', 11, fetchBody(fetchOffset, more)));
}

async function latest(isolationLevel: number): Promise<number | undefined> {
  const body = {
    replicaId: -1,
    isolationLevel,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  };
  const response = await fixture.call<ListOffsetsResponse>('ListOffsets', 5, body);
  return response.topics[0]?.partitions[0]?.offset;
}

describe('readers of committed records', () => {
  it('see nothing from the first open transaction on, others everything', async () => {
    await produce(-1, 'plain');
    await produce(1, 'one');
    await produce(-1, 'behind');
    const committed = await fetch(0);
    expect(valuesOf(committed?.records)).toEqual(['plain']);
    expect(committed).toMatchObject({ highWatermark: 3, lastStableOffset: 1, abortedTransactions: [] });
    const all = await fetch(0, { isolationLevel: 0 });
    expect(valuesOf(all?.records)).toEqual(['plain', 'one', 'behind']);
    expect(all).toMatchObject({ highWatermark: 3, lastStableOffset: 1, abortedTransactions: null });
    expect([await latest(0), await latest(1)]).toEqual([3, 1]);
  });

  it('are told which transactions to leave out, and only those that overlap', async () => {
    await produce(1, 'a');
    await produce(2, 'b');
    end(1, 'ABORT');
    end(2, 'COMMIT');
    await produce(3, 'c');
    end(3, 'ABORT');
    await fixture.store.flush();
    expect((await fetch(0))?.abortedTransactions).toEqual([
      { producerId: 1, firstOffset: 0 },
      { producerId: 3, firstOffset: 4 },
    ]);
    expect((await fetch(3))?.abortedTransactions).toEqual([{ producerId: 3, firstOffset: 4 }]);
    expect((await fetch(6))?.abortedTransactions).toEqual([]);
    const first = await fetch(0, {
      topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] }],
    });
    expect(first?.abortedTransactions).toEqual([{ producerId: 1, firstOffset: 0 }]);
  });

  it('wait until the marker is on the medium', async () => {
    await produce(1, 'a');
    const pending = fixture.start<FetchResponse>('Fetch', 11, fetchBody(0, { maxWaitMs: 10_000 }));
    await fixture.settle();
    end(1, 'COMMIT');
    await fixture.settle();
    expect(pending.answer).toBeUndefined();
    expect(fixture.partition('t').lastStableOffset).toBe(0);
    await fixture.store.flush();
    await fixture.settle();
    expect(valuesOf(answerOf(pending.answer)?.records)).toEqual(['a']);
    expect(fixture.partition('t').lastStableOffset).toBe(2);
  });

  it('are not woken by what they may not see', async () => {
    await produce(1, 'a');
    const pending = fixture.start<FetchResponse>('Fetch', 11, fetchBody(0, { maxWaitMs: 10_000 }));
    await produce(2, 'b');
    await produce(-1, 'c');
    expect(pending.answer).toBeUndefined();
    await fixture.time.advance(10_000);
    expect(answerOf(pending.answer)).toMatchObject({ highWatermark: 3, lastStableOffset: 0 });
    expect(answerOf(pending.answer)?.records?.length ?? 0).toBe(0);
  });

  it('hear in their fetch sessions how far they may read', async () => {
    await produce(1, 'a');
    const begun = await fixture.call<FetchResponse>('Fetch', 11, fetchBody(0, { sessionId: 0, sessionEpoch: 0 }));
    expect(answerOf(begun)).toMatchObject({ highWatermark: 1, lastStableOffset: 0 });
    const next = (sessionEpoch: number) =>
      fixture.call<FetchResponse>('Fetch', 11, fetchBody(0, { sessionId: begun.sessionId, sessionEpoch, topics: [] }));
    expect((await next(1)).responses).toEqual([]);
    end(1, 'ABORT');
    await fixture.store.flush();
    expect(answerOf(await next(2))).toMatchObject({
      highWatermark: 2,
      lastStableOffset: 2,
      abortedTransactions: [{ producerId: 1, firstOffset: 0 }],
    });
  });
});
