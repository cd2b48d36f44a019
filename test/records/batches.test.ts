import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../src/common/crc32c.js';
import {
  advanceSequence,
  compressions,
  controlTypeOf,
  coordinatorEpochOf,
  decodeBatch,
  decodeBatches,
  decodeBatchHeader,
  encodeBatch,
  encodeEndTxnMarker,
  prepareCompression,
  RecordBatchError,
  recordSizeBound,
  splitBatches,
} from '../../src/records/index.js';
import { readTsv } from '../support/tsv.js';

beforeAll(() => prepareCompression('zstd'));

const nullableBytes = fc.option(fc.uint8Array({ maxLength: 50 }));
const record = fc.record({
  timestampMs: fc.integer({ min: -1, max: 4_000_000_000_000 }),
  key: nullableBytes,
  value: nullableBytes,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: nullableBytes }), { maxLength: 3 }),
});
const records = fc.array(record, { minLength: 1, maxLength: 20 });

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RecordBatchError) return error.problem;
    throw error;
  }
  return 'none';
}

/** Makes the CRC right again after a change. */
function resealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

const plain = (bytes: Uint8Array | null): readonly number[] | null => (bytes === null ? null : [...bytes]);

describe('encode and decode', () => {
  test('give back the records with every codec', () => {
    fc.assert(
      fc.property(
        records,
        fc.constantFrom(...compressions),
        fc.integer({ min: 0, max: 2 ** 52 }),
        (input, compression, baseOffset) => {
          const batch = decodeBatch(
            encodeBatch({
              records: input,
              compression,
              baseOffset,
              leaderEpoch: 5,
              producerId: 9,
              producerEpoch: 1,
              baseSequence: 7,
            }),
          );
          expect(batch).toMatchObject({
            baseOffset,
            leaderEpoch: 5,
            producerId: 9,
            producerEpoch: 1,
            baseSequence: 7,
            compression,
          });
          expect(batch.lastOffset).toBe(baseOffset + input.length - 1);
          expect(batch.maxTimestampMs).toBe(Math.max(...input.map((one) => one.timestampMs)));
          expect(
            batch.records.map((one) => ({
              ...one,
              key: plain(one.key),
              value: plain(one.value),
              headers: one.headers.map((h) => ({ key: h.key, value: plain(h.value) })),
            })),
          ).toEqual(
            input.map((one, index) => ({
              offset: baseOffset + index,
              timestampMs: one.timestampMs,
              key: plain(one.key),
              value: plain(one.value),
              headers: one.headers.map((h) => ({ key: h.key, value: plain(h.value) })),
            })),
          );
        },
      ),
    );
  });

  test('recordSizeBound is never below the real size', () => {
    fc.assert(
      fc.property(records, (input) => {
        const bound = input.reduce((sum, one) => sum + recordSizeBound(one), 61);
        const size = encodeBatch({ records: input }).length;
        expect(size).toBeLessThanOrEqual(bound);
        expect(bound - size).toBeLessThanOrEqual(input.length * 20);
      }),
    );
  });

  test('gaps that compaction left stay', () => {
    const at = (offsetDelta: number) => ({ timestampMs: 1, offsetDelta });
    const batch = decodeBatch(encodeBatch({ records: [at(2), at(5)], baseOffset: 100, lastOffsetDelta: 9 }));
    expect(batch.records.map((one) => one.offset)).toEqual([102, 105]);
    expect(batch.lastOffset).toBe(109);
  });

  test('LogAppendTime counts for every record', () => {
    const bytes = encodeBatch({ records: [{ timestampMs: 5 }, { timestampMs: 9 }], timestampType: 'LogAppendTime' });
    expect(decodeBatch(bytes).records.map((one) => one.timestampMs)).toEqual([9, 9]);
  });

  test('sequence numbers wrap to 0', () => {
    expect(advanceSequence(2 ** 31 - 1, 1)).toBe(0);
    expect(advanceSequence(2 ** 31 - 2, 3)).toBe(1);
  });
});

describe('several batches', () => {
  const one = encodeBatch({ records: [{ timestampMs: 1, value: Buffer.from('one') }] });
  const two = encodeBatch({ records: [{ timestampMs: 2, value: Buffer.from('two') }], baseOffset: 1 });
  const both = Buffer.concat([one, two]);

  test('a batch cut off at the end is left out, at every length', () => {
    for (let length = 0; length <= both.length; length += 1) {
      const found = [...decodeBatches(both.subarray(0, length))].length;
      expect(found).toBe(length === both.length ? 2 : length >= one.length ? 1 : 0);
    }
  });

  test('splitBatches gives views of each', () => {
    expect([...splitBatches(both)].map((batch) => batch.length)).toEqual([one.length, two.length]);
  });

  test('decodeBatchHeader reads at a position', () => {
    expect(decodeBatchHeader(both, one.length)).toMatchObject({ baseOffset: 1, sizeBytes: two.length, recordCount: 1 });
  });
});

