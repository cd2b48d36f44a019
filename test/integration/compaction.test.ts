import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Broker, type StartBrokerOptions, startBroker } from '../../src/index.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { decodeBatches, encodeBatch } from '../../src/records/index.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic } from './produce_fetch.js';

const brokers: Broker[] = [];
const clients: WireClient[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const broker of brokers.splice(0)) await broker.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function start(options: StartBrokerOptions = {}): Promise<{ broker: Broker; client: WireClient }> {
  const broker = await startBroker({
    clock: 'virtual',
    ...options,
    config: { 'connections.max.idle.ms': 30 * 86_400_000, ...options.config },
  });
  brokers.push(broker);
  const client = await WireClient.connect(broker.port);
  clients.push(client);
  return { broker, client };
}

async function put(
  { broker, client }: { broker: Broker; client: WireClient },
  topic: string,
  entries: ReadonlyArray<readonly [key: string, value: string | null]>,
): Promise<void> {
  const records = encodeBatch({
    records: entries.map(([key, value]) => ({
      timestampMs: broker.clock.now(),
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })),
  });
  const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  expect(response.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
}

/** What is not synced yet is not cleaned, and virtual time does not wait for the flusher's thread: to be polled. */
async function afterMinute({ broker, client }: Awaited<ReturnType<typeof start>>, topic: string) {
  await broker.clock.advance('1m');
  return (await readEntries(client, topic)).filter(([, key]) => !key.startsWith('filler'));
}

async function readEntries(client: WireClient, topic: string, from = 0) {
  const entries: Array<[offset: number, key: string, value: string | null]> = [];
  let offset = from;
  for (;;) {
    const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 20 }] }],
    });
    const answer = response.responses[0]?.partitions[0];
    if (answer?.errorCode !== 0) throw new Error(`fetch: ${answer?.errorCode}`);
    if (answer.records === null || answer.records.length === 0) return entries;
    for (const batch of decodeBatches(answer.records)) {
      for (const record of batch.records)
        if (record.offset >= offset)
          entries.push([
            record.offset,
            Buffer.from(record.key ?? []).toString(),
            record.value === null ? null : Buffer.from(record.value).toString(),
          ]);
      offset = batch.lastOffset + 1;
    }
  }
}

/** More than one segment of 1 MiB. */
const filler = Array.from({ length: 10 }, (_, index) => [`filler-${index}`, 'f'.repeat(60_000)] as const);

