import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONFIG_RESOURCE } from '../../src/config/index.js';
import { startBroker } from '../../src/index.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { compressions, decodeBatches, encodeBatch, prepareCompression } from '../../src/records/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { Prng } from '../support/prng.js';
import { setConfigs } from '../support/set_configs.js';
import { WireClient } from '../support/wire_client.js';

// The same input cleaned by Apache Kafka 4.3.1 (recorded by ./record-compaction) and by Millrace leaves the same batches and records.
// MILLRACE_COMPACTION_KAFKA="PORT DATADIR" records what that broker does; MILLRACE_COMPACTION_KEEP=DIR keeps what Millrace wrote.

const goldenPath = join(import.meta.dirname, '../golden/compaction-kafka-4.3.1.json');
const kafka = process.env.MILLRACE_COMPACTION_KAFKA?.split(' ');

interface Target {
  readonly client: WireClient;
  readonly dataDirectory: string;
  /** Lets time pass until a cleaner that looks every 100 ms may have looked. */
  wait(): Promise<void>;
}

interface Topic {
  readonly name: string;
  readonly configs: Record<string, string>;
  readonly batches: number;
  /** Of the keys: the number of a key by this. */
  readonly keyBytes: number;
}

const topics = [
  { name: 'keeps-tombstones', configs: { 'delete.retention.ms': '86400000' }, batches: 320, keyBytes: 0 },
  { name: 'drops-tombstones', configs: { 'delete.retention.ms': '0' }, batches: 320, keyBytes: 0 },
  // The broker compressed them before the cleaner does.
  {
    name: 'stored-tombstones',
    configs: { 'delete.retention.ms': '86400000', 'compression.type': 'zstd' },
    batches: 160,
    keyBytes: 0,
  },
  // Keys that differ behind kilobytes of sameness.
  { name: 'large-tombstones', configs: { 'delete.retention.ms': '0' }, batches: 80, keyBytes: 300 },
] as const satisfies readonly Topic[];

const setPolicy = ({ client }: Target, topic: string, policy: string) =>
  setConfigs(client, CONFIG_RESOURCE.TOPIC, topic, { 'cleanup.policy': policy });

/** Batches of every codec, with and without a producer, superseded keys, tombstones and records without a key. */
async function produceRandomly({ client }: Target, topic: Topic, phase: number): Promise<void> {
  const random = new Prng(phase * 7 + 3);
  const below = (bound: number) => random.below(bound);
  const sequences = new Map<number, number>();
  for (let batch = 0; batch < topic.batches; batch += 1) {
    const producerId = below(4) === 0 ? 900_000 + phase * 10 + below(3) : -1;
    const count = 1 + below(8);
    const records = Array.from({ length: count }, (_, index) => ({
      // Every quarter of them an hour passes, which rolls a segment whatever size codecs of other versions give.
      timestampMs: 1_700_000_000_000 + (phase * 10 + Math.floor((batch * 4) / topic.batches)) * 3_600_000 + below(1000),
      key: below(40) === 0 ? null : keyOf(below(phase === 1 ? 150 : 75), topic),
      value: below(5) === 0 ? null : Buffer.from(`${phase}.${batch}.${index} `.padEnd(below(600), `${below(1e9)}`)),
      headers: below(4) === 0 ? [{ key: 'h', value: Buffer.from(`${batch}`) }] : [],
    }));
    const baseSequence = sequences.get(producerId) ?? 0;
    if (producerId >= 0) sequences.set(producerId, baseSequence + count);
    const compression = compressions[below(compressions.length)] ?? 'none';
    await prepareCompression(compression);
    const send = () =>
      client.send<ProduceResponse>(ApiKey.Produce, 9, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5000,
        topicData: [
          {
            name: topic.name,
            partitionData: [
              {
                index: 0,
                records: encodeBatch({
                  records,
                  compression,
                  ...(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence }),
                }),
              },
            ],
          },
        ],
      });
    let response = await send();
    // Kafka takes a moment to notice that the policy is another one now, and may not know a new topic's leader at once.
    for (
      let tries = 0;
      kafka !== undefined && tries < 50 && response.responses[0]?.partitionResponses[0]?.errorCode !== 0;
      tries += 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      response = await send();
    }
    expect(response.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0 });
  }
}

function keyOf(number: number, { keyBytes }: Topic): Buffer {
  return Buffer.from(`${'k'.repeat(number * keyBytes)}key-${number}`);
}

/** Waits until what a checkpoint of the data directory says is so for the base of the active segment. */
async function untilCheckpoint(
  target: Target,
  file: string,
  topic: string,
  isSo: (checkpoint: number, activeBase: number) => boolean,
): Promise<void> {
  const activeBase = () =>
    readdirSync(join(target.dataDirectory, `${topic}-0`))
      .filter((name) => name.endsWith('.log'))
      .map((name) => Number(name.slice(0, 20)))
      .reduce((a, b) => Math.max(a, b));
  const checkpoint = () => {
    try {
      const text = readFileSync(join(target.dataDirectory, file), 'utf8');
      return Number(new RegExp(`^${topic} 0 (\\d+)$`, 'm').exec(text)?.[1]);
    } catch {
      return Number.NaN;
    }
  };
  for (let tries = 0; !isSo(checkpoint(), activeBase()); tries += 1) {
    if (tries > 300) throw new Error(`${topic} of ${file}: ${checkpoint()} of ${activeBase()}`);
    await target.wait();
  }
}

