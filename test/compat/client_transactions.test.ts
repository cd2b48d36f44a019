import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { createTopic } from '../integration/produce_fetch.js';
import { committedValues } from '../support/committed_values.js';
import { WireClient } from '../support/wire_client.js';
import { type Driver, findDrivers, run } from './drivers.js';

// Each client writes transactions with offsets, two of three committed. Who reads committed records sees exactly those.
const transactions = 7;
const here = join(import.meta.dirname, 'drivers/transactions');
const programs: Readonly<Record<string, (driver: Driver) => readonly string[]>> = {
  kafkajs: () => [process.execPath, join(here, 'kafkajs.mjs')],
  'confluent-python': () => ['/usr/bin/python3', join(here, 'confluent.py')],
  'confluent-kafka-javascript': () => [process.execPath, join(here, 'rdkafka_node.mjs')],
  java: ({ command = [] }) => [...command.slice(0, -1), join(here, 'Transactions.java')],
};
const clients = (await findDrivers()).flatMap((driver) => {
  const program = programs[driver.name];
  if (program === undefined) return [];
  if (driver.command !== undefined) return [{ name: driver.name, driver: { ...driver, command: program(driver) } }];
  console.log(`compat: transactions of ${driver.name} are skipped, not installed: ${driver.missing}`);
  return [];
});

let broker: Broker;
let client: WireClient;
beforeAll(async () => {
  broker = await startBroker();
  client = await WireClient.connect(broker.port);
});
afterAll(async () => {
  client.close();
  await broker.close();
});

async function offsetOf(group: string, topic: string): Promise<number | undefined> {
  const body = { groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }], requireStable: true };
  for (;;) {
    const answer = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, body);
    const partition = answer.groups[0]?.topics[0]?.partitions[0];
    // 88: the markers are still being written.
    if (partition?.errorCode !== 88) return partition?.committedOffset;
  }
}

describe('transactions of', () => {
  it.each(clients)('$name', { timeout: 60_000 }, async ({ name, driver }) => {
    const topic = `transactions-${name}`;
    await createTopic(client, topic, 3);
    const ran = await run(driver, [broker.bootstrapServers, topic, `group-${name}`, String(transactions)], 50_000);
    expect(`${ran.status} ${ran.stderr}`).toMatch(/^0 /);
    const wanted = Array.from({ length: transactions }, (_, n) => n).filter((n) => n % 3 !== 2);
    for (const partition of [0, 1, 2]) {
      const values = await committedValues(client, topic, partition);
      expect(values).toEqual(wanted.map((n) => `${n}-${partition}`));
    }
    expect(await offsetOf(`group-${name}`, topic)).toBe((wanted.at(-1) ?? 0) + 1);
    const all = await client.send<FetchResponse>(ApiKey.Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
    });
    const end = all.responses[0]?.partitions[0];
    // A record and a marker each; nothing is left open.
    expect(end).toMatchObject({ highWatermark: 2 * transactions, lastStableOffset: 2 * transactions });
  });
});