describe('compaction in a broker', () => {
  it('keeps the last value of each key, drops tombstones in time, and says nothing of a limit', async () => {
    const logger = new MemoryLogger();
    const scene = await start({ logger });
    const { broker, client } = scene;
    await createTopic(client, 'table', 1, {
      'cleanup.policy': 'compact',
      'segment.bytes': String(1 << 20),
      'min.cleanable.dirty.ratio': '0.01',
      'delete.retention.ms': '3600000',
    });
    expect(logger.messages('warn')).toEqual([]);
    await put(scene, 'table', [
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]);
    await put(scene, 'table', [
      ['a', '2'],
      ['b', null],
    ]);
    await put(scene, 'table', filler);
    await put(scene, 'table', filler);
    await put(scene, 'table', filler);
    await expect
      .poll(() => afterMinute(scene, 'table'), { timeout: 20_000 })
      .toEqual([
        [2, 'c', '1'],
        [3, 'a', '2'],
        [4, 'b', null],
      ]);
    // A fetch in the gap goes on with what follows.
    expect((await readEntries(client, 'table', 1))[0]).toEqual([2, 'c', '1']);
    await broker.clock.advance('1h');
    await put(scene, 'table', filler);
    await put(scene, 'table', filler);
    const keysAfterMinute = async () => (await afterMinute(scene, 'table')).map(([, key]) => key);
    await expect.poll(keysAfterMinute, { timeout: 20_000 }).toEqual(['c', 'a']);
    const metrics = await broker.metrics();
    expect(metrics).toMatch(/^millrace_cleaner_rounds_total [1-9]/m);
    expect(metrics).toMatch(/^kafka_log_logcleanermanager_max_dirty_percent \d+/m);
    expect(metrics).toMatch(/^kafka_log_logcleanermanager_uncleanable_partitions_count\{logDirectory=".+"\} 0/m);
  });

  it('does both with compact,delete', async () => {
    const scene = await start();
    const { broker, client } = scene;
    await createTopic(client, 'both', 1, {
      'cleanup.policy': 'compact,delete',
      'segment.bytes': String(1 << 20),
      'retention.ms': '86400000',
      'min.cleanable.dirty.ratio': '0.01',
    });
    await put(scene, 'both', [['a', '1']]);
    await put(scene, 'both', [['a', '2']]);
    for (let i = 0; i < 3; i += 1) await put(scene, 'both', filler);
    await expect.poll(() => afterMinute(scene, 'both'), { timeout: 20_000 }).toEqual([[1, 'a', '2']]);
    await broker.clock.advance('2d');
    expect(await readEntries(client, 'both', 32)).toEqual([]);
    const offsets = await client.send<{ topics: Array<{ partitions: Array<{ offset: number }> }> }>(
      ApiKey.ListOffsets,
      7,
      { replicaId: -1, topics: [{ name: 'both', partitions: [{ partitionIndex: 0, timestamp: -2 }] }] },
    );
    expect(offsets.topics[0]?.partitions[0]?.offset).toBe(32);
  });

  it('keeps __consumer_offsets small, and the coordinator loads the same state from it', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    directories.push(dataDirectory);
    const options: StartBrokerOptions = {
      dataDirectory,
      config: {
        'offsets.topic.num.partitions': 1,
        'offsets.topic.segment.bytes': 1 << 20,
        'millrace.flush.mode': 'os',
        'log.cleaner.min.cleanable.ratio': 0.1,
        'file.delete.delay.ms': undefined,
        'log.segment.delete.delay.ms': 1000,
      },
    };
    const { broker, client } = await start(options);
    const partitions = Array.from({ length: 200 }, (_, index) => index);
    await createTopic(client, 'work', partitions.length);
    const commit = async (group: string, base: number) => {
      const response = await client.send<{ topics: Array<{ partitions: Array<{ errorCode: number }> }> }>(
        ApiKey.OffsetCommit,
        7,
        {
          groupId: group,
          generationIdOrMemberEpoch: -1,
          memberId: '',
          topics: [
            {
              name: 'work',
              partitions: partitions.map((partitionIndex) => ({
                partitionIndex,
                committedOffset: base + partitionIndex,
                committedLeaderEpoch: -1,
                committedMetadata: 'm'.repeat(40),
              })),
            },
          ],
        },
      );
      return response.topics[0]?.partitions[0]?.errorCode;
    };
    const fetched = (from: WireClient, group: string) =>
      from.send<{ topics: unknown }>(ApiKey.OffsetFetch, 7, { groupId: group, topics: null, requireStable: false });
    // The first commits wait until the coordinator's partition is there.
    for (let tries = 0; (await commit('group-0', 0)) !== 0 && tries < 50; tries += 1) {
      await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['group-0'] });
      await broker.clock.advance(100);
    }
    for (let round = 1; round <= 60; round += 1)
      for (const group of ['group-0', 'group-1']) expect(await commit(group, round * 1000)).toBe(0);
    const size = () =>
      readdirSync(join(dataDirectory, '__consumer_offsets-0'))
        .filter((name) => name.endsWith('.log'))
        .reduce((sum, name) => sum + statSync(join(dataDirectory, '__consumer_offsets-0', name)).size, 0);
    const before = size();
    const expected = [await fetched(client, 'group-0'), await fetched(client, 'group-1')];
    expect(before).toBeGreaterThan(2 << 20);
    await broker.clock.advance('2m');
    // What is left: the active segment, and one record for each key.
    expect(size()).toBeLessThan(1.2 * (1 << 20));
    client.close();
    await broker.close();
    const { broker: second, client: again } = await start(options);
    await second.clock.advance('1s');
    expect([await fetched(again, 'group-0'), await fetched(again, 'group-1')]).toEqual(expected);
    expect(JSON.stringify(expected)).toContain('60199');
  });
});
