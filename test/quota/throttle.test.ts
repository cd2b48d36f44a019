import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiKey } from '../../src/protocol/api_keys.js';
import type { WireClient } from '../support/wire_client.js';
import { fetch, produce, QuotaScene } from './scene.js';

let scene: QuotaScene;
beforeEach(async () => {
  scene = await QuotaScene.start();
});
afterEach(() => scene.stop());

describe('a quota', () => {
  it('has a client make progress whose smallest batch is above what its window allows', async () => {
    await scene.setQuota({ 'client-id': null }, 'consumer_byte_rate', 100);
    const client = await scene.connect('slow');
    await scene.createTopic(client, 'quota');
    await produce(client, 'quota');
    const first = await fetch(client, 'quota', 0);
    expect(first.amount).toBeGreaterThan(10_000);
    expect(first.throttleMs).toBeGreaterThan(60_000);
  });

  it('mutes the connection: what is sent meanwhile waits, other clients do not', async () => {
    await scene.setQuota({ 'client-id': 'fast' }, 'producer_byte_rate', 1000);
    const client = await scene.connect('fast');
    await scene.createTopic(client, 'quota');
    const throttleTimeMs = await produce(client, 'quota');
    expect(throttleTimeMs).toBeGreaterThan(100);
    const later = client.send(ApiKey.Metadata, 9, { topics: [], allowAutoTopicCreation: false });
    const order: string[] = [];
    void later.then(() => order.push('muted'));
    const other = await scene.connect('other');
    await other.send(ApiKey.Metadata, 9, { topics: [], allowAutoTopicCreation: false });
    await scene.broker.clock.advance(throttleTimeMs - 10);
    await other.send(ApiKey.Metadata, 9, { topics: [], allowAutoTopicCreation: false });
    order.push('other');
    await scene.broker.clock.advance(10);
    await later;
    expect(order).toEqual(['other', 'muted']);
  });

  it('refuses changes of topics that are not paid for: an error for those who know it, a wait for the others', async () => {
    await scene.setQuota({ user: null }, 'controller_mutation_rate', 1);
    const client = await scene.connect('admin');
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
    await scene.broker.clock.advance(60_000);
    const codes = ({ topics }: { topics: Array<{ name: string; errorCode: number }> }) =>
      Object.fromEntries(topics.map(({ name, errorCode }) => [name, errorCode]));
    const strict = await create(7, ['a', 'b', 'c']);
    expect(codes(strict)).toEqual({ a: 0, b: 89, c: 89 });
    // Eleven were there, twenty were taken.
    expect(strict.throttleTimeMs).toBe(9000);
    await scene.broker.clock.advance(9000);
    const lenient = await create(5, ['a', 'b']);
    expect(codes(lenient)).toEqual({ a: 0, b: 0 });
    expect(lenient.throttleTimeMs).toBe(40_000);
  });

  it('closes connections of an address above its rate when they have waited, and answers them nothing', async () => {
    await scene.setQuota({ ip: '127.0.0.1' }, 'connection_creation_rate', 1);
    const welcome: WireClient[] = [];
    for (let count = 0; count < 10; count += 1) welcome.push(await scene.connect('many'));
    await Promise.all(welcome.map((client) => client.send(ApiKey.ApiVersions, 0, {})));
    const refused = await scene.connect('many');
    const answer = refused.send(ApiKey.ApiVersions, 0, {}).then(
      () => 'answered',
      () => 'closed',
    );
    await welcome[0]?.send(ApiKey.ApiVersions, 0, {});
    await scene.broker.clock.advance(1000);
    expect(await answer).toBe('closed');
    await scene.broker.clock.advance(11_000);
    await (await scene.connect('many')).send(ApiKey.ApiVersions, 0, {});
  });
});
