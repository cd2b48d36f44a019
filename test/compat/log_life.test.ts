import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import {
  formatCleanShutdown,
  formatEpochs,
  formatOffsets,
  formatPartitionMetadata,
  parseEpochs,
  parseMetaProperties,
  parseOffsets,
  parsePartitionMetadata,
} from '../../src/storage/checkpoints.js';
import { createTopic } from '../integration/produce_fetch.js';
import { WireClient } from '../support/wire_client.js';

// The same appends and configs make the same segments in Apache Kafka 4.3.1 (recorded by ./record-log-life) and in Millrace: where logs
// roll, what retention leaves, what is refused. MILLRACE_LOG_LIFE_KAFKA="PORT DATADIR" records what that broker does, and its small files.

const goldenPath = join(import.meta.dirname, '../golden/log-life-kafka-4.3.1.json');
const kafka = process.env.MILLRACE_LOG_LIFE_KAFKA?.split(' ');

interface Target {
  readonly client: WireClient;
  readonly dataDirectory: string;
  readonly nowMs: number;
  /** Lets time pass until retention may have run twice. */
  wait(): Promise<void>;
}

interface Append {
  /** Of the records, in milliseconds from `nowMs`; null: they have none. */
  readonly atMs: ReadonlyArray<number | null>;
  readonly valueBytes?: number;
}

interface Case {
  readonly name: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly appends: readonly Append[];
  readonly deleteRecordsTo?: number;
  /** What is looked at: segments right after the appends, or what retention leaves. */
  readonly retention?: true;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const big = 300_000;

const cases: readonly Case[] = [
  {
    name: 'segment.bytes',
    configs: { 'segment.bytes': '1048576' },
    appends: Array.from({ length: 11 }, (_, i) => ({ atMs: [0, 0], valueBytes: i === 5 ? 1000 : big / 2 })),
  },
  {
    name: 'segment.ms from the largest timestamp of the first batch',
    configs: { 'segment.ms': '1000' },
    appends: [[0, 500], [1000], [1500], [1501], [1600], [2501, 2502], [2503, 100], [9000]].map((atMs) => ({ atMs })),
  },
  {
    name: 'segment.ms with older records behind newer ones',
    configs: { 'segment.ms': '1000' },
    appends: [[5000], [0], [4000], [6000], [6001], [0]].map((atMs) => ({ atMs })),
  },
  {
    name: 'segment.ms without timestamps',
    configs: { 'segment.ms': '3600000' },
    appends: [[null], [null], [0], [null]].map((atMs) => ({ atMs })),
  },
  {
    name: 'segment.ms with LogAppendTime',
    configs: { 'segment.ms': '3600000', 'message.timestamp.type': 'LogAppendTime' },
    appends: [[0], [10 * dayMs], [-10 * dayMs]].map((atMs) => ({ atMs })),
  },
  {
    name: 'max.compaction.lag.ms below segment.ms',
    configs: { 'cleanup.policy': 'compact', 'segment.ms': '100000', 'max.compaction.lag.ms': '1000' },
    appends: [[0], [1000], [1001], [3000]].map((atMs) => ({ atMs })),
  },
  {
    name: 'segment.index.bytes, the offset index full',
    configs: { 'index.interval.bytes': '0', 'segment.index.bytes': '80' },
    appends: Array.from({ length: 30 }, () => ({ atMs: [0] })),
  },
  {
    name: 'segment.index.bytes, the time index full',
    configs: { 'index.interval.bytes': '0', 'segment.index.bytes': '80' },
    appends: Array.from({ length: 30 }, (_, i) => ({ atMs: [i] })),
  },
  {
    name: 'message.timestamp.before.max.ms',
    configs: { 'message.timestamp.before.max.ms': '3600000' },
    appends: [[-2 * hourMs], [0, -2 * hourMs], [-0.5 * hourMs], [null]].map((atMs) => ({ atMs })),
  },
  {
    name: 'message.timestamp.after.max.ms',
    configs: { 'message.timestamp.after.max.ms': '3600000' },
    appends: [[2 * hourMs], [0, 2 * hourMs], [0.5 * hourMs]].map((atMs) => ({ atMs })),
  },
  {
    name: 'max.message.bytes',
    configs: { 'max.message.bytes': '1000' },
    appends: [
      { atMs: [0], valueBytes: 900 },
      { atMs: [0], valueBytes: 1000 },
      { atMs: [0, 0], valueBytes: 400 },
    ],
  },
  {
    name: 'retention.bytes',
    configs: { 'segment.bytes': '1048576', 'retention.bytes': '2000000' },
    appends: Array.from({ length: 14 }, () => ({ atMs: [0], valueBytes: big })),
    retention: true,
  },
  {
    name: 'retention.bytes=0',
    configs: { 'segment.bytes': '1048576', 'retention.bytes': '0' },
    appends: Array.from({ length: 5 }, () => ({ atMs: [0], valueBytes: big })),
    retention: true,
  },
  {
    name: 'retention.ms by the largest timestamp of a segment',
    configs: { 'segment.bytes': '1048576', 'retention.ms': String(hourMs) },
    appends: [-2, -2, -2, -2, -2, -0.2, -2, -2, -2, -2].map((hours) => ({ atMs: [hours * hourMs], valueBytes: big })),
    retention: true,
  },
  {
    name: 'retention.ms of a log that is expired altogether',
    configs: { 'segment.bytes': '1048576', 'retention.ms': String(hourMs) },
    appends: Array.from({ length: 5 }, () => ({ atMs: [-2 * hourMs], valueBytes: big })),
    retention: true,
  },
  {
    name: 'retention.ms behind a segment that is not expired',
    configs: { 'segment.bytes': '1048576', 'retention.ms': String(hourMs) },
    appends: [0, -2, -2, -2, -2, -2].map((hours) => ({ atMs: [hours * hourMs], valueBytes: big })),
    retention: true,
  },
  {
    name: 'DeleteRecords',
    configs: { 'segment.bytes': '1048576' },
    appends: Array.from({ length: 10 }, () => ({ atMs: [0], valueBytes: big })),
    deleteRecordsTo: 7,
    retention: true,
  },
  {
    name: 'DeleteRecords up to the end',
    configs: { 'segment.bytes': '1048576' },
    appends: Array.from({ length: 10 }, () => ({ atMs: [0], valueBytes: big })),
    deleteRecordsTo: -1,
    retention: true,
  },
];

interface Life {
  /** Error codes of the appends. */
  readonly errors: number[];
  /** Base offsets. */
  readonly segments: number[];
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

const topicOf = (index: number) => `life-${index}`;

async function append(target: Target, topic: string, { atMs, valueBytes = 10 }: Append): Promise<number> {
  const records = atMs.map((ms, index) => ({
    timestampMs: ms === null ? -1 : target.nowMs + ms,
    key: Buffer.from(`${index}`),
    value: Buffer.alloc(valueBytes, 65),
    headers: [],
  }));
  const response = await target.client.send<ProduceResponse>(ApiKey.Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: encodeBatch({ records }) }] }],
  });
  return response.responses[0]?.partitionResponses[0]?.errorCode ?? -1;
}

