import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import type { DescribeConfigsResponse } from '../../src/protocol/api/describe_configs.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { compressions, encodeBatch, prepareCompression } from '../../src/records/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { batchesOnDisk, batchesServed } from '../offline/broker_checks.js';
import { describedAccess } from '../offline/described_access.js';
import { cli, golden } from '../offline/support.js';
import { WireClient } from '../support/wire_client.js';

// A directory written by Millrace in the hands of Kafka 4.3.1: read by its DumpLogSegments without complaint, and, after `log export`, served
// by Kafka itself. Needs ../shared/tools/real-kafka with its jars.

const realKafka = process.env.REAL_KAFKA ?? join(import.meta.dirname, '../../../shared/tools/real-kafka');
const jars = join(homedir(), '.cache/real-kafka/4.3.1');
const isInstalled = existsSync(realKafka) && existsSync(join(jars, 'libs/.complete'));
if (!isInstalled) console.log('compat: Kafka itself is skipped, not installed: needs java and real-kafka');
const run = promisify(execFile);
const port = 19_592;
const name = 'millrace-exported';
const T0 = 1_700_000_000_000;

const topics = ['plain-0', 'plain-1', 'rolled-0', 'nothing-0'] as const;
let home: string;
let data: string;
let exported: string;

/** Several codecs, headers, tombstones, an idempotent producer, and segments that roll by time. */
async function writeTopics(client: WireClient): Promise<void> {
  const always = { 'retention.ms': '-1', 'index.interval.bytes': '128' };
  await createTopic(client, 'plain', 2, always);
  await createTopic(client, 'rolled', 1, { ...always, 'segment.ms': '3600000' });
  await createTopic(client, 'nothing', 1, { 'cleanup.policy': 'compact,delete' });
  await prepareCompression('zstd');
  const produce = async (topic: string, index: number, records: Buffer) => {
    const { responses } = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: topic, partitionData: [{ index, records }] }],
    });
    expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
  };
  const batch = (timestampMs: number, more: Partial<Parameters<typeof encodeBatch>[0]>) =>
    encodeBatch({
      records: Array.from({ length: 8 }, (_, at) => ({
        timestampMs: timestampMs + at,
        key: at % 3 === 0 ? null : Buffer.from(`key${at}`),
        value: at === 5 ? null : Buffer.from(`value ${at} `.repeat(9)),
        headers:
          at % 2 === 0
            ? [
                { key: 'kind', value: Buffer.from('even') },
                { key: 'none', value: null },
              ]
            : [],
      })),
      ...more,
    });
  for (const [at, compression] of compressions.entries())
    for (const index of [0, 1]) await produce('plain', index, batch(T0 + at * 1000, { compression }));
  for (let day = 0; day < 4; day += 1)
    for (let at = 0; at < 3; at += 1)
      await produce(
        'rolled',
        0,
        batch(T0 + day * 86_400_000 + at * 1000, {
          producerId: 4000,
          producerEpoch: 0,
          baseSequence: (day * 3 + at) * 8,
        }),
      );
}

