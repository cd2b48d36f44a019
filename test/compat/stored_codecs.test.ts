import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { Prng } from '../support/prng.js';
import { WireClient } from '../support/wire_client.js';
import { findDrivers, run } from './drivers.js';

// What the broker itself compresses (`compression.type`) every client reads: small batches and large ones, text and noise.

const installed = (await findDrivers()).filter((driver) => driver.command !== undefined);
const stored = [
  { codec: 'gzip', topic: 'gzip-6', config: {} },
  { codec: 'gzip', topic: 'gzip-1', config: { 'compression.gzip.level': '1' } },
  { codec: 'snappy', topic: 'snappy', config: {} },
  { codec: 'lz4', topic: 'lz4-9', config: {} },
  { codec: 'lz4', topic: 'lz4-17', config: { 'compression.lz4.level': '17' } },
  { codec: 'zstd', topic: 'zstd-3', config: {} },
  { codec: 'zstd', topic: 'zstd-15', config: { 'compression.zstd.level': '15' } },
] as const;

const random = new Prng(3);
/** The drivers print JSON, some of them without escapes. */
const noise = Array.from({ length: 94 }, (_, code) => String.fromCharCode(33 + code)).filter(
  (one) => !`"\\`.includes(one),
);
const events = ['click', 'view', 'purchase'];
function value(index: number): string {
  if (index % 50 === 7) return Array.from({ length: 400 }, () => noise[random.below(noise.length)]).join('');
  const user = random.below(5000);
  return `id=${index} user=user-${user} event=${events[user % 3]} at=${1_700_000_000_000 + random.below(1e9)} text=[${'žluťoučký '.repeat(random.below(4))}]`;
}
const batches = [1, 2, 3, 10, 100, 4000].map((count, batch) =>
  Array.from({ length: count }, (_, index) => value(batch * 10_000 + index)),
);
const values = batches.flat();

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker({ config: { 'num.partitions': 1 } });
  const client = await WireClient.connect(broker.port);
  for (const { topic, codec, config } of stored) {
    await createTopic(client, topic, 1, { 'compression.type': codec, ...config });
    for (const batch of batches) {
      const records = encodeBatch({
        records: batch.map((text, index) => ({
          timestampMs: Date.now(),
          key: Buffer.from(`${index}`),
          value: Buffer.from(text),
        })),
      });
      const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
      });
      expect(response.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0 });
    }
  }
  client.close();
});
afterAll(async () => {
  await broker.close();
});

describe.each(stored)('$topic', ({ codec, topic }) => {
  // Kafka's broker frames snappy as its own clients do.
  const readers = installed.filter(
    ({ codecs, cannotRead }) => codecs.includes(codec) && cannotRead?.includes(`java/${codec}`) !== true,
  );
  it.each(readers)('is read by $name', { timeout: 60_000 }, async (driver) => {
    const args = ['consume', broker.bootstrapServers, topic, `${values.length}`, `${driver.name}-${topic}`];
    const result = await run(driver, args, 50_000);
    expect(result.status, result.stderr).toBe(0);
    const seen = result.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { readonly o: number; readonly v: string })
      .sort((a, b) => a.o - b.o)
      .map(({ v }) => v);
    expect(seen.length).toBe(values.length);
    expect(seen.filter((text, index) => text !== values[index])).toEqual([]);
  });
});