async function offsetAt({ client }: Target, topic: string, timestamp: number): Promise<number> {
  const answer = await client.send<{ topics: Array<{ partitions: Array<{ errorCode: number; offset: number }> }> }>(
    ApiKey.ListOffsets,
    7,
    { replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }] },
  );
  return answer.topics[0]?.partitions[0]?.offset ?? -1;
}

async function begin(target: Target, one: Case, topic: string): Promise<number[]> {
  await createTopic(target.client, topic, 1, one.configs);
  while ((await offsetAt(target, topic, -2)) < 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const errors: number[] = [];
  for (const each of one.appends) errors.push(await append(target, topic, each));
  if (one.deleteRecordsTo !== undefined)
    await target.client.send(ApiKey.DeleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: one.deleteRecordsTo }] }],
      timeoutMs: 5000,
    });
  return errors;
}

function segmentsOf({ dataDirectory }: Target, topic: string): number[] {
  return readdirSync(join(dataDirectory, `${topic}-0`))
    .filter((name) => /^\d{20}\.log$/.test(name))
    .map((name) => Number(name.slice(0, 20)))
    .sort((a, b) => a - b);
}

async function play(target: Target): Promise<Record<string, Life>> {
  const errors = new Map<string, number[]>();
  const rolled = new Map<string, number[]>();
  for (const [index, one] of cases.entries()) {
    errors.set(one.name, await begin(target, one, topicOf(index)));
    // Before anything is cleaned.
    if (one.retention === undefined) rolled.set(one.name, segmentsOf(target, topicOf(index)));
  }
  await target.wait();
  const lives: Record<string, Life> = {};
  for (const [index, one] of cases.entries()) {
    const topic = topicOf(index);
    const segments = rolled.get(one.name) ?? segmentsOf(target, topic);
    const [logStartOffset, logEndOffset] = [await offsetAt(target, topic, -2), await offsetAt(target, topic, -1)];
    lives[one.name] = { errors: errors.get(one.name) ?? [], segments, logStartOffset, logEndOffset };
  }
  return lives;
}

