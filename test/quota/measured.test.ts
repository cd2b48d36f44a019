import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiKey } from '../../src/protocol/api_keys.js';
import type { WireClient } from '../support/wire_client.js';
import { type Entity, expectWithin5Percent, fetch, produce, produceBytes, QuotaScene } from './scene.js';

// What is let through is measured, over minutes of virtual time and behind the burst that each quota allows.
let scene: QuotaScene;
beforeEach(async () => {
  scene = await QuotaScene.start();
});
afterEach(() => scene.stop());

/** In Kafka's order: the first that is set counts. */
const levels: readonly Entity[] = [
  { user: 'ANONYMOUS', 'client-id': 'app' },
  { user: 'ANONYMOUS', 'client-id': null },
  { user: 'ANONYMOUS' },
  { user: null, 'client-id': 'app' },
  { user: null, 'client-id': null },
  { user: null },
  { 'client-id': 'app' },
  { 'client-id': null },
];

const produced = (client: WireClient): Promise<number> =>
  scene.measured(async () => ({ throttleMs: await produce(client, 'quota'), amount: produceBytes }));
const fetched = (client: WireClient): Promise<number> => scene.measured(() => fetch(client, 'quota', 0));

describe('a rate', () => {
  it.each(['producer_byte_rate', 'consumer_byte_rate'] as const)(
    'is that of the first level that has one, within five per cent: %s',
    { timeout: 120_000 },
    async (key) => {
      const rateOf = key === 'producer_byte_rate' ? produced : fetched;
      const client = await scene.connect('app');
      await scene.createTopic(client, 'quota');
      await produce(client, 'quota');
      const limits = levels.map((entity, index) => ({ entity, limit: 6_000 + 500 * index }));
      for (const { entity, limit } of limits) await scene.setQuota(entity, key, limit);
      for (const { entity, limit } of limits) {
        expectWithin5Percent(await rateOf(client), limit);
        await scene.setQuota(entity, key, null);
      }
      // Without any, nobody waits.
      for (let count = 0; count < 50; count += 1) expect(await produce(client, 'quota')).toBe(0);
      for (let count = 0; count < 50; count += 1) expect((await fetch(client, 'quota', 0)).throttleMs).toBe(0);
    },
  );

  it('of a user is shared by its clients; that of a user and any client is for each client', async () => {
    const clients = [await scene.connect('one'), await scene.connect('two')] as const;
    await scene.createTopic(clients[0], 'quota');
    /** Both at once: whoever need not wait sends. */
    const both = async (spanMs = 600_000) => {
      const waitsUntil = [0, 0];
      let nowMs = 0;
      let bytes = 0;
      while (nowMs < spanMs) {
        for (const [index, client] of clients.entries())
          if ((waitsUntil[index] ?? 0) <= nowMs) {
            waitsUntil[index] = nowMs + (await produce(client, 'quota'));
            bytes += produceBytes;
          }
        const nextMs = Math.max(nowMs, Math.min(...waitsUntil));
        await scene.broker.clock.advance(nextMs - nowMs);
        nowMs = nextMs;
      }
      await scene.broker.clock.advance(Math.max(...waitsUntil) - nowMs);
      return (bytes * 1000) / nowMs;
    };
    await scene.setQuota({ user: 'ANONYMOUS' }, 'producer_byte_rate', 10_000);
    expectWithin5Percent(await both(), 10_000);
    await scene.setQuota({ user: 'ANONYMOUS', 'client-id': null }, 'producer_byte_rate', 10_000);
    expectWithin5Percent(await both(), 20_000);
  });

  it('of changes of topics is kept within 5 %, by those who get an error and by those who wait', async () => {
    await scene.setQuota({ user: null, 'client-id': 'admin' }, 'controller_mutation_rate', 5);
    const client = await scene.connect('admin');
    for (const version of [5, 7]) {
      const rate = await scene.measured(async () => {
        const { throttleTimeMs, topics } = await client.send<{
          throttleTimeMs: number;
          topics: Array<{ errorCode: number }>;
        }>(ApiKey.CreateTopics, version, {
          topics: ['a', 'b'].map((name) => ({
            name,
            numPartitions: 7,
            replicationFactor: 1,
            assignments: [],
            configs: [],
          })),
          timeoutMs: 1000,
          validateOnly: true,
        });
        return { throttleMs: throttleTimeMs, amount: 7 * topics.filter(({ errorCode }) => errorCode === 0).length };
      });
      expectWithin5Percent(rate, 5);
    }
  });

  it('of connections of an address is kept within 5 %', { timeout: 120_000 }, async () => {
    const limit = 4;
    const known = await scene.connect('known');
    await scene.setQuota({ ip: '127.0.0.1' }, 'connection_creation_rate', limit);
    const [burstMs, spanMs, everyMs] = [30_000, 120_000, 100];
    const measured: Array<Promise<boolean>> = [];
    for (let nowMs = 0; nowMs < burstMs + spanMs; nowMs += everyMs) {
      const client = await scene.connect('many');
      // Who is not let in is closed a second later, unanswered.
      const answered = client.send(ApiKey.ApiVersions, 0, {}).then(
        () => true,
        () => false,
      );
      if (nowMs >= burstMs) measured.push(answered);
      // The broker has seen the connection when it answers another one.
      await known.send(ApiKey.ApiVersions, 0, {});
      await scene.broker.clock.advance(everyMs);
    }
    await scene.broker.clock.advance(2_000);
    const welcome = (await Promise.all(measured)).filter((isIn) => isIn).length;
    expectWithin5Percent((welcome * 1000) / spanMs, limit);
  });
});
