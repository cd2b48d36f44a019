import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/common/crc32c.js';
import { startBroker } from '../../src/index.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import {
  type BatchInput,
  type Compression,
  compressions,
  decodeBatches,
  encodeBatch,
  prepareCompression,
  splitBatches,
} from '../../src/records/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { Prng } from '../support/prng.js';
import { WireClient } from '../support/wire_client.js';

// The same batches given to Apache Kafka 4.3.1 (recorded by ./record-recompression) and to Millrace, on topics of every compression.type:
// the answers are the same, and what is stored has the same headers and records; what is stored uncompressed is the same to the byte.
// MILLRACE_RECOMPRESSION_KAFKA=PORT records what that broker does.

const goldenPath = join(import.meta.dirname, '../golden/recompression-kafka-4.3.1.json');
const kafkaPort = process.env.MILLRACE_RECOMPRESSION_KAFKA;

const beginMs = 1_700_000_000_000;
const topics: Record<string, Record<string, string>> = {};
for (const codec of ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])
  for (const time of ['CreateTime', 'LogAppendTime'])
    topics[`${codec}-${time}`] = { 'compression.type': codec, 'message.timestamp.type': time };
const levels: Record<string, Record<string, string>> = {
  'gzip-9': { 'compression.type': 'gzip', 'compression.gzip.level': '9' },
  'lz4-17': { 'compression.type': 'lz4', 'compression.lz4.level': '17' },
  'zstd-fast': { 'compression.type': 'zstd', 'compression.zstd.level': '-5' },
  'zstd-19': { 'compression.type': 'zstd', 'compression.zstd.level': '19' },
};
const compacted: Record<string, Record<string, string>> = {
  'compact-producer': { 'cleanup.policy': 'compact' },
  'compact-zstd': { 'cleanup.policy': 'compact', 'compression.type': 'zstd' },
  'compact-plain': { 'cleanup.policy': 'compact', 'compression.type': 'uncompressed' },
  'small-plain': { 'compression.type': 'uncompressed', 'max.message.bytes': '2000' },
};

/** Plain batches that stay plain are not looked into, unless the topic is compacted: see DIFFERENCES.md. */
const compactedOnly = /^none: too (many|few) records$/;

interface Answer {
  readonly errorCode: number;
  readonly line: string;
}

async function send(client: WireClient, topic: string, records: Uint8Array): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const answer = await sendOnce(client, topic, records);
    // A new topic's leader is not known to Kafka at once.
    if (answer.errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER || tries > 50) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function sendOnce(client: WireClient, topic: string, records: Uint8Array): Promise<Answer> {
  const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  const answer = response.responses[0]?.partitionResponses[0];
  if (answer === undefined) throw new Error('no answer');
  const { errorCode, baseOffset, logAppendTimeMs, recordErrors } = answer;
  const errors = recordErrors.map(
    ({ batchIndex, batchIndexErrorMessage }) =>
      ` [${batchIndex}: ${batchIndexErrorMessage?.replace(/within \[.*\]/, 'within [..]')}]`,
  );
  return {
    errorCode,
    line: `${errorCode} at ${baseOffset}${logAppendTimeMs >= 0 ? ' append time' : ''}${errors.join('')}`,
  };
}

/** Batches of every codec, timestamps out of order, nulls, headers, an idempotent producer that sends one batch twice. */
function* batches(random: Prng): Generator<BatchInput> {
  let sequence = 0;
  const below = (bound: number) => random.below(bound);
  for (let batch = 0; batch < 25; batch += 1) {
    const count = 1 + below(batch % 5 === 0 ? 60 : 12);
    const records = Array.from({ length: count }, (_, index) => ({
      timestampMs: beginMs + batch * 1000 + below(5000),
      key: below(4) === 0 ? null : Buffer.from(`key-${below(50)}`),
      value: below(6) === 0 ? null : Buffer.from(`${batch}.${index} ${'the quick brown fox '.repeat(below(9))}`),
      headers: below(3) === 0 ? [{ key: 'h', value: below(2) === 0 ? null : Buffer.from('value') }] : [],
    }));
    const input: BatchInput = { records, compression: compressions[batch % compressions.length] ?? 'none' };
    if (batch % 3 !== 0) {
      yield input;
      continue;
    }
    const idempotent = { ...input, producerId: 4711, producerEpoch: 0, baseSequence: sequence };
    yield idempotent;
    if (batch % 2 === 0) yield idempotent;
    sequence += count;
  }
  yield { records: [{ timestampMs: -1, key: null, value: Buffer.from('no timestamp') }], compression: 'gzip' };
  yield { records: [{ timestampMs: beginMs, key: null, value: null }], compression: 'none', baseOffset: 77 };
}

