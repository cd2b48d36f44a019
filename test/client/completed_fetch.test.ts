import { describe, expect, test } from 'vitest';
import { CompletedFetch, CorruptBatchError } from '../../src/client/consumer/completed_fetch.js';
import { encodeBatch, encodeEndTxnMarker } from '../../src/records/index.js';

function batch(baseOffset: number, values: readonly string[], producerId = -1): Buffer {
  return encodeBatch({
    baseOffset,
    records: values.map((value) => ({ timestampMs: 1, value: Buffer.from(value) })),
    ...(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true }),
  });
}

const marker = (type: 'COMMIT' | 'ABORT', producerId: number, baseOffset: number): Buffer =>
  encodeEndTxnMarker({ type, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestampMs: 1, baseOffset });

function fetched(parts: readonly Buffer[], changes: Partial<ConstructorParameters<typeof CompletedFetch>[0]> = {}) {
  return new CompletedFetch({
    topic: 't',
    partition: 0,
    fetchOffset: 0,
    records: Buffer.concat(parts),
    abortedTransactions: [],
    isolationLevel: 'read_uncommitted',
    checkCrcs: true,
    maxDecompressedBytes: 1 << 20,
    ...changes,
  });
}

function valuesOf(fetch: CompletedFetch): readonly string[] {
  const values: string[] = [];
  for (let record = fetch.next(); record !== undefined; record = fetch.next())
    values.push(Buffer.from(record.value ?? []).toString());
  return values;
}

describe('a completed fetch', () => {
  test('leaves out what lies before the offset asked for', () => {
    const fetch = fetched([batch(10, ['a', 'b', 'c']), batch(13, ['d'])], { fetchOffset: 11 });
    expect(fetch.endOffset).toBe(14);
    expect(valuesOf(fetch)).toEqual(['b', 'c', 'd']);
    expect(fetch.position).toBe(14);
  });

  test('leaves out a batch that is cut off', () => {
    const second = batch(1, ['b']);
    const fetch = fetched([batch(0, ['a']), second.subarray(0, second.length - 1)]);
    expect(fetch.endOffset).toBe(1);
    expect(valuesOf(fetch)).toEqual(['a']);
  });

  test('goes past offsets that compaction emptied', () => {
    const fetch = fetched(
      [
        encodeBatch({
          baseOffset: 5,
          lastOffsetDelta: 9,
          records: [{ timestampMs: 1, offsetDelta: 2, value: Buffer.from('x') }],
        }),
      ],
      { fetchOffset: 5 },
    );
    expect(fetch.next()?.offset).toBe(7);
    expect(fetch.position).toBe(8);
    expect(fetch.next()).toBeUndefined();
    expect(fetch.position).toBe(15);
  });

  test('stops at a damaged batch however often it is asked', () => {
    const damaged = batch(1, ['b']);
    damaged[65]! ^= 1;
    const fetch = fetched([batch(0, ['a']), damaged, batch(2, ['c'])]);
    expect(fetch.next()?.offset).toBe(0);
    expect(() => fetch.next()).toThrow(CorruptBatchError);
    expect(() => fetch.next()).toThrow(/offset 1/);
    expect(fetch.position).toBe(1);
  });

  const transactions = [
    batch(0, ['plain0']),
    batch(1, ['p1-a'], 1),
    batch(2, ['p2-a'], 2),
    marker('ABORT', 1, 3),
    batch(4, ['p1-b'], 1),
    marker('COMMIT', 2, 5),
    marker('COMMIT', 1, 6),
    batch(7, ['p2-b'], 2),
    marker('ABORT', 2, 8),
    batch(9, ['plain9']),
  ];
  const abortedTransactions = [
    { producerId: 2, firstOffset: 7 },
    { producerId: 1, firstOffset: 1 },
  ];

  test('shows everything but markers with read_uncommitted', () => {
    expect(valuesOf(fetched(transactions, { abortedTransactions }))).toEqual([
      'plain0',
      'p1-a',
      'p2-a',
      'p1-b',
      'p2-b',
      'plain9',
    ]);
  });

  test('leaves out aborted transactions with read_committed', () => {
    const fetch = fetched(transactions, { abortedTransactions, isolationLevel: 'read_committed' });
    expect(valuesOf(fetch)).toEqual(['plain0', 'p2-a', 'p1-b', 'plain9']);
    expect(fetch.position).toBe(10);
  });
});
