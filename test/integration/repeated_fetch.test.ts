import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { parseExposition } from '../../src/telemetry/index.js';
import { Prng } from '../support/prng.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce } from './produce_fetch.js';

// A consumer that sends the same Fetch again and again is answered by the engine. Whatever happens meanwhile, it must get what a consumer
// gets whose every request is looked at: one that asks for something else in between.

let broker: Broker;
/** Repeats; is looked at; does everything else. */
let [repeating, looked, admin]: WireClient[] = [];

beforeEach(async () => {
  broker = await startBroker({ config: { 'transaction.partition.verification.enable': 'false' } });
  [repeating, looked, admin] = await Promise.all([1, 2, 3].map(() => WireClient.connect(broker.port)));
});
afterEach(async () => {
  for (const client of [repeating, looked, admin]) client?.close();
  await broker.close();
});

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not connected');
  return value;
}

async function metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  for (const sample of parseExposition(await broker.metrics()))
    if (sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      return sample.value;
  throw new Error(`no metric ${name}`);
}
const repeated = () => metric('millrace_requests_repeated_total');

async function deleteTopic(name: string): Promise<void> {
  await given(admin).send(ApiKey.DeleteTopics, 5, { topicNames: [name], timeoutMs: 5000 });
}

interface Wanted {
  readonly topic: string;
  readonly partition: number;
}

/** A request but for its offsets. */
interface Shape {
  readonly version: number;
  readonly isolationLevel: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly partitions: readonly Wanted[];
}

async function topicIds(): Promise<ReadonlyMap<string, string>> {
  const { topics } = await given(admin).send<MetadataResponse>(ApiKey.Metadata, 12, { topics: null });
  return new Map(topics.map(({ name, topicId }) => [name ?? '', topicId]));
}

function fetch(client: WireClient, shape: Shape, offsets: readonly number[], ids: ReadonlyMap<string, string>) {
  const { version, partitions, partitionMaxBytes, ...rest } = shape;
  return client.send<FetchResponse>(ApiKey.Fetch, version, {
    ...rest,
    sessionId: 0,
    sessionEpoch: -1,
    topics: partitions.map(({ topic, partition }, index) => ({
      ...(version < 13 ? { topic } : { topicId: ids.get(topic) }),
      partitions: [{ partition, fetchOffset: offsets[index], partitionMaxBytes }],
    })),
  });
}

/** Both clients, until they agree: what was just changed may reach one of them a moment before the other. */
async function expectSame(shape: Shape, offsets: readonly number[], ids: ReadonlyMap<string, string>): Promise<void> {
  const pair = async () => {
    const one = await fetch(given(repeating), shape, offsets, ids);
    await given(looked).send(ApiKey.ApiVersions, 0, {});
    return [one, await fetch(given(looked), shape, offsets, ids)];
  };
  await expect.poll(async () => new Set((await pair()).map((one) => JSON.stringify(one))).size).toBe(1);
  const [one, other] = await pair();
  expect(one).toEqual(other);
}

/** Values in a transaction of producer 7; a marker ends it. */
async function produceInTransaction(topic: string, partition: number, baseSequence: number): Promise<number> {
  const records = encodeBatch({
    records: [{ timestampMs: 1, key: null, value: Buffer.from('in a transaction') }],
    ...{ producerId: 7, producerEpoch: 0, baseSequence, isTransactional: true },
  });
  const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }];
  const answer = await given(admin).send<{ responses: Array<{ partitionResponses: Array<{ errorCode: number }> }> }>(
    ApiKey.Produce,
    9,
    { transactionalId: 'txn', acks: -1, timeoutMs: 5000, topicData },
  );
  return answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1;
}

async function endTransaction(topic: string, partition: number, commit: boolean): Promise<void> {
  const topics = [{ name: topic, partitionIndexes: [partition] }];
  const marker = { producerId: 7, producerEpoch: 0, transactionResult: commit, topics, coordinatorEpoch: 0 };
  await given(admin).send(ApiKey.WriteTxnMarkers, 1, { markers: [marker] });
}

