import assert from 'node:assert/strict';
import type { SegmentedLog } from '../../../src/common/ports/index.js';
import { controlTypeOf, decodeBatches } from '../../../src/records/index.js';
import type { PartitionLog } from '../../../src/storage/partition_log.js';
import { valueAt, type Written } from './expected.js';
import { keyAt, plainProducer, transactionalProducer } from './traffic.js';

/** What images had of what only some lives leave. */
export const met = { aborted: 0, cleanedAway: 0, openTransactions: 0 };

interface Transaction {
  readonly firstOffset: number;
  /** Of its marker; Infinity: it is open. */
  readonly lastOffset: number;
  readonly ended: 'COMMIT' | 'ABORT' | undefined;
}

function transactionsIn(written: readonly Written[]): Transaction[] {
  const transactions: Transaction[] = [];
  let firstOffset = -1;
  for (const [offset, what] of written.entries()) {
    if (what === 'transactional' && firstOffset < 0) firstOffset = offset;
    if (what !== 'COMMIT' && what !== 'ABORT') continue;
    transactions.push({ firstOffset, lastOffset: offset, ended: what });
    firstOffset = -1;
  }
  if (firstOffset >= 0) transactions.push({ firstOffset, lastOffset: Number.POSITIVE_INFINITY, ended: undefined });
  return transactions;
}

/** What is at each offset, read in order. */
function* itemsOf(log: SegmentedLog): Generator<readonly [offset: number, what: Written, value: string]> {
  for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
    const batches = [...decodeBatches(log.readCopy(offset, 1 << 20, log.logEndOffset))];
    if (batches.length === 0) return;
    for (const batch of batches) {
      for (const record of batch.records) {
        if (record.offset < offset) continue;
        const type = batch.isControl ? controlTypeOf(record) : undefined;
        const data = batch.isTransactional ? 'transactional' : 'plain';
        yield [
          record.offset,
          type === 'COMMIT' || type === 'ABORT' ? type : data,
          String(Buffer.from(record.value ?? [])),
        ];
      }
      offset = batch.lastOffset + 1;
    }
  }
}

interface Wanted {
  readonly topic: string;
  readonly generation: number;
  /** Up to the log's end. */
  readonly written: readonly Written[];
  readonly compacted: boolean;
}

/** Records, markers, aborted transactions and producers are those that were written; of a compacted log what cleaning may not take. */
export function checkContents(log: PartitionLog, wanted: Wanted): void {
  const { topic, generation, written, compacted } = wanted;
  const { logStartOffset: start } = log.log;
  const found = [...itemsOf(log.log)];
  for (const [offset, what, value] of found) {
    assert.equal(what, written[offset], `what is at offset ${offset}`);
    if (what === 'plain' || what === 'transactional') assert.equal(value, valueAt(topic, generation, offset));
  }
  const offsets = found.map(([offset]) => offset);
  const transactions = transactionsIn(written);
  if (compacted) {
    for (const offset of neededOf(written, transactions))
      assert.ok(offsets.includes(offset), `offset ${offset} is there`);
    met.cleanedAway += written.length - offsets.length;
  } else
    assert.deepEqual(
      offsets,
      written.map((_, offset) => offset).filter((offset) => offset >= start),
    );
  const records = offsets.filter((offset) => written[offset] === 'transactional');
  checkAborted(log.log, transactions, records, compacted);
  checkProducers(log, written, transactions);
}

/** The last committed record of each key, and what is not decided. */
function neededOf(written: readonly Written[], transactions: readonly Transaction[]): number[] {
  const needed: number[] = [];
  const newest = new Map<string, number>();
  for (const [offset, what] of written.entries()) {
    const own = transactions.find(({ firstOffset, lastOffset }) => firstOffset <= offset && offset <= lastOffset);
    if (what === 'transactional' && own?.ended === undefined) needed.push(offset);
    else if (what === 'plain' || (what === 'transactional' && own?.ended === 'COMMIT'))
      newest.set(keyAt(offset), offset);
  }
  return [...needed, ...newest.values()];
}

function checkAborted(
  log: SegmentedLog,
  transactions: readonly Transaction[],
  records: readonly number[],
  compacted: boolean,
): void {
  const { logStartOffset: start, logEndOffset: end } = log;
  const found = log.abortedTransactions(start, end).filter(({ lastOffset }) => lastOffset >= start);
  const aborted = transactions.filter(({ ended, lastOffset }) => ended === 'ABORT' && lastOffset >= start);
  met.aborted += found.length;
  for (const one of found) {
    assert.equal(one.producerId, transactionalProducer);
    const own = aborted.find(({ lastOffset }) => lastOffset === one.lastOffset);
    assert.ok(own !== undefined, `the transaction that ends at offset ${one.lastOffset} was aborted`);
    // Where it began may have been deleted.
    if (own.firstOffset >= start) assert.equal(one.firstOffset, own.firstOffset);
  }
  for (const { firstOffset, lastOffset } of aborted) {
    const hasRecords = records.some((offset) => offset >= firstOffset && offset < lastOffset);
    if (firstOffset < start || (compacted && !hasRecords)) continue;
    assert.ok(
      found.some((one) => one.lastOffset === lastOffset),
      `the transaction that ends at offset ${lastOffset} is known to be aborted`,
    );
  }
}

function checkProducers(
  { log, producers }: PartitionLog,
  written: readonly Written[],
  transactions: readonly Transaction[],
): void {
  for (const [producerId, what] of [
    [plainProducer, 'plain'],
    [transactionalProducer, 'transactional'],
  ] as const) {
    if (written.lastIndexOf(what) < log.logStartOffset) continue;
    const last = producers.get(producerId)?.batches.at(-1)?.lastSequence;
    assert.equal(last, written.filter((one) => one === what).length - 1, `last sequence of producer ${producerId}`);
  }
  const open = transactions.at(-1);
  if (open?.ended !== undefined || (open !== undefined && open.firstOffset < log.logStartOffset)) return;
  if (open !== undefined) met.openTransactions += 1;
  assert.equal(producers.get(transactionalProducer)?.currentTxnFirstOffset ?? -1, open?.firstOffset ?? -1);
}
