import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Broker, type StartBrokerOptions, startBroker } from '../../src/index.js';
import type { ApiVersionsResponse } from '../../src/protocol/api/api_versions.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

const brokers: Broker[] = [];
const clients: WireClient[] = [];
const directories: string[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const client of clients.splice(0)) client.close();
  for (const broker of brokers.splice(0)) await broker.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function start(options: StartBrokerOptions = {}): Promise<Broker> {
  const broker = await startBroker(options);
  brokers.push(broker);
  return broker;
}

async function connect(broker: Broker): Promise<WireClient> {
  const client = await WireClient.connect(broker.port);
  clients.push(client);
  return client;
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  directories.push(directory);
  return directory;
}

describe('a broker in this process', () => {
  it('leaves no descriptor, handle or directory behind', async () => {
    // The first broker loads the addon and codecs once for all.
    await (await startBroker()).close();
    const before = readdirSync('/proc/self/fd').length;
    // Other tests make directories meanwhile.
    const own = temporary();
    vi.stubEnv('TMPDIR', own);
    for (let round = 0; round < 5; round += 1) {
      const broker = await start();
      const client = await connect(broker);
      expect(readdirSync(own)).toHaveLength(1);
      await createTopic(client, 'topic', 3);
      await produce(client, 'topic', ['a', 'b']);
      client.close();
      await broker.close();
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
    expect(readdirSync(own)).toEqual([]);
    const handles = process
      .getActiveResourcesInfo()
      .filter((name) => name === 'TCPSocketWrap' || name === 'TCPServerWrap');
    expect(handles).toEqual([]);
  });

  it('runs many at once, each on its own', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => start()));
    expect(new Set(many.map((broker) => broker.port)).size).toBe(8);
    expect(new Set(many.map((broker) => broker.clusterId)).size).toBe(8);
    await Promise.all(
      many.map(async (broker, index) => {
        const client = await connect(broker);
        await createTopic(client, 'mine');
        await produce(client, 'mine', [`value ${index}`]);
        expect(await readAll(client, 'mine')).toEqual([`value ${index}`]);
      }),
    );
  });

  it('keeps topics, ids, configs and records through a restart', async () => {
    const dataDirectory = temporary();
    const first = await start({ dataDirectory });
    const client = await connect(first);
    await createTopic(client, 'kept', 2, { 'retention.ms': '12345678' });
    await produce(client, 'kept', ['one', 'two'], { producerId: 7, baseSequence: 0 });
    const before = await client.send<MetadataResponse>(ApiKey.Metadata, 12, { topics: [{ name: 'kept' }] });
    await first.close();
    const second = await start({ dataDirectory });
    expect(second.clusterId).toBe(first.clusterId);
    const again = await connect(second);
    const after = await again.send<MetadataResponse>(ApiKey.Metadata, 12, { topics: [{ name: 'kept' }] });
    expect(after.topics[0]?.topicId).toBe(before.topics[0]?.topicId);
    expect(await readAll(again, 'kept')).toEqual(['one', 'two']);
    // The producer's last batch is known: sent again, it is answered with its first offset and not appended.
    const repeated = await produce(again, 'kept', ['one', 'two'], { producerId: 7, baseSequence: 0 });
    expect(repeated).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await produce(again, 'kept', ['later'], { producerId: 7, baseSequence: 9 })).toMatchObject({
      errorCode: 45,
    });
    expect(await produce(again, 'kept', ['three'], { producerId: 7, baseSequence: 2 })).toMatchObject({
      errorCode: 0,
      baseOffset: 2,
    });
    const configs = await again.send<{ results: Array<{ configs: Array<{ name: string; value: string }> }> }>(
      ApiKey.DescribeConfigs,
      4,
      {
        resources: [{ resourceType: 2, resourceName: 'kept', configurationKeys: ['retention.ms'] }],
      },
    );
    expect(configs.results[0]?.configs[0]).toMatchObject({ name: 'retention.ms', value: '12345678' });
  });

  it('obeys virtual time: retention empties a topic, the producer state expires', async () => {
    const broker = await start({ clock: 'virtual', config: { 'connections.max.idle.ms': 30 * 86_400_000 } });
    const client = await connect(broker);
    await createTopic(client, 'short', 1, { 'retention.ms': '3600000', 'file.delete.delay.ms': '1000' });
    await produce(client, 'short', ['old'], { timestampMs: broker.clock.now(), producerId: 5, baseSequence: 0 });
    await broker.clock.advance('30m');
    expect(await readAll(client, 'short')).toEqual(['old']);
    const started = broker.clock.now();
    await broker.clock.advance('7d');
    expect(broker.clock.now() - started).toBe(7 * 86_400_000);
    const offsets = await client.send<{ topics: Array<{ partitions: Array<{ offset: number }> }> }>(
      ApiKey.ListOffsets,
      7,
      {
        replicaId: -1,
        topics: [{ name: 'short', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
      },
    );
    expect(offsets.topics[0]?.partitions[0]?.offset).toBe(1);
    // Expired: any sequence may begin.
    expect(
      await produce(client, 'short', ['new'], { timestampMs: broker.clock.now(), producerId: 5, baseSequence: 40 }),
    ).toMatchObject({
      errorCode: 0,
      baseOffset: 1,
    });
  });

  it('answers a version of ApiVersions that it does not know in the shape of version 0', async () => {
    const broker = await start();
    const client = await connect(broker);
    const answered = client.send<ApiVersionsResponse>(ApiKey.ApiVersions, 0, {});
    const frame = Buffer.from('0000000a00120063000000770000', 'hex');
    client.write(frame);
    const versions = await answered;
    expect(versions.apiKeys.length).toBeGreaterThan(25);
    expect(versions.apiKeys.find(({ apiKey }) => apiKey === ApiKey.Produce)).toMatchObject({
      minVersion: 0,
      maxVersion: 13,
    });
    // No promise waits for correlation id 0x77; the connection lives on.
    expect((await client.send<ApiVersionsResponse>(ApiKey.ApiVersions, 0, {})).errorCode).toBe(0);
  });

  it('names what was wrong with a configuration, a port and a data directory', async () => {
    await expect(startBroker({ config: { 'num.partitions': 'many' } })).rejects.toThrow(/num\.partitions/);
    await expect(startBroker({ config: { 'security.inter.broker.protocol': 'SSL' } })).rejects.toThrow(
      /security\.inter\.broker\.protocol/,
    );
    const broker = await start();
    await expect(startBroker({ port: broker.port })).rejects.toThrow(/in use by another process: .*listeners/);
    const dataDirectory = temporary();
    await start({ dataDirectory });
    await expect(startBroker({ dataDirectory })).rejects.toThrow(/in use by another broker/);
    await expect(startBroker({ dataDirectory: '/dev/null/data' })).rejects.toThrow(
      /data directory \/dev\/null\/data cannot be used/,
    );
    const other = temporary();
    await (await startBroker({ dataDirectory: other })).close();
    await expect(startBroker({ dataDirectory: other, config: { 'node.id': 5 } })).rejects.toThrow(
      /belongs to node 1.*node\.id=1/,
    );
  });

  it('goes on under bad input, says why, and loses nothing', async () => {
    const logger = new MemoryLogger();
    const broker = await start({ logger });
    const client = await connect(broker);
    await createTopic(client, 'safe');
    await produce(client, 'safe', ['before']);
    const rssBytes = process.memoryUsage.rss();
    let seed = 99;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed;
    };
    for (let round = 0; round < 40; round += 1) {
      const garbage = await Promise.all(
        Array.from({ length: 25 }, async () => {
          const bad = await WireClient.connect(broker.port);
          const bytes = Buffer.from(Array.from({ length: 4 + (random() % 200) }, () => random() >>> 24));
          // A third looks like a frame with a real API key: the decoders see it.
          if (random() % 3 === 0) {
            bytes.writeInt32BE(bytes.length - 4, 0);
            if (bytes.length > 12) {
              bytes.writeInt16BE(random() % 80, 4);
              bytes.writeInt16BE(random() % 14, 6);
            }
          }
          bad.write(bytes);
          return bad;
        }),
      );
      await produce(client, 'safe', [`round ${round}`]);
      for (const bad of garbage) bad.close();
    }
    expect(await readAll(client, 'safe')).toEqual([
      'before',
      ...Array.from({ length: 40 }, (_, round) => `round ${round}`),
    ]);
    // A thousand of them; both ends are in this process.
    expect(process.memoryUsage.rss() - rssBytes).toBeLessThan(100 * 1024 * 1024);
    const text = logger.entries.map((entry) => entry.message).join('\n');
    expect(text).toMatch(/socket\.request\.max\.bytes/);
    expect(text).toMatch(/could not be read|not the Kafka protocol/);
    expect(logger.entries.filter((entry) => entry.level === 'error' || entry.level === 'fatal')).toEqual([]);
  });
});