const shape: Shape = {
  version: 12,
  isolationLevel: 0,
  maxBytes: 1 << 20,
  partitionMaxBytes: 1 << 16,
  minBytes: 1,
  maxWaitMs: 0,
  partitions: [{ topic: 't', partition: 0 }],
};

describe('a fetch that is sent again and again', () => {
  it('is answered without a look at it, and counted as if there had been one', async () => {
    const client = given(repeating);
    await createTopic(given(admin), 't');
    for (const value of ['one', 'two', 'three']) await produce(given(admin), 't', [value]);
    const answers: FetchResponse[] = [];
    for (let i = 0; i < 30; i += 1) answers.push(await fetch(client, shape, [i % 3], new Map()));
    for (const [index, answer] of answers.entries()) expect(answer).toEqual(answers[index % 3]);
    expect(answers[0]?.responses[0]?.partitions[0]).toMatchObject({
      errorCode: 0,
      highWatermark: 3,
      logStartOffset: 0,
    });
    const bytes = answers.reduce((sum, { responses }) => sum + (responses[0]?.partitions[0]?.records?.length ?? 0), 0);
    // Terms are made for the eighth.
    expect(await repeated()).toBe(22);
    expect(await metric('kafka_network_requestmetrics_requests_total', { request: 'Fetch' })).toBe(30);
    const traffic = 'kafka_server_brokertopicmetrics';
    expect(await metric(`${traffic}_totalfetchrequests_total`, { topic: 't' })).toBe(30);
    expect(await metric(`${traffic}_bytesout_total`, { topic: 't' })).toBe(bytes);
  });

  it.each([0, 1])(
    'sees new records, ends of transactions, and where the log starts now (isolation level %i)',
    async (isolationLevel) => {
      await createTopic(given(admin), 't');
      const ids = await topicIds();
      for (let i = 0; i < 5; i += 1) await produce(given(admin), 't', [`value ${i}`]);
      const transact = async (baseSequence: number) => expect(await produceInTransaction('t', 0, baseSequence)).toBe(0);
      const steps: Array<() => Promise<unknown>> = [
        () => produce(given(admin), 't', ['more']),
        () => transact(0),
        () => produce(given(admin), 't', ['behind an open transaction']),
        () => endTransaction('t', 0, true),
        () => transact(1),
        () => endTransaction('t', 0, false),
        () => produce(given(admin), 't', ['behind an aborted one']),
        () =>
          given(admin).send(ApiKey.DeleteRecords, 2, {
            topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 3 }] }],
            timeoutMs: 5000,
          }),
      ];
      // One batch at a time: some of these hold nothing of a transaction, and the one behind them does.
      const asked = { ...shape, isolationLevel, partitionMaxBytes: 1 };
      for (let i = 0; i < 20; i += 1) await expectSame(asked, [i % 5], ids);
      const before = await repeated();
      await expectSame(asked, [4], ids);
      expect(await repeated()).toBeGreaterThan(before);
      for (const step of steps) {
        await step();
        for (let offset = 0; offset < 14; offset += 1) await expectSame(asked, [offset], ids);
      }
      for (let i = 0; i < 20; i += 1) for (const offset of [4, 9]) await expectSame(asked, [offset], ids);
    },
  );

  it('is told of the error when its topic is gone, and throttled once there is a quota', async () => {
    await createTopic(given(admin), 't');
    const ids = await topicIds();
    await produce(given(admin), 't', ['x'.repeat(1000)]);
    for (let i = 0; i < 20; i += 1) await expectSame(shape, [0], ids);
    expect(await repeated()).toBeGreaterThan(0);
    const quota = (value: number | null) =>
      given(admin).send(ApiKey.AlterClientQuotas, 1, {
        entries: [
          {
            entity: [{ entityType: 'client-id', entityName: null }],
            ops: [{ key: 'consumer_byte_rate', value: value ?? 0, remove: value === null }],
          },
        ],
        validateOnly: false,
      });
    await quota(1e9);
    const before = await repeated();
    for (let i = 0; i < 20; i += 1) await fetch(given(repeating), shape, [0], ids);
    expect(await repeated()).toBe(before);
    await quota(null);
    await expect
      .poll(async () => {
        for (let i = 0; i < 40; i += 1) await fetch(given(repeating), shape, [0], ids);
        return (await repeated()) - before;
      })
      .toBeGreaterThan(0);
    await deleteTopic('t');
    for (let i = 0; i < 5; i += 1) await expectSame(shape, [0], ids);
    const gone = await fetch(given(repeating), shape, [0], ids);
    expect(gone.responses[0]?.partitions[0]?.errorCode).toBe(3);
  });

  it('is not repeated for a session, or for a replica', async () => {
    await createTopic(given(admin), 't');
    await produce(given(admin), 't', ['value']);
    const client = given(repeating);
    const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }];
    const more = { maxWaitMs: 0, minBytes: 1, topics };
    for (let i = 0; i < 20; i += 1) {
      await client.send(ApiKey.Fetch, 12, { ...more, sessionId: 0, sessionEpoch: 0 });
      await client.send(ApiKey.Fetch, 12, { ...more, replicaId: 5 });
    }
    expect(await repeated()).toBe(0);
  });
});

