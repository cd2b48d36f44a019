import { encodeBatch } from '../../../src/records/index.js';
import { type Answers, byTopic, create, idOf, type RequestStep, strangerId, zeroId } from './step.js';

/** Of the first record; nothing in the session is older. */
export const baseTimestampMs = 1_700_000_000_000;

interface BatchSpec {
  readonly values: readonly string[];
  readonly key?: string | null;
  readonly atMs?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly compression?: 'none' | 'gzip';
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

function batch({ values, key = null, atMs = 0, ...rest }: BatchSpec): Buffer {
  return encodeBatch({
    ...rest,
    records: values.map((value, index) => ({
      timestampMs: baseTimestampMs + atMs + index,
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value),
    })),
  });
}

/** With some bytes changed after the checksum was made. */
function damaged(bytes: Buffer, position: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] = value;
  return copy;
}

/** One record, for steps that are about something else. */
export const batchOf = (value: string): Buffer => batch({ values: [value] });

type Part = readonly [topic: string, partition: number, records: Buffer | null];

const produceTo = (
  version: number,
  parts: readonly Part[],
  acks: number,
  id: (topic: string) => string,
  transactionalId: string | null = null,
) => ({
  transactionalId,
  acks,
  timeoutMs: 10_000,
  topicData: byTopic(parts).map(([topic, entries]) => ({
    ...(version >= 13 ? { topicId: id(topic) } : { name: topic }),
    partitionData: entries.map(([, index, records]) => ({ index, records })),
  })),
});

/** The step that makes the topics for data. */
export const made = 'create: for data';
export const produce = (
  name: string,
  version: number,
  parts: readonly Part[],
  acks = -1,
  transactionalId: string | null = null,
): RequestStep => ({
  name: `produce: ${name}`,
  api: 'Produce',
  version,
  body: (answers: Answers) => produceTo(version, parts, acks, (topic) => idOf(answers, made, topic), transactionalId),
  ...(acks === 0 ? { silent: true as const } : {}),
});

export const plain = batch({ values: ['a', 'b', 'c'] });

/** Produce: versions, acks, what is wrong with a batch. */
export const productions: readonly RequestStep[] = [
  create('for data', 7, [
    { name: 'd', numPartitions: 3, replicationFactor: 1 },
    { name: 'stamped', configs: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] },
    { name: 'small', configs: [{ name: 'max.message.bytes', value: '100' }] },
    { name: 'compacted', configs: [{ name: 'cleanup.policy', value: 'compact' }] },
    {
      name: 'strict',
      configs: [
        { name: 'message.timestamp.after.max.ms', value: '1000' },
        { name: 'message.timestamp.before.max.ms', value: '1000' },
      ],
    },
    { name: 'demanding', configs: [{ name: 'min.insync.replicas', value: '2' }] },
    { name: 'empty' },
    { name: 'twin', numPartitions: 2, replicationFactor: 1 },
    { name: 'doomed', numPartitions: 2 },
  ]),
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((version) =>
    produce(`v${version}`, version, [['d', 0, batch({ values: [`v${version}`], atMs: version })]]),
  ),
  ...[1, 0].map((acks) => produce(`acks ${acks}`, 9, [['d', 1, batch({ values: [`acks ${acks}`] })]], acks)),
  produce('acks 2', 9, [['d', 1, plain]], 2),
  produce(
    'acks -2',
    9,
    [
      ['d', 1, plain],
      ['missing', 0, plain],
    ],
    -2,
  ),
  produce('many partitions', 9, [
    ['d', 0, plain],
    ['d', 2, plain],
    ['missing', 0, plain],
    ['d', 3, plain],
    ['d', -1, plain],
  ]),
  {
    name: 'produce: a topic twice',
    api: 'Produce',
    version: 9,
    body: {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [0, 1, 1].map((index) => ({ name: 'twin', partitionData: [{ index, records: plain }] })),
    },
  },
  produce('null records', 9, [['d', 0, null]]),
  produce('no bytes', 9, [['d', 0, Buffer.alloc(0)]]),
  produce('bad topic name', 9, [['a b', 0, plain]]),
  {
    name: 'produce: unknown id',
    api: 'Produce',
    version: 13,
    body: produceTo(13, [['x', 0, plain]], -1, () => strangerId),
  },
  { name: 'produce: zero id', api: 'Produce', version: 13, body: produceTo(13, [['x', 0, plain]], -1, () => zeroId) },
  produce('unknown partition by id', 13, [['d', 9, plain]]),
  produce('compressed', 9, [['d', 0, batch({ values: ['x', 'y'], compression: 'gzip' })]]),
  produce('two batches', 9, [['d', 0, Buffer.concat([plain, plain])]]),
  produce('wrong checksum', 9, [['d', 0, damaged(plain, 70, 0x7f)]]),
  produce('truncated', 9, [['d', 0, plain.subarray(0, plain.length - 3)]]),
  produce('only a header', 9, [['d', 0, plain.subarray(0, 40)]]),
  produce('trailing bytes', 9, [['d', 0, Buffer.concat([plain, Buffer.alloc(5)])]]),
  produce('magic 1', 9, [['d', 0, damaged(plain, 16, 1)]]),
  produce('magic 0', 9, [['d', 0, damaged(plain, 16, 0)]]),
  produce('magic 3', 9, [['d', 0, damaged(plain, 16, 3)]]),
  produce('control batch', 9, [['d', 0, batch({ values: ['x'], isControl: true })]]),
  produce('no key in a compacted topic', 9, [['compacted', 0, batch({ values: ['1', '2'] })]]),
  produce('no key in a compacted topic v7', 7, [['compacted', 0, batch({ values: ['1', '2'] })]]),
  produce('key in a compacted topic', 9, [['compacted', 0, batch({ values: ['1', '2'], key: 'k' })]]),
  produce('too large', 9, [['small', 0, batch({ values: ['x'.repeat(200)] })]]),
  produce('small enough', 9, [['small', 0, batch({ values: ['x'] })]]),
  produce('stamped by the broker', 9, [['stamped', 0, plain]]),
  produce('timestamp too old', 9, [['strict', 0, plain]]),
  produce('timestamp too old v7', 7, [['strict', 0, plain]]),
  produce('too few replicas', 9, [['demanding', 0, plain]]),
  produce('too few replicas, acks 1', 9, [['demanding', 0, plain]], 1),
  produce('nothing', 9, []),
  produce('to an internal topic', 9, [['__consumer_offsets', 0, batch({ values: ['x'], key: 'k' })]]),
];