async function survivors({ client }: Target, topic: string): Promise<string[]> {
  const lines: string[] = [];
  let offset = 0;
  for (;;) {
    const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 20 }] }],
    });
    const answer = response.responses[0]?.partitions[0];
    expect(answer?.errorCode).toBe(0);
    if (answer?.records === undefined || answer.records === null || answer.records.length === 0) return lines;
    for (const batch of decodeBatches(answer.records)) {
      const { baseOffset, lastOffset, producerId, baseSequence, recordCount } = batch;
      const horizon = batch.hasDeleteHorizon ? ' horizon' : '';
      lines.push(
        `${baseOffset}-${lastOffset} ${batch.compression} ${producerId}/${baseSequence} ${recordCount}${horizon} max ${batch.maxTimestampMs}`,
      );
      for (const record of batch.records) {
        const key =
          record.key === null
            ? 'null'
            : Buffer.from(record.key)
                .toString()
                .replace(/^k{9,}/, (same) => `${same.length}*`);
        const value =
          record.value === null
            ? 'null'
            : `${Buffer.from(record.value).toString().split(' ')[0]}+${record.value.length}`;
        lines.push(`  ${record.offset} ${key} ${value} ${record.timestampMs} ${record.headers.length}`);
      }
      offset = batch.lastOffset + 1;
    }
  }
}

/**
 * Waits until all below the active segment is on the medium. Millrace cleans nothing else, and what it cleans in two rounds loses tombstones
 * one round earlier.
 */
const synced = (target: Target, topic: string) =>
  untilCheckpoint(target, 'recovery-point-offset-checkpoint', topic, (offset, activeBase) => offset >= activeBase);

/** Waits until everything below the active segment is clean. */
const cleaned = (target: Target, topic: string) =>
  untilCheckpoint(target, 'cleaner-offset-checkpoint', topic, (offset, activeBase) => offset === activeBase);

async function run(target: Target): Promise<Record<string, string[][]>> {
  const result: Record<string, string[][]> = {};
  for (const topic of topics) {
    const { name, configs } = topic;
    await createTopic(target.client, name, 1, {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'segment.ms': '1800000',
      'min.cleanable.dirty.ratio': '0.01',
      ...configs,
    });
    const phases: string[][] = [];
    for (const phase of [1, 2]) {
      await setPolicy(target, name, 'delete');
      await produceRandomly(target, topic, phase);
      if (kafka === undefined) await synced(target, name);
      await setPolicy(target, name, 'compact');
      await cleaned(target, name);
      phases.push(await survivors(target, name));
    }
    result[name] = phases;
  }
  return result;
}

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe('compaction of one input by Kafka 4.3.1 and by Millrace', () => {
  it.runIf(kafka !== undefined)('is recorded from Kafka', { timeout: 300_000 }, async () => {
    const [port, dataDirectory = ''] = kafka ?? [];
    const client = await WireClient.connect(Number(port));
    const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
    writeFileSync(goldenPath, `${JSON.stringify(await run({ client, dataDirectory, wait }), null, 1)}\n`);
    client.close();
  });

  it('leaves the same batches and records', { timeout: 60_000 }, async () => {
    const kept = process.env.MILLRACE_COMPACTION_KEEP;
    const dataDirectory = kept ?? mkdtempSync(join(tmpdir(), 'millrace-test-'));
    if (kept === undefined) directories.push(dataDirectory);
    const broker = await startBroker({
      clock: 'virtual',
      dataDirectory,
      config: {
        'log.cleaner.backoff.ms': 100,
        'log.flush.offset.checkpoint.interval.ms': 100,
        'millrace.flush.mode': 'os',
      },
    });
    const client = await WireClient.connect(broker.port);
    try {
      // A sync of a sealed segment takes as long as the disk takes: virtual time alone would run away.
      const wait = async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await broker.clock.advance(100);
      };
      const found = await run({ client, dataDirectory, wait });
      const golden = JSON.parse(readFileSync(goldenPath, 'utf8')) as typeof found;
      for (const { name } of topics)
        for (const phase of [0, 1]) expect(found[name]?.[phase]).toEqual(golden[name]?.[phase]);
      // Not trivially equal: most records are gone, tombstones are there or not.
      const tombstones = (name: string) => golden[name]?.[1]?.filter((line) => / null \d+ \d$/.test(line)).length ?? 0;
      expect(tombstones(topics[0].name)).toBeGreaterThan(tombstones(topics[1].name));
    } finally {
      client.close();
      await broker.close();
    }
  });
});
