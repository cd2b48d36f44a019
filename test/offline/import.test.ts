import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { readKafkaMetadata } from '../../src/offline/kafka_metadata.js';
import type { DescribeConfigsResponse } from '../../src/protocol/api/describe_configs.js';
import type { InitProducerIdResponse } from '../../src/protocol/api/init_producer_id.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import type { OffsetForLeaderEpochResponse } from '../../src/protocol/api/offset_for_leader_epoch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { WireClient } from '../support/wire_client.js';
import { batchesOnDisk, batchesServed, split, stoppedPartitions } from './broker_checks.js';
import { cli, copyOf, fingerprint, golden, ports, temporary } from './support.js';

const kafka = join(golden, 'stopped');
let output: string;
let broker: Broker;
let client: WireClient;

beforeAll(async () => {
  output = join(temporary(), 'data');
  const before = fingerprint(kafka);
  const done = await cli('log', 'import', kafka, '--output', output, '--json');
  expect(done.err).toBe('');
  expect(JSON.parse(done.out)).toMatchObject({ partitions: 10, nodeId: 1, cleanShutdown: true, notes: [] });
  expect(fingerprint(kafka)).toEqual(before);
  broker = await startBroker({ dataDirectory: output });
  client = await WireClient.connect(broker.port);
});

afterAll(async () => {
  client.close();
  await broker.close();
});

describe("a stopped Kafka's directory after log import", () => {
  it.each(stoppedPartitions)('serves %s to the byte', async (partition) => {
    const { start, batches } = await batchesServed(client, partition);
    expect(start).toBe(partition === 'shortened-0' ? 7 : 0);
    expect(batches.map((batch) => batch.toString('hex'))).toEqual(
      batchesOnDisk(kafka, partition, start).map((batch) => batch.toString('hex')),
    );
    expect(batches.length > 0).toBe(partition !== 'empty-0');
  });

  it('keeps cluster id, topic ids and leader epochs', async () => {
    const meta = readFileSync(join(kafka, 'meta.properties'), 'utf8');
    expect(broker.clusterId).toBe(/^cluster\.id=(.*)$/m.exec(meta)?.[1]);
    const { topics } = await client.send<MetadataResponse>(ApiKey.Metadata, 12, { topics: null });
    const metadata = await readKafkaMetadata(ports, kafka);
    for (const partition of stoppedPartitions) {
      const { topic, index } = split(partition);
      const file = readFileSync(join(kafka, partition, 'partition.metadata'), 'utf8');
      const found = topics.find(({ name }) => name === topic);
      expect(file).toContain(`topic_id: ${found?.topicId}`);
      const known = metadata?.topics.get(found?.topicId ?? ('' as never))?.partitions.get(index);
      expect(found?.partitions.find(({ partitionIndex }) => partitionIndex === index)).toMatchObject({
        leaderId: 1,
        leaderEpoch: known?.leader === 1 ? known.leaderEpoch : (known?.leaderEpoch ?? -9) + 1,
      });
    }
    expect(topics.map(({ name }) => name)).not.toContain('deleted');
  });

  it('answers where each leader epoch ends', async () => {
    const epochs = [0, 1, 2];
    const ends = await Promise.all(
      epochs.map(async (leaderEpoch) => {
        const { topics } = await client.send<OffsetForLeaderEpochResponse>(ApiKey.OffsetForLeaderEpoch, 4, {
          replicaId: -1,
          topics: [{ topic: 'codecs', partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }] }],
        });
        const { leaderEpoch: found, endOffset } = topics[0]?.partitions[0] ?? {};
        return [found, endOffset];
      }),
    );
    expect(ends).toEqual([
      [0, 50],
      [0, 50],
      [2, 60],
    ]);
  });

  it('keeps the configs of topics', async () => {
    const configsOf = async (resourceName: string) => {
      const { results } = await client.send<DescribeConfigsResponse>(ApiKey.DescribeConfigs, 4, {
        resources: [{ resourceType: 2, resourceName, configurationKeys: null }],
      });
      const own = results[0]?.configs.filter(({ configSource }) => configSource === 1) ?? [];
      return Object.fromEntries(own.map(({ name, value }) => [name, value]));
    };
    const always = { 'message.timestamp.before.max.ms': '9223372036854775807' };
    expect(await configsOf('codecs')).toEqual({ ...always, 'retention.ms': '-1', 'index.interval.bytes': '256' });
    expect(await configsOf('append-time')).toEqual({
      ...always,
      'retention.ms': '-1',
      'message.timestamp.type': 'LogAppendTime',
    });
    expect(await configsOf('empty')).toEqual({
      ...always,
      'cleanup.policy': 'compact,delete',
      'max.message.bytes': '2000000',
    });
  });

  it("knows Kafka's producers: a repeated batch is answered with its offset, a wrong sequence refused", async () => {
    const send = async (records: Buffer) => {
      const { responses } = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5000,
        topicData: [{ name: 'codecs', partitionData: [{ index: 0, records }] }],
      });
      const { errorCode, baseOffset } = responses[0]?.partitionResponses[0] ?? {};
      return { errorCode, baseOffset };
    };
    const last = Buffer.from(batchesOnDisk(kafka, 'codecs-0').at(-1) ?? Buffer.alloc(0));
    last.writeBigInt64BE(0n, 0); // as a producer sends it
    expect(await send(last)).toEqual({ errorCode: 0, baseOffset: 50 });
    const { producerId } = await client.send<InitProducerIdResponse>(ApiKey.InitProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 0,
    });
    const metadata = await readKafkaMetadata(ports, kafka);
    expect(metadata?.nextProducerId).toBeGreaterThan(1002);
    expect(producerId).toBe(metadata?.nextProducerId);
  });

  it('knows what groups have committed', async () => {
    const { groups } = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
      groups: [{ groupId: 'readers', topics: [{ name: 'codecs', partitionIndexes: [0] }] }],
      requireStable: false,
    });
    expect(groups[0]?.topics[0]?.partitions[0]).toMatchObject({
      committedOffset: 37,
      metadata: 'halfway',
      errorCode: 0,
    });
  });
});

