import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { WireClient } from '../support/wire_client.js';
import { codecs, type Driver, findDrivers, run } from './drivers.js';

// Produce with A, consume with B, per codec: every producer writes a topic of its own, every consumer reads all of them in one group.
const count = 60;

interface Seen {
  readonly t: string;
  readonly p: number;
  readonly o: number;
  readonly k: string | null;
  readonly v: string;
  readonly h: ReadonlyArray<readonly [string, string]>;
}

const drivers = await findDrivers();
const installed = drivers.filter((driver) => driver.command !== undefined);
for (const driver of drivers)
  if (driver.command === undefined) console.log(`compat: ${driver.name} is skipped, not installed: ${driver.missing}`);

const topicOf = (driver: Driver, codec: string) => `from-${driver.name}-${codec}`;

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker({ config: { 'num.partitions': 3 } });
  // Not every client asks for topics to be made.
  const client = await WireClient.connect(broker.port);
  for (const codec of codecs) for (const driver of installed) await createTopic(client, topicOf(driver, codec), 3);
  client.close();
});
afterAll(async () => {
  await broker.close();
});

/** What partition `p` of every topic must hold, in order. */
function expected(p: number): Array<Pick<Seen, 'k' | 'v' | 'h'>> {
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => i % 3 === p)
    .map((i) => ({
      k: i % 5 === 0 ? null : `key-${i}`,
      v: `value-${i}-${'x'.repeat(64)}`,
      h: [
        ['app', 'compat'],
        ['empty', ''],
      ],
    }));
}

describe.each(codecs)('codec %s', (codec) => {
  const producers = installed.filter((driver) => driver.codecs.includes(codec));
  const readers = installed.filter((driver) => driver.codecs.includes(codec));

  it.each(producers)('$name produces', async (driver) => {
    const result = await run(
      driver,
      ['produce', broker.bootstrapServers, topicOf(driver, codec), codec, `${count}`],
      50_000,
    );
    expect(result.status, result.stderr).toBe(0);
  });

  it.each(readers)('$name consumes what everyone produced', async (driver) => {
    const readable = producers.filter((producer) => driver.cannotRead?.includes(`${producer.name}/${codec}`) !== true);
    const topics = readable.map((producer) => topicOf(producer, codec));
    const args = [
      'consume',
      broker.bootstrapServers,
      topics.join(','),
      `${count * topics.length}`,
      `${driver.name}-${codec}`,
    ];
    const result = await run(driver, args, 50_000);
    expect(result.status, result.stderr).toBe(0);
    const seen = result.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Seen);
    for (const topic of topics)
      for (const p of [0, 1, 2]) {
        const records = seen.filter((record) => record.t === topic && record.p === p).sort((a, b) => a.o - b.o);
        expect(
          records.map(({ k, v, h }) => ({ k, v, h })),
          `${topic}-${p}`,
        ).toEqual(expected(p));
        expect(records.map((record) => record.o)).toEqual(records.map((_, index) => index));
      }
  });
});
