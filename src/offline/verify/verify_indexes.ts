import { RecordBatchError, type RecordBatchHeader } from '../../records/index.js';
import {
  type AbortedTransaction,
  abortedTransactionBytes,
  abortedTransactions,
  offsetEntries,
  offsetEntryBytes,
  timeEntries,
  timeEntryBytes,
  usedBytes,
} from '../index_files.js';
import type { Findings } from './findings.js';

/** What the indexes of a segment must agree with. */
export interface SegmentFacts {
  readonly baseOffset: number;
  /** By position. */
  readonly batches: ReadonlyMap<number, BatchFacts>;
  readonly maxTimestampMs: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Offsets of abort markers, those included whose transaction began before what was seen. */
  readonly abortMarkers: ReadonlySet<number>;
  /** The last one: a broker that did not stop in an orderly way leaves its indexes preallocated, stale or unwritten. */
  readonly mayBeUnfinished: boolean;
}

export type BatchFacts = Pick<RecordBatchHeader, 'baseOffset' | 'lastOffset' | 'maxTimestampMs'>;

export function verifyOffsetIndex(file: string, bytes: Buffer, facts: SegmentFacts, findings: Findings): void {
  const used = usable(file, bytes, offsetEntryBytes, 'index-size', facts, findings);
  let previous = { offset: -1, position: -1 };
  let at = 0;
  for (const entry of offsetEntries(bytes.subarray(0, used), facts.baseOffset)) {
    const place = { position: at, offset: entry.offset };
    at += offsetEntryBytes;
    if (entry.offset <= previous.offset || entry.position <= previous.position)
      findings.add(
        file,
        'index-order',
        `entry (${entry.offset}, ${entry.position}) does not come after (${previous.offset}, ${previous.position})`,
        place,
      );
    previous = entry;
    const batch = facts.batches.get(entry.position);
    if (batch === undefined)
      findings.add(
        file,
        'index-mismatch',
        `the entry points to position ${entry.position}, where no batch begins`,
        place,
      );
    else if (batch.lastOffset !== entry.offset)
      findings.add(
        file,
        'index-mismatch',
        `the batch at position ${entry.position} ends at offset ${batch.lastOffset}, the entry says ${entry.offset}`,
        place,
      );
  }
}

export function verifyTimeIndex(file: string, bytes: Buffer, facts: SegmentFacts, findings: Findings): void {
  const used = usable(file, bytes, timeEntryBytes, 'time-index-size', facts, findings);
  const batches = [...facts.batches.values()];
  let previous = { timestampMs: Number.NEGATIVE_INFINITY, offset: -1 };
  let at = 0;
  let next = 0;
  let largestMs = -1;
  for (const entry of timeEntries(bytes.subarray(0, used), facts.baseOffset)) {
    const place = { position: at, offset: entry.offset };
    at += timeEntryBytes;
    if (entry.timestampMs <= previous.timestampMs || entry.offset <= previous.offset)
      findings.add(
        file,
        'time-index-order',
        `entry (${entry.timestampMs}, ${entry.offset}) does not come after (${previous.timestampMs}, ${previous.offset})`,
        place,
      );
    previous = entry;
    for (let batch = batches[next]; batch !== undefined && batch.baseOffset <= entry.offset; batch = batches[next]) {
      largestMs = Math.max(largestMs, batch.maxTimestampMs);
      next += 1;
    }
    const batch = batches[next - 1];
    if (batch === undefined || batch.lastOffset < entry.offset)
      findings.add(file, 'time-index-mismatch', `no batch has offset ${entry.offset}`, place);
    else if (largestMs !== entry.timestampMs)
      findings.add(
        file,
        'time-index-mismatch',
        `the largest timestamp up to offset ${entry.offset} is ${largestMs}, the entry says ${entry.timestampMs}`,
        place,
      );
  }
  if (!facts.mayBeUnfinished && batches.length > 0 && previous.timestampMs < facts.maxTimestampMs)
    findings.add(
      file,
      'time-index-mismatch',
      `the last entry says ${at === 0 ? 'nothing' : previous.timestampMs}, the largest timestamp of the segment is ${facts.maxTimestampMs}`,
    );
}

export function verifyTransactionIndex(file: string, bytes: Buffer, facts: SegmentFacts, findings: Findings): void {
  const used = usable(file, bytes, abortedTransactionBytes, 'txn-index', facts, findings);
  const expected = new Map(facts.aborted.map((one) => [one.lastOffset, one]));
  let at = 0;
  let previousOffset = -1;
  try {
    for (const entry of abortedTransactions(bytes.subarray(0, used))) {
      const place = { position: at, offset: entry.lastOffset };
      at += abortedTransactionBytes;
      const { producerId, firstOffset, lastOffset } = entry;
      const what = `the aborted transaction of producer ${producerId} (${firstOffset} to ${lastOffset})`;
      if (entry.version !== 0) findings.add(file, 'txn-index', `entry of version ${entry.version}`, place);
      if (lastOffset <= previousOffset || firstOffset > lastOffset)
        findings.add(file, 'txn-index', `${what} is out of order`, place);
      previousOffset = lastOffset;
      const known = expected.get(lastOffset);
      expected.delete(lastOffset);
      if (!facts.abortMarkers.has(lastOffset))
        findings.add(file, 'txn-index', `${what} has no abort marker in the log`, place);
      else if (known !== undefined && (known.producerId !== producerId || known.firstOffset !== firstOffset))
        findings.add(
          file,
          'txn-index',
          `${what} is one of producer ${known.producerId} from offset ${known.firstOffset} on in the log`,
          place,
        );
    }
  } catch (error) {
    if (!(error instanceof RecordBatchError)) throw error;
    findings.add(file, 'txn-index', error.message, { position: at });
  }
  for (const { producerId, firstOffset, lastOffset } of expected.values())
    findings.add(
      file,
      'txn-index',
      `the aborted transaction of producer ${producerId} (${firstOffset} to ${lastOffset}) is missing`,
      { offset: lastOffset },
    );
}

/** Bytes of whole entries; what is wrong with the rest is said. */
function usable(
  file: string,
  bytes: Buffer,
  entryBytes: number,
  kind: 'index-size' | 'time-index-size' | 'txn-index',
  { mayBeUnfinished }: SegmentFacts,
  findings: Findings,
): number {
  const whole = bytes.length - (bytes.length % entryBytes);
  if (whole < bytes.length)
    findings.add(file, kind, `${bytes.length} bytes are no whole number of entries of ${entryBytes} bytes`, {
      position: whole,
    });
  const used = usedBytes(bytes, entryBytes);
  if (used < whole && !mayBeUnfinished)
    findings.add(file, kind, `${whole - used} bytes of zeros behind the last entry`, { position: used });
  return used;
}
