import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { WireClient } from '../support/wire_client.js';

// A whole broker in virtual time: the clients wait as they are told, and the rate they get is measured.
let broker: Broker;
const clients: WireClient[] = [];
beforeEach(async () => {
  broker = await startBroker({ clock: 'virtual', seed: 1 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await broker.close();
});

async function connect(clientId: string): Promise<WireClient> {
  const client = await WireClient.connect(broker.port, clientId);
  clients.push(client);
  return client;
}

async function setQuota(entity: Readonly<Record<string, string | null>>, key: string, value: number): Promise<void> {
  const admin = await connect('admin');
  const answer = await admin.send<{ entries: Array<{ errorCode: number }> }>(ApiKey.AlterClientQuotas, 1, {
    entries: [
      {
        entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
        ops: [{ key, value, remove: false }],
      },
    ],
    validateOnly: false,
  });
  expect(answer.entries.map(({ errorCode }) => errorCode)).toEqual([0]);
}

async function createTopic(client: WireClient, name: string): Promise<void> {
  await client.send(ApiKey.CreateTopics, 7, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  });
}

const records = encodeBatch({
  records: [{ timestampMs: 0, key: null, value: Buffer.alloc(10_000, 'x') }],
});
const produce = (client: WireClient, topic: string) =>
  client.send<{ throttleTimeMs: number; responses: Array<{ partitionResponses: Array<{ errorCode: number }> }> }>(
    ApiKey.Produce,
    9,
    {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
    },
  );
interface Fetched {
  readonly throttleTimeMs: number;
  readonly responses: ReadonlyArray<{ readonly partitions: ReadonlyArray<{ readonly records: Uint8Array | null }> }>;
}
const fetch = (client: WireClient, topic: string, fetchOffset: number) =>
  client.send<Fetched>(ApiKey.Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 10_000,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 10_000 }] }],
  });

/** Bytes per second that `step` moves when it is called as fast as the broker lets it, after the burst; over `spanMs` of virtual time. */
async function measured(
  spanMs: number,
  step: () => Promise<{ readonly throttleMs: number; readonly bytes: number }>,
): Promise<number> {
  let elapsedMs = 0;
  let bytes = 0;
  let hasWaited = false;
  while (elapsedMs < spanMs) {
    const { throttleMs, bytes: moved } = await step();
    if (hasWaited) bytes += moved;
    if (throttleMs === 0) continue;
    await broker.clock.advance(throttleMs);
    if (hasWaited) elapsedMs += throttleMs;
    hasWaited = true;
  }
  return (bytes * 1000) / elapsedMs;
}

describe('a quota', () => {
  it('holds producers to their rate within 5 %, of their requests as they are on the wire', async () => {
    await setQuota({ 'client-id': 'fast' }, 'producer_byte_rate', 20_000);
    const client = await connect('fast');
    await createTopic(client, 'quota');
    const rate = await measured(120_000, async () => {
      const { throttleTimeMs, responses } = await produce(client, 'quota');
      expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
      return { throttleMs: throttleTimeMs, bytes: records.length + 80 };
    });
    expect(rate / 20_000).toBeGreaterThan(0.95);
    expect(rate / 20_000).toBeLessThan(1.05);
  });

  it('holds consumers to their rate within 5 %', async () => {
    const client = await connect('reader');
    await createTopic(client, 'quota');
    for (let count = 0; count < 30; count += 1) await produce(client, 'quota');
    await setQuota({ user: 'ANONYMOUS' }, 'consumer_byte_rate', 50_000);
    const rate = await measured(120_000, async () => {
      const { throttleTimeMs, responses } = await fetch(client, 'quota', 0);
      return { throttleMs: throttleTimeMs, bytes: responses[0]?.partitions[0]?.records?.length ?? 0 };
    });
    expect(rate / 50_000).toBeGreaterThan(0.95);
    expect(rate / 50_000).toBeLessThan(1.05);
  });

  it('has a client make progress whose smallest batch is above what its window allows', async () => {
    await setQuota({ 'client-id': null }, 'consumer_byte_rate', 100);
    const client = await connect('slow');
    await createTopic(client, 'quota');
    await produce(client, 'quota');
    const first = await fetch(client, 'quota', 0);
    expect(first.responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(10_000);
    expect(first.throttleTimeMs).toBeGreaterThan(60_000);
  });

  it('mutes the connection: what is sent meanwhile waits, other clients do not', async () => {
    await setQuota({ 'client-id': 'fast' }, 'producer_byte_rate', 1000);
    const client = await connect('fast');
    await createTopic(client, 'quota');
    const { throttleTimeMs } = await produce(client, 'quota');
    expect(throttleTimeMs).toBeGreaterThan(100);
    const later = client.send(ApiKey.Metadata, 9, { topics: [], allowAutoTopicCreation: false });
    const order: string[] = [];
    void later.then(() => order.push('muted'));
    const other = await connect('other');
    await other.send(ApiKey.Metadata, 9, { topics: [], allowAutoTopicCreation: false });
    await broker.clock.advance(throttleTimeMs - 10);
    await other.send(ApiKey.Metadata, 9, { topics: [], allowAutoTopicCreation: false });
    order.push('other');
    await broker.clock.advance(10);
    await later;
    expect(order).toEqual(['other', 'muted']);
  });

  it('refuses changes of topics that are not paid for: an error for those who know it, a wait for the others', async () => {
    await setQuota({ user: null }, 'controller_mutation_rate', 1);
    const client = await connect('admin');
    const create = (version: number, names: readonly string[]) =>
      client.send<{ throttleTimeMs: number; topics: Array<{ name: string; errorCode: number }> }>(
        ApiKey.CreateTopics,
        version,
        {
          topics: names.map((name) => ({
            name,
            numPartitions: 20,
            replicationFactor: 1,
            assignments: [],
            configs: [],
          })),
          timeoutMs: 1000,
          validateOnly: true,
        },
      );
    await broker.clock.advance(60_000);
    const codes = ({ topics }: { topics: Array<{ name: string; errorCode: number }> }) =>
      Object.fromEntries(topics.map(({ name, errorCode }) => [name, errorCode]));
    const strict = await create(7, ['a', 'b', 'c']);
    expect(codes(strict)).toEqual({ a: 0, b: 89, c: 89 });
    // Eleven were there, twenty were taken.
    expect(strict.throttleTimeMs).toBe(9000);
    await broker.clock.advance(9000);
    const lenient = await create(5, ['a', 'b']);
    expect(codes(lenient)).toEqual({ a: 0, b: 0 });
    expect(lenient.throttleTimeMs).toBe(40_000);
  });

  it('closes connections of an address above its rate when they have waited, and answers them nothing', async () => {
    await setQuota({ ip: '127.0.0.1' }, 'connection_creation_rate', 1);
    const welcome: WireClient[] = [];
    for (let count = 0; count < 10; count += 1) welcome.push(await connect('many'));
    await Promise.all(welcome.map((client) => client.send(ApiKey.ApiVersions, 0, {})));
    const refused = await connect('many');
    const answer = refused.send(ApiKey.ApiVersions, 0, {}).then(
      () => 'answered',
      () => 'closed',
    );
    await welcome[0]?.send(ApiKey.ApiVersions, 0, {});
    await broker.clock.advance(1000);
    expect(await answer).toBe('closed');
    await broker.clock.advance(11_000);
    await (await connect('many')).send(ApiKey.ApiVersions, 0, {});
  });
});