const ids = (answers: Answers, step: string) => answers.get(step) as { readonly producerId: number };
const sequenced = (
  name: string,
  baseSequence: number,
  count: number,
  more: { producerEpoch?: number; acks?: number; partition?: number } = {},
): RequestStep => ({
  name: `sequence: ${name}`,
  api: 'Produce',
  version: 9,
  body: (answers: Answers) =>
    produceTo(
      9,
      [
        [
          'd',
          more.partition ?? 2,
          batch({
            values: Array.from({ length: count }, (_, i) => `s${baseSequence + i}`),
            producerId: Number(ids(answers, 'producer: v4').producerId),
            producerEpoch: more.producerEpoch ?? 0,
            baseSequence,
          }),
        ],
      ],
      -1,
      String,
    ),
});

/** InitProducerId and the sequence rules of idempotent producers. */
export const sequences: readonly RequestStep[] = [
  ...[0, 1, 2, 3, 4, 5].map(
    (version): RequestStep => ({
      name: `producer: v${version}`,
      api: 'InitProducerId',
      version,
      body: { transactionalId: null, transactionTimeoutMs: 60_000 },
      until: (answer) => answer.errorCode !== 14,
    }),
  ),
  {
    name: 'producer: with id of nobody',
    api: 'InitProducerId',
    version: 4,
    body: { transactionalId: null, transactionTimeoutMs: 60_000, producerId: 77, producerEpoch: 3 },
  },
  {
    name: 'producer: empty transactional id',
    api: 'InitProducerId',
    version: 4,
    body: { transactionalId: '', transactionTimeoutMs: 60_000 },
  },
  sequenced('first not 0', 5, 1),
  sequenced('first', 0, 2),
  sequenced('next', 2, 3),
  sequenced('again', 2, 3),
  sequenced('first again', 0, 2),
  sequenced('gap', 7, 1),
  sequenced('overlap', 4, 2),
  sequenced('newer epoch, not 0', 3, 1, { producerEpoch: 1 }),
  sequenced('newer epoch', 0, 1, { producerEpoch: 1 }),
  sequenced('older epoch', 5, 1),
  sequenced('negative epoch', 1, 1, { producerEpoch: -1 }),
  ...[1, 2, 3, 4, 5, 6].map((n) => sequenced(`run ${n}`, n, 1, { producerEpoch: 1 })),
  sequenced('long ago', 1, 1, { producerEpoch: 1 }),
  sequenced('five ago', 2, 1, { producerEpoch: 1 }),
  {
    name: 'sequence: unknown producer',
    api: 'Produce',
    version: 9,
    body: produceTo(
      9,
      [['d', 1, batch({ values: ['u'], producerId: 123_456, producerEpoch: 0, baseSequence: 10 })]],
      -1,
      String,
    ),
  },
  {
    name: 'sequence: unknown producer, two batches',
    api: 'Produce',
    version: 9,
    body: produceTo(
      9,
      [
        [
          'd',
          1,
          Buffer.concat([
            batch({ values: ['u'], producerId: 123_457, producerEpoch: 0, baseSequence: 0 }),
            batch({ values: ['u'], producerId: 123_457, producerEpoch: 0, baseSequence: 1 }),
          ]),
        ],
      ],
      -1,
      String,
    ),
  },
];
