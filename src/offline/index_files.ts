import { readInt64 } from '../records/cursor.js';

// Parsers of the small files beside a segment. They take what is there, entry by entry, and judge nothing.

export const offsetEntryBytes = 8;
export const timeEntryBytes = 12;
export const abortedTransactionBytes = 34;

export interface OffsetIndexEntry {
  readonly offset: number;
  readonly position: number;
}

export interface TimeIndexEntry {
  readonly timestampMs: number;
  readonly offset: number;
}

export interface AbortedTransaction {
  readonly version: number;
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly lastStableOffset: number;
}

export function* offsetEntries(bytes: Buffer, baseOffset: number): Generator<OffsetIndexEntry, void, void> {
  for (let at = 0; at + offsetEntryBytes <= bytes.length; at += offsetEntryBytes)
    yield { offset: baseOffset + bytes.readInt32BE(at), position: bytes.readInt32BE(at + 4) };
}

export function* timeEntries(bytes: Buffer, baseOffset: number): Generator<TimeIndexEntry, void, void> {
  for (let at = 0; at + timeEntryBytes <= bytes.length; at += timeEntryBytes)
    yield { timestampMs: Number(bytes.readBigInt64BE(at)), offset: baseOffset + bytes.readInt32BE(at + 8) };
}

/** @throws RecordBatchError for numbers beyond 2^53 */
export function* abortedTransactions(bytes: Buffer): Generator<AbortedTransaction, void, void> {
  for (let at = 0; at + abortedTransactionBytes <= bytes.length; at += abortedTransactionBytes)
    yield {
      version: bytes.readInt16BE(at),
      producerId: readInt64(bytes, at + 2),
      firstOffset: readInt64(bytes, at + 10),
      lastOffset: readInt64(bytes, at + 18),
      lastStableOffset: readInt64(bytes, at + 26),
    };
}

/** Bytes of whole entries before the zeros that a preallocated file ends with, for a broker that was killed. */
export function usedBytes(bytes: Buffer, entryBytes: number): number {
  let end = bytes.length - (bytes.length % entryBytes);
  while (end > 0 && bytes.subarray(end - entryBytes, end).every((byte) => byte === 0)) end -= entryBytes;
  // A first entry of zeros is one: offset 0 at position 0.
  return end === 0 && bytes.length === entryBytes ? entryBytes : end;
}