describe('control records', () => {
  test.each(['COMMIT', 'ABORT'] as const)('%s markers come back', (type) => {
    const bytes = encodeEndTxnMarker({ type, coordinatorEpoch: 11, producerId: 4, producerEpoch: 2, timestampMs: 1 });
    const batch = decodeBatch(bytes);
    expect(batch).toMatchObject({
      isControl: true,
      isTransactional: true,
      producerId: 4,
      producerEpoch: 2,
      baseSequence: -1,
    });
    expect(controlTypeOf(batch.records[0]!)).toBe(type);
    expect(coordinatorEpochOf(batch.records[0]!)).toBe(11);
  });

  test('equal the ones Apache Kafka writes', () => {
    const row = readTsv('record-batch-vectors.tsv').find(({ name }) => name === 'v2-endtxn-commit');
    const bytes = encodeEndTxnMarker({
      type: 'COMMIT',
      coordinatorEpoch: 11,
      producerId: 4000,
      producerEpoch: 7,
      timestampMs: 1_700_000_000_000,
      baseOffset: 500,
      leaderEpoch: 9,
    });
    expect(bytes.toString('hex')).toBe(row?.hex);
  });
});

describe('malformed batches', () => {
  const good = () =>
    encodeBatch({ records: [{ timestampMs: 1, key: Buffer.from('k'), value: Buffer.from('v') }, { timestampMs: 2 }] });

  test('a flipped bit anywhere behind the CRC is found', () => {
    const batch = good();
    for (let at = 21; at < batch.length; at += 1) {
      const damaged = Buffer.from(batch);
      damaged[at]! ^= 0x10;
      expect(problemOf(() => decodeBatch(damaged))).not.toBe('none');
    }
  });

  test.each([
    ['more records than bytes', (b: Buffer) => b.writeInt32BE(1 << 30, 57), 'INVALID'],
    ['one record less', (b: Buffer) => b.writeInt32BE(1, 57), 'INVALID'],
    ['one record more', (b: Buffer) => b.writeInt32BE(3, 57), 'INVALID'],
    ['negative record count', (b: Buffer) => b.writeInt32BE(-1, 57), 'INVALID'],
    ['last offset below a record', (b: Buffer) => b.writeInt32BE(0, 23), 'INVALID'],
    ['negative last offset delta', (b: Buffer) => b.writeInt32BE(-1, 23), 'INVALID'],
    ['codec 5', (b: Buffer) => b.writeInt16BE(5, 21), 'UNSUPPORTED_CODEC'],
    ['gzip that is none', (b: Buffer) => b.writeInt16BE(1, 21), 'CORRUPT'],
    ['magic 3', (b: Buffer) => b.writeInt8(3, 16), 'CORRUPT'],
    ['negative length', (b: Buffer) => b.writeInt32BE(-1, 8), 'CORRUPT'],
    ['length beyond the bytes', (b: Buffer) => b.writeInt32BE(1000, 8), 'CORRUPT'],
    ['length inside the header', (b: Buffer) => b.writeInt32BE(40, 8), 'CORRUPT'],
  ] as const)('%s', (_name, change, problem) => {
    const batch = good();
    change(batch);
    expect(problemOf(() => decodeBatch(resealed(batch)))).toBe(problem);
  });

  test('changed bytes under a right CRC are read or refused, never anything else', () => {
    fc.assert(
      fc.property(
        records,
        fc.constantFrom(...compressions),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }),
        (input, compression, changes) => {
          const batch = encodeBatch({ records: input, compression });
          for (const [at, byte] of changes) batch[21 + (at % (batch.length - 21))] = byte;
          expect(['none', 'CORRUPT', 'INVALID', 'TOO_LARGE', 'UNSUPPORTED_CODEC']).toContain(
            problemOf(() => decodeBatch(resealed(batch), { maxDecompressedBytes: 1 << 20 })),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('old messages with changed bytes too', () => {
    const old = readTsv('record-batch-vectors.tsv').filter(({ name }) => /^magic[01]/.test(name ?? ''));
    fc.assert(
      fc.property(
        fc.constantFrom(...old.map(({ hex }) => Buffer.from(hex ?? '', 'hex'))),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }),
        (bytes, changes) => {
          const damaged = Buffer.from(bytes);
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          expect(['none', 'CORRUPT', 'INVALID', 'TOO_LARGE', 'UNSUPPORTED_CODEC']).toContain(
            problemOf(() => [...decodeBatches(damaged, { checkCrc: false, maxDecompressedBytes: 1 << 20 })]),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