const seeds = [1, 2, 3, 4];

it.each(seeds)('gets what others get, whatever happens meanwhile (seed %i)', { timeout: 60_000 }, async (seed) => {
  const random = new Prng(seed);
  const topics = ['a', 'b'];
  const partitions = topics.flatMap((topic) => [0, 1].map((partition) => ({ topic, partition })));
  for (const topic of topics) await createTopic(given(admin), topic, 2);
  let ids = await topicIds();
  let sequence = 0;
  let open: Wanted | undefined;
  const produceSome = async () => {
    const { topic, partition } = random.pick(partitions);
    const values = Array.from({ length: 1 + random.below(3) }, () => 'v'.repeat(1 + random.below(3000)));
    await produce(given(admin), topic, values, { partition });
  };
  const transact = async () => {
    if (open === undefined) {
      open = random.pick(partitions);
      const errorCode = await produceInTransaction(open.topic, open.partition, sequence);
      if (errorCode !== 0) open = undefined;
    } else {
      await endTransaction(open.topic, open.partition, random.below(3) > 0);
      open = undefined;
      sequence = 0;
    }
  };
  const recreate = async () => {
    const name = random.pick(topics);
    await deleteTopic(name);
    if (open?.topic === name) open = undefined;
    await createTopic(given(admin), name, 2);
    ids = await topicIds();
    for (let i = 0; i < 20; i += 1) await produceSome();
  };
  const deleteRecords = async () => {
    const { topic, partition } = random.pick(partitions);
    await given(admin).send(ApiKey.DeleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset: random.below(6) }] }],
      timeoutMs: 5000,
    });
  };
  const events = [produceSome, produceSome, produceSome, produceSome, produceSome, transact, deleteRecords, recreate];
  for (let i = 0; i < 60; i += 1) await produceSome();
  for (let round = 0; round < 25; round += 1) {
    const asked: Shape = {
      version: 5 + random.below(14),
      isolationLevel: random.below(2),
      maxBytes: random.pick([100, 5000, 1 << 20]),
      partitionMaxBytes: random.pick([100, 3000, 1 << 20]),
      minBytes: random.pick([1, 1, 1000]),
      maxWaitMs: random.pick([0, 2]),
      partitions: partitions.filter(() => random.below(3) === 0),
    };
    if (asked.partitions.length === 0) continue;
    given(repeating).close();
    repeating = await WireClient.connect(broker.port);
    for (let i = 0; i < 24; i += 1) {
      if (i > 10 && random.below(4) === 0) await random.pick(events)();
      await expectSame(
        asked,
        asked.partitions.map(() => random.below(random.below(8) === 0 ? 60 : 16)),
        ids,
      );
    }
  }
  expect(await repeated()).toBeGreaterThan(100);
});