describe('millrace log import', () => {
  it('takes a killed Kafka, whose logs the first start verifies', async () => {
    const killed = join(golden, 'killed');
    const data = join(temporary(), 'data');
    const { code, out } = await cli('log', 'import', killed, '-o', data);
    expect(code).toBe(0);
    expect(out).toContain('not stopped in an orderly way');
    const started = await startBroker({ dataDirectory: data });
    const wire = await WireClient.connect(started.port);
    try {
      // What recovery found is served once it is on the medium.
      await expect
        .poll(async () => (await batchesServed(wire, 'killed-0')).batches.length, { timeout: 20_000 })
        .toBe(12);
      const { batches } = await batchesServed(wire, 'killed-0');
      expect(Buffer.concat(batches)).toEqual(Buffer.concat(batchesOnDisk(killed, 'killed-0')));
    } finally {
      wire.close();
      await started.close();
    }
  });

  it('knows topics from their directories when there is no metadata log', async () => {
    const source = copyOf('stopped');
    rmSync(join(source, '__cluster_metadata-0'), { recursive: true });
    const data = join(temporary(), 'data');
    const { code, out } = await cli('log', 'import', source, '-o', data);
    expect(code).toBe(0);
    expect(out).toContain('topics are known from their directories alone');
    const started = await startBroker({ dataDirectory: data });
    const wire = await WireClient.connect(started.port);
    try {
      const { batches } = await batchesServed(wire, 'segments-1');
      expect(Buffer.concat(batches)).toEqual(Buffer.concat(batchesOnDisk(source, 'segments-1')));
    } finally {
      wire.close();
      await started.close();
    }
  });

  it('refuses what it cannot make a directory of, and leaves nothing that could be started', async () => {
    const full = copyOf('killed');
    const refused = await cli('log', 'import', kafka, '-o', full);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('is not empty');
    const lock = ports.locks.take(full, 'exclusive');
    const busy = await cli('log', 'import', full, '-o', join(temporary(), 'data'));
    expect(busy.err).toContain('a broker is running on');
    lock.release();
    const damaged = copyOf('stopped');
    const path = join(damaged, '__cluster_metadata-0/00000000000000000000.log');
    const bytes = readFileSync(path);
    const firstBytes = 12 + bytes.readInt32BE(8);
    bytes[firstBytes - 1] = (bytes[firstBytes - 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const data = join(temporary(), 'data');
    const corrupt = await cli('log', 'import', damaged, '-o', data);
    expect(corrupt.err).toMatch(/is damaged at position \d+: the topics of this directory cannot be told/);
    expect(existsSync(join(data, 'meta.properties'))).toBe(false);
  });
});
