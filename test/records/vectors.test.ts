import { describe, expect, test } from 'vitest';
import { decodeBatch, decodeBatches, encodeBatch, type RecordBatch } from '../../src/records/index.js';
import { readTsv } from '../support/tsv.js';

interface ExpectedBatch {
  readonly crc?: number;
  readonly partitionLeaderEpoch: number;
  readonly sizeInBytes: number;
  readonly maxTimestamp: number;
  readonly records: ReadonlyArray<{
    readonly offset: number;
    readonly timestamp: number;
    readonly key: string | null;
    readonly value: string | null;
    readonly headers: ReadonlyArray<readonly [string, string | null]>;
  }>;
}

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));

function asInVectors(batch: RecordBatch): unknown {
  return {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    sizeInBytes: batch.sizeBytes,
    magic: batch.magic,
    compression: batch.compression,
    timestampType: batch.timestampType,
    maxTimestamp: batch.maxTimestampMs,
    partitionLeaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    lastSequence: batch.lastSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    ...(batch.magic === 2 ? { crc: batch.crc } : {}),
    records: batch.records.map((record) => ({
      offset: record.offset,
      timestamp: record.timestampMs,
      key: hex(record.key),
      value: hex(record.value),
      headers: record.headers.map(({ key, value }) => [key, hex(value)]),
    })),
  };
}

const vectors = readTsv('record-batch-vectors.tsv');

describe('record batches made by Apache Kafka', () => {
  test('there are 29 of them', () => expect(vectors).toHaveLength(29));

  test.each(vectors.map((row) => [row.name ?? '', row] as const))('%s decodes', (_name, row) => {
    const expected = JSON.parse(row.json ?? '') as ExpectedBatch[];
    const batches = [...decodeBatches(Buffer.from(row.hex ?? '', 'hex'))];
    expect(batches.map(asInVectors)).toEqual(expected);
  });

  test.each(
    vectors
      .filter(
        (row) => /none|seq-wrap|log-append|endtxn|leader-change/.test(row.name ?? '') && /2-/.test(row.name ?? ''),
      )
      .map((row) => [row.name ?? '', row] as const),
  )('%s encodes to the same bytes', (_name, row) => {
    const bytes = Buffer.from(row.hex ?? '', 'hex');
    const batch = decodeBatch(bytes);
    const encoded = encodeBatch({
      baseOffset: batch.baseOffset,
      leaderEpoch: batch.leaderEpoch,
      timestampType: batch.timestampType === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
      producerId: batch.producerId,
      producerEpoch: batch.producerEpoch,
      baseSequence: batch.baseSequence,
      isTransactional: batch.isTransactional,
      isControl: batch.isControl,
      records: batch.records,
    });
    if (batch.timestampType === 'CreateTime') expect(encoded.toString('hex')).toBe(bytes.toString('hex'));
    // The broker wrote its append time over the largest timestamp but left the deltas.
    else
      expect(asInVectors(decodeBatch(encoded))).toMatchObject({
        records: (JSON.parse(row.json ?? '') as ExpectedBatch[])[0]?.records,
      });
  });
});