describe.runIf(isInstalled)('a directory of Millrace', () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'millrace-test-kafka-'));
    symlinkSync(jars, join(home, '4.3.1'));
    data = join(home, 'millrace');
    const broker = await startBroker({
      dataDirectory: data,
      config: { 'log.message.timestamp.before.max.ms': '9223372036854775807' },
    });
    const client = await WireClient.connect(broker.port);
    await writeTopics(client);
    client.close();
    await broker.close();
  });

  afterAll(async () => {
    await kafka('stop', name).catch(() => undefined);
    rmSync(home, { recursive: true, force: true });
  });

  const kafka = async (...args: readonly string[]) =>
    (await run(realKafka, [...args], { env: { ...process.env, REAL_KAFKA_HOME: home }, maxBuffer: 1 << 26 })) as {
      readonly stdout: string;
      readonly stderr: string;
    };
  const files = (suffix: RegExp) =>
    topics.flatMap((topic) =>
      readdirSync(join(data, topic))
        .filter((file) => suffix.test(file))
        .sort()
        .map((file) => join(data, topic, file)),
    );

  it.each([
    ['--deep-iteration', /\.log$/],
    ['--print-data-log', /\.log$/],
    ['--index-sanity-check', /index$/],
    ['--verify-index-only', /index$/],
    ['--deep-iteration', /\.(index|timeindex|snapshot)$/],
  ])('is read by DumpLogSegments %s %s without complaint, and shown the same by log dump', async (option, suffix) => {
    const args = [option, '--files', files(suffix).join(',')];
    const theirs = await kafka('run', 'org.apache.kafka.tools.DumpLogSegments', ...args);
    // That a segment does not begin at offset 0 is no complaint, although it is said.
    const complaints = theirs.stderr
      .split('\n')
      .filter((line) => line !== '' && !/^Non-consecutive|^ {2}-1 is followed/.test(line));
    expect(complaints).toEqual([]);
    expect(theirs.stdout).not.toMatch(/isvalid: false|invalid bytes/);
    expect((await cli('log', 'dump', ...args)).out).toBe(theirs.stdout);
  });

  it('is served by Kafka after log export: records, topic ids and configs', async () => {
    exported = join(home, 'run', name, 'data');
    mkdirSync(join(home, 'run', name), { recursive: true });
    const done = await cli('log', 'export', data, '--output', exported);
    expect(done).toMatchObject({ code: 0, err: '' });
    await kafka('start', `name=${name}`, `port=${port}`);
    const client = await WireClient.connect(port);
    try {
      for (const partition of topics) {
        const { batches } = await batchesServed(client, partition);
        expect(Buffer.concat(batches).toString('hex')).toBe(
          Buffer.concat(batchesOnDisk(data, partition)).toString('hex'),
        );
      }
      const { topics: found } = await client.send<MetadataResponse>(ApiKey.Metadata, 12, { topics: null });
      for (const topic of ['plain', 'rolled', 'nothing']) {
        const file = readFileSync(join(data, `${topic}-0/partition.metadata`), 'utf8');
        expect(file).toContain(`topic_id: ${found.find((one) => one.name === topic)?.topicId}`);
      }
      const { results } = await client.send<DescribeConfigsResponse>(ApiKey.DescribeConfigs, 4, {
        resources: [{ resourceType: 2, resourceName: 'rolled', configurationKeys: null }],
      });
      const own = results[0]?.configs.filter(({ configSource }) => configSource === 1) ?? [];
      expect(Object.fromEntries(own.map((one) => [one.name, one.value]))).toEqual({
        'retention.ms': '-1',
        'index.interval.bytes': '128',
        'segment.ms': '3600000',
      });
    } finally {
      client.close();
    }
    await kafka('stop', name);
    expect(readdirSync(exported).filter((entry) => /stray|delete$/.test(entry))).toEqual([]);
  }, 120_000);

  it('gives Kafka access rules, users, quotas, configs and features by log export', async () => {
    const secured = join(home, 'secured');
    expect((await cli('log', 'import', join(golden, 'secured'), '-o', secured)).code).toBe(0);
    // A start and an orderly stop, as log export asks for.
    await (await startBroker({ dataDirectory: secured })).close();
    mkdirSync(join(home, 'run', 'secured'), { recursive: true });
    const done = await cli('log', 'export', secured, '-o', join(home, 'run', 'secured', 'data'));
    expect(done).toMatchObject({ code: 0, err: '' });
    const authorizer = 'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer';
    await kafka('start', 'name=secured', `port=${port}`, authorizer, 'super.users=User:ANONYMOUS');
    try {
      expect(await describedAccess(port)).toEqual(JSON.parse(readFileSync(join(golden, 'secured.json'), 'utf8')));
    } finally {
      await kafka('stop', 'secured');
    }
  }, 120_000);

  it('comes back by log import, with what Kafka wrote meanwhile', async () => {
    const back = join(home, 'back');
    expect((await cli('log', 'import', exported, '-o', back)).code).toBe(0);
    const broker = await startBroker({ dataDirectory: back });
    const client = await WireClient.connect(broker.port);
    try {
      for (const partition of topics) {
        const { batches } = await batchesServed(client, partition);
        expect(Buffer.concat(batches).toString('hex')).toBe(
          Buffer.concat(batchesOnDisk(data, partition)).toString('hex'),
        );
      }
    } finally {
      client.close();
      await broker.close();
    }
  });
});