const cleanups: Array<() => Promise<void> | void> = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function millrace(): Promise<Target> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-test-life-'));
  const broker = await startBroker({
    clock: 'virtual',
    dataDirectory,
    config: { 'log.retention.check.interval.ms': 1000 },
  });
  const client = await WireClient.connect(broker.port);
  cleanups.push(async () => {
    client.close();
    await broker.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  return { client, dataDirectory, nowMs: broker.clock.now(), wait: () => broker.clock.advance('5s') };
}

async function realKafka(port: string, dataDirectory: string): Promise<Target> {
  const client = await WireClient.connect(Number(port));
  cleanups.push(() => client.close());
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 5000));
  return { client, dataDirectory, nowMs: Date.now(), wait };
}

const smallFiles = [
  'recovery-point-offset-checkpoint',
  'log-start-offset-checkpoint',
  'replication-offset-checkpoint',
  'cleaner-offset-checkpoint',
  'meta.properties',
  '.lock',
  `${topicOf(0)}-0/leader-epoch-checkpoint`,
  `${topicOf(0)}-0/partition.metadata`,
];

interface Golden {
  readonly lives: Record<string, Life>;
  readonly files: Record<string, string>;
}

const readGolden = () => JSON.parse(readFileSync(goldenPath, 'utf8')) as Golden;

describe('the life of a log', () => {
  it.runIf(kafka !== undefined)('is recorded from Kafka', async () => {
    const [port = '', dataDirectory = ''] = kafka ?? [];
    const target = await realKafka(port, dataDirectory);
    const lives = await play(target);
    const files = Object.fromEntries(smallFiles.map((name) => [name, readFileSync(join(dataDirectory, name), 'utf8')]));
    writeFileSync(goldenPath, `${JSON.stringify({ lives, files }, null, 1)}\n`);
  });

  it('is that of a log in Kafka 4.3.1', async () => {
    const golden = readGolden();
    const lives = await play(await millrace());
    for (const { name } of cases) expect({ name, ...lives[name] }).toEqual({ name, ...golden.lives[name] });
  });
});

describe('the small files of Kafka 4.3.1', () => {
  const golden = () => readGolden().files;
  const bytesOf = (name: string) => Buffer.from(golden()[name] ?? '');

  it.each([
    'recovery-point-offset-checkpoint',
    'log-start-offset-checkpoint',
    'replication-offset-checkpoint',
    'cleaner-offset-checkpoint',
  ])('%s is read, and written the same', (name) => {
    const offsets = parseOffsets(bytesOf(name));
    if (offsets === undefined) throw new Error(`${name} is not understood`);
    // Kafka makes the file before it has anything to say.
    if (bytesOf(name).length === 0) return expect(offsets.size).toBe(0);
    expect(Buffer.from(formatOffsets(offsets))).toEqual(bytesOf(name));
    if (name.startsWith('replication')) expect(offsets.get(`${topicOf(0)}-0`)).toBe(22);
  });

  it('leader-epoch-checkpoint and partition.metadata are read, and written the same', () => {
    const epochsFile = bytesOf(`${topicOf(0)}-0/leader-epoch-checkpoint`);
    expect(Buffer.from(formatEpochs(parseEpochs(epochsFile) ?? []))).toEqual(epochsFile);
    const metadataFile = bytesOf(`${topicOf(0)}-0/partition.metadata`);
    const topicId = parsePartitionMetadata(metadataFile);
    if (topicId === undefined) throw new Error('partition.metadata is not understood');
    expect(Buffer.from(formatPartitionMetadata(topicId))).toEqual(metadataFile);
  });

  it('meta.properties is read; the marker of a clean stop is written as Kafka writes it', () => {
    expect(parseMetaProperties(bytesOf('meta.properties'))).toMatchObject({ nodeId: 1 });
    expect(golden()['.lock']).toBe('');
    const marker = golden()['.kafka_cleanshutdown'];
    const epoch = (JSON.parse(marker ?? '{}') as { brokerEpoch: number }).brokerEpoch;
    expect(Buffer.from(formatCleanShutdown(epoch)).toString()).toBe(marker);
  });

  it('the checkpoint of high watermarks is written by a broker', async () => {
    const target = await millrace();
    await createTopic(target.client, 'committed', 2);
    await append(target, 'committed', { atMs: [0, 0, 0] });
    await target.wait();
    const bytes = readFileSync(join(target.dataDirectory, 'replication-offset-checkpoint'));
    expect([...(parseOffsets(bytes) ?? [])].sort()).toEqual([
      ['committed-0', 3],
      ['committed-1', 0],
    ]);
  });
});