async function stored(client: WireClient, topic: string): Promise<string[]> {
  const lines: string[] = [];
  let offset = 0;
  for (;;) {
    const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 20 }] }],
    });
    const records = response.responses[0]?.partitions[0]?.records;
    if (records === undefined || records === null || records.length === 0) return lines;
    const raw = [...splitBatches(records)];
    for (const [index, batch] of [...decodeBatches(records)].entries()) {
      const { baseOffset, lastOffset, producerId, baseSequence, recordCount, leaderEpoch, compression } = batch;
      const appendTime = batch.timestampType === 'LogAppendTime';
      const plain = compression === 'none' && !appendTime;
      lines.push(
        [
          `${baseOffset}-${lastOffset} ${compression} ${batch.attributes} ${producerId}/${baseSequence} ${recordCount} epoch ${leaderEpoch}`,
          `base ${batch.baseTimestampMs} max ${appendTime ? (batch.maxTimestampMs > beginMs ? 'later' : 'wrong') : batch.maxTimestampMs}`,
          plain ? `bytes ${digest(raw[index] ?? new Uint8Array())}` : '',
          `records ${digest(JSON.stringify(batch.records.map(({ offset: at, timestampMs, key, value, headers }) => [at, appendTime ? 0 : timestampMs, text(key), text(value), headers.map((h) => [h.key, text(h.value)])])))}`,
        ].join(' '),
      );
      offset = lastOffset + 1;
    }
  }
}

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('latin1'));
const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Batches that are refused, or that Kafka makes good. */
async function oddBatches(): Promise<Array<readonly [name: string, bytes: Buffer]>> {
  const record = (key: string | null, timestampMs = beginMs) => ({
    timestampMs,
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from('value '.repeat(20)),
  });
  const made: Array<readonly [string, Buffer]> = [];
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies Compression[]) {
    const batch = (records: BatchInput['records']) => encodeBatch({ records, compression });
    made.push(
      [`${compression}: no key`, batch([record('a'), record(null), record('b'), record(null)])],
      [`${compression}: far future`, batch([record('a'), record('b', 4_000_000_000_000)])],
      [`${compression}: no key and far future`, batch([record(null), record('b', 4_000_000_000_000)])],
      [
        `${compression}: too many records`,
        changed(
          batch([record('a'), record('b')]),
          (bytes) => bytes.writeInt32BE(3, 57).valueOf() && bytes.writeInt32BE(2, 23),
        ),
      ],
      [
        `${compression}: too few records`,
        changed(
          batch([record('a'), record('b')]),
          (bytes) => bytes.writeInt32BE(1, 57).valueOf() && bytes.writeInt32BE(0, 23),
        ),
      ],
      [`${compression}: large when plain`, batch(Array.from({ length: 30 }, (_, index) => record(`k${index}`)))],
    );
    if (compression !== 'none')
      made.push(
        [`${compression}: garbage`, changed(batch([record('a')]), (bytes) => bytes.fill(0xa5, 61))],
        [
          `${compression}: offsets with gaps`,
          changed(encodeBatch({ compression, records: [record('a'), { ...record('b'), offsetDelta: 5 }] }), (bytes) =>
            bytes.writeInt32BE(1, 23),
          ),
        ],
        [
          `${compression}: wrong largest timestamp`,
          changed(batch([record('a'), record('b', beginMs + 5)]), (bytes) =>
            bytes.writeBigInt64BE(BigInt(beginMs + 900), 35),
          ),
        ],
      );
  }
  return made;
}

function changed(bytes: Buffer, change: (bytes: Buffer) => unknown): Buffer {
  change(bytes);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

async function run(client: WireClient): Promise<Record<string, string[]>> {
  for (const compression of compressions) await prepareCompression(compression);
  const result: Record<string, string[]> = {};
  for (const [topic, config] of Object.entries({ ...topics, ...levels })) {
    await createTopic(client, topic, 1, { 'retention.ms': '-1', ...config });
    const lines: string[] = [];
    for (const input of batches(new Prng(11))) lines.push((await send(client, topic, encodeBatch(input))).line);
    result[topic] = [...lines, ...(await stored(client, topic))];
  }
  const odd = await oddBatches();
  for (const [topic, config] of Object.entries(compacted)) {
    await createTopic(client, topic, 1, config);
    const lines: string[] = [];
    for (const [name, bytes] of odd)
      if (compactedOnly.test(name) && config['cleanup.policy'] === undefined) continue;
      else lines.push(`${name}: ${(await send(client, topic, Buffer.from(bytes))).line}`);
    result[topic] = [...lines, ...(await stored(client, topic))];
  }
  return result;
}

describe('compression.type of topics, by Kafka 4.3.1 and by Millrace', () => {
  it.runIf(kafkaPort !== undefined)('is recorded from Kafka', { timeout: 300_000 }, async () => {
    const client = await WireClient.connect(Number(kafkaPort));
    writeFileSync(goldenPath, `${JSON.stringify(await run(client), null, 1)}\n`);
    client.close();
  });

  it('gives the same answers and stores the same', { timeout: 60_000 }, async () => {
    const broker = await startBroker({ config: { 'millrace.flush.mode': 'os' } });
    const client = await WireClient.connect(broker.port);
    try {
      const found = await run(client);
      const golden = JSON.parse(readFileSync(goldenPath, 'utf8')) as typeof found;
      // What Kafka cannot decompress is a failure of its own to it (-1); here it is the client's: INVALID_RECORD.
      for (const [topic, lines] of Object.entries(golden))
        expect({ topic, lines: found[topic] }).toEqual({
          topic,
          lines: lines.map((line) => line.replace(/: -1 at/, ': 87 at')),
        });
    } finally {
      client.close();
      await broker.close();
    }
  });
});
