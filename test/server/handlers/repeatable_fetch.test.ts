import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FetchRequest } from '../../../src/protocol/api/fetch.js';
import { Reader } from '../../../src/protocol/reader.js';
import { Writer } from '../../../src/protocol/writer.js';
import { encodeBatch } from '../../../src/records/index.js';
import type { RequestContext } from '../../../src/server/handler.js';
import { type FetchDeps, fetchHandler } from '../../../src/server/handlers/fetch.js';
import type { RepeatableFetch } from '../../../src/server/repeat_terms.js';
import { testContext } from '../../scenarios/drivers.js';
import { BrokerFixture, FakeConnection } from '../../support/broker_fixture.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open({ 'millrace.flush.mode': 'os' });
  await fixture.createTopic('t', 2);
  for (const index of [0, 0, 1]) append(index);
});
afterEach(() => fixture.close());

function append(index: number, transaction?: { baseSequence: number }): void {
  const bytes = encodeBatch({
    records: [{ timestampMs: fixture.time.wallMs(), key: null, value: Buffer.alloc(10), headers: [] }],
    ...(transaction === undefined ? {} : { producerId: 7, producerEpoch: 0, isTransactional: true, ...transaction }),
  });
  const context = { nowMs: fixture.time.wallMs(), produceVersion: 9 };
  expect(fixture.partition('t', index).append(bytes, 1, context).errorCode).toBe(0);
}

const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 };
const asked = {
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 5000,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [{ topic: 't', partitions: [partition] }],
};

async function repeatable(more: object = {}, version = 12): Promise<readonly RepeatableFetch[]> {
  const connection = new FakeConnection();
  const { done } = fixture.start('Fetch', version, { ...asked, ...more }, connection);
  await fixture.time.advance(500);
  await done;
  return connection.repeatable;
}

const only = (more: object) => ({ topics: [{ topic: 't', partitions: [{ ...partition, ...more }] }] });

describe('a fetch that may be repeated', () => {
  it('is one of a consumer without a session that finds enough', async () => {
    const log = fixture.partition('t').log?.log;
    const [found, ...more] = await repeatable();
    expect(found).toMatchObject({ maxBytes: 5000, minBytes: 1, readsCommitted: false });
    expect(found?.partitions).toEqual([{ log: log?.handle, maxBytes: 1000 }]);
    expect(more).toEqual([]);
    const both = [0, 1].map((index) => ({ ...partition, partition: index }));
    const [wide] = await repeatable({
      isolationLevel: 1,
      minBytes: 9000,
      maxWaitMs: 0,
      topics: [{ topic: 't', partitions: both }],
    });
    expect(wide).toMatchObject({ minBytes: 5000, readsCommitted: true });
    expect(wide?.partitions).toHaveLength(2);
    for (const version of [5, 11]) expect(await repeatable({}, version)).toHaveLength(1);
  });

  it.each([
    ['has a session', { sessionEpoch: 0 }],
    ['ends a session', { sessionId: 5 }],
    ['is a replica', { replicaId: 3 }],
    ['says which epoch it has read', only({ lastFetchedEpoch: 0 })],
    ['asks for what is not there', only({ fetchOffset: 9 })],
    ['asks for a partition that is not there', only({ partition: 9 })],
    ['waits', { minBytes: 4000 }],
  ])('is none that %s', async (_, more) => {
    expect(await repeatable(more)).toEqual([]);
  });

  it('is none of a version that is not told where logs start', async () => {
    expect(await repeatable({}, 4)).toEqual([]);
  });

  it('is none while a transaction is open, and none that brought aborted records to who reads committed ones', async () => {
    append(0, { baseSequence: 0 });
    expect(await repeatable()).toEqual([]);
    const marker = {
      producerId: 7,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      transactionVersion: 1,
      type: 'ABORT',
    } as const;
    fixture.partition('t').appendMarker(marker, fixture.time.wallMs());
    expect(await repeatable()).toHaveLength(1);
    expect(await repeatable({ isolationLevel: 1 })).toEqual([]);
  });

  it('is none where somebody says who may read what, or how much', async () => {
    const { time: clock, logger, replicas, sessions, traffic, cache: metadata } = fixture;
    const deps: FetchDeps = { clock, logger, replicas, sessions, traffic, metadata, maxBytes: () => 1 << 20 };
    const found: RepeatableFetch[] = [];
    const context: RequestContext = {
      ...testContext,
      apiVersion: 12,
      mayRepeat: () => true,
      repeatBy: (fetch) => found.push(fetch),
    };
    const writer = new Writer();
    FetchRequest.encode(writer, 12, asked);
    const request = FetchRequest.decode(new Reader(writer.bytes()), 12);
    void fetchHandler(deps)(request, context);
    expect(found).toHaveLength(1);
    void fetchHandler({ ...deps, mayFetch: () => true })(request, context);
    void fetchHandler({ ...deps, fetchBurstBytes: () => 1e9 })(request, context);
    expect(found).toHaveLength(1);
    void fetchHandler({ ...deps, fetchBurstBytes: () => Number.POSITIVE_INFINITY })(request, context);
    expect(found).toHaveLength(2);
  });
});
