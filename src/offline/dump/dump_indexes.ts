import type { ReadableFile } from '../../common/ports/index.js';
import { decodeBatch } from '../../records/index.js';
import { BatchWalker } from '../batch_walk.js';
import {
  abortedTransactions,
  type OffsetIndexEntry,
  offsetEntries,
  offsetEntryBytes,
  timeEntries,
  timeEntryBytes,
} from '../index_files.js';
import { readSnapshot } from '../snapshot_file.js';
import type { DumpNotes } from './notes.js';

export interface IndexDumpOptions {
  /** Only what a broker checks when it starts. */
  readonly sanityOnly: boolean;
  /** Nothing is shown but what does not fit. */
  readonly verifyOnly: boolean;
}

/** The segment that an index belongs to. */
export interface IndexedSegment {
  /** As given, for what is shown. */
  readonly path: string;
  readonly absolutePath: string;
  readonly baseOffset: number;
  readonly index: Buffer;
  readonly log: ReadableFile;
}

/** `.index` */
export async function* dumpOffsetIndex(
  { path, absolutePath, baseOffset, index, log }: IndexedSegment,
  { sanityOnly, verifyOnly }: IndexDumpOptions,
  notes: DumpNotes,
): AsyncGenerator<string, void, void> {
  const entries = [...offsetEntries(index, baseOffset)];
  const last = entries.at(-1);
  if (last === undefined) {
    yield `${path} is empty.\n`;
    return;
  }
  if (sanityOnly) {
    yield* sanity(path, last.offset, baseOffset, index.length, offsetEntryBytes, notes);
    return;
  }
  for (const [at, { offset, position }] of entries.entries()) {
    if (isPadding(offset, baseOffset, at)) return;
    const raw = await new BatchWalker(log, position).next();
    if (raw === undefined) {
      notes.problem(`${path}: the entry of offset ${offset} points to position ${position}, where no batch begins`);
      return;
    }
    const { lastOffset } = decodeBatch(raw.bytes, { checkCrc: false });
    if (lastOffset !== offset) notes.indexMismatch(absolutePath, offset, lastOffset);
    if (!verifyOnly) yield `offset: ${offset} position: ${position}\n`;
  }
}

/** `.timeindex` */
export async function* dumpTimeIndex(
  { path, absolutePath, baseOffset, index, log }: IndexedSegment,
  offsetIndex: Buffer,
  { sanityOnly, verifyOnly }: IndexDumpOptions,
  notes: DumpNotes,
): AsyncGenerator<string, void, void> {
  const entries = [...timeEntries(index, baseOffset)];
  if (sanityOnly) {
    const [first] = entries;
    const lastMs = entries.at(-1)?.timestampMs ?? 0;
    if (first !== undefined && lastMs < first.timestampMs) {
      notes.problem(`${path}: the last timestamp ${lastMs} is below the first one ${first.timestampMs}`);
      return;
    }
    yield* sanity(path, entries.at(-1)?.offset ?? baseOffset, baseOffset, index.length, timeEntryBytes, notes);
    return;
  }
  const positions = [...offsetEntries(offsetIndex, baseOffset)];
  let previousMs = -1;
  for (const [at, { timestampMs, offset }] of entries.entries()) {
    if (isPadding(offset, baseOffset, at)) return;
    const batch = await findBatch(log, positionBelow(positions, offset), offset);
    if (batch === undefined || batch.lastOffset !== offset)
      notes.offsetNotFound(absolutePath, offset, batch?.lastOffset ?? -1);
    else {
      if (batch.maxMs !== timestampMs) notes.timestampMismatch(absolutePath, timestampMs, batch.maxMs);
      if (previousMs >= timestampMs) notes.timestampOutOfOrder(absolutePath, timestampMs, previousMs);
    }
    if (!verifyOnly) yield `timestamp: ${timestampMs} offset: ${offset}\n`;
    previousMs = timestampMs;
  }
}

/** After a crash a file may end in zeros. */
function isPadding(offset: number, baseOffset: number, at: number): boolean {
  return offset === baseOffset && at > 0;
}

function* sanity(
  path: string,
  lastOffset: number,
  baseOffset: number,
  sizeBytes: number,
  entryBytes: number,
  notes: DumpNotes,
): Generator<string, void, void> {
  if (lastOffset < baseOffset) notes.problem(`${path}: the last entry is below the base offset ${baseOffset}`);
  else if (sizeBytes % entryBytes !== 0)
    notes.problem(`${path}: ${sizeBytes} bytes are no whole number of entries of ${entryBytes} bytes`);
  else yield `${path} passed sanity check.\n`;
}

function positionBelow(entries: readonly OffsetIndexEntry[], offset: number): number {
  let position = 0;
  for (const entry of entries) {
    if (entry.offset > offset) break;
    position = entry.position;
  }
  return position;
}

async function findBatch(
  log: ReadableFile,
  from: number,
  offset: number,
): Promise<{ readonly lastOffset: number; readonly maxMs: number } | undefined> {
  const walker = new BatchWalker(log, from);
  for (let raw = await walker.next(); raw !== undefined; raw = await walker.next()) {
    const { lastOffset, records } = decodeBatch(raw.bytes, { checkCrc: false });
    if (lastOffset < offset) continue;
    return { lastOffset, maxMs: records.reduce((max, { timestampMs }) => Math.max(max, timestampMs), -1) };
  }
  return undefined;
}

/** `.txnindex`. @throws RecordBatchError */
export function* dumpTransactionIndex(bytes: Buffer): Generator<string, void, void> {
  for (const { version, producerId, firstOffset, lastOffset, lastStableOffset } of abortedTransactions(bytes))
    yield `version: ${version} producerId: ${producerId} firstOffset: ${firstOffset} lastOffset: ${lastOffset} lastStableOffset: ${lastStableOffset}\n`;
}

/** `.snapshot` */
export function* dumpProducerSnapshot(path: string, bytes: Buffer, notes: DumpNotes): Generator<string, void, void> {
  const entries = readSnapshot(bytes);
  if (typeof entries === 'string') {
    notes.problem(`${path} is damaged: ${entries}`);
    return;
  }
  for (const entry of entries) {
    const first = entry.currentTxnFirstOffset;
    let line =
      `producerId: ${entry.producerId} producerEpoch: ${entry.epoch} coordinatorEpoch: ${entry.coordinatorEpoch}` +
      ` currentTxnFirstOffset: ${first < 0 ? 'OptionalLong.empty' : `OptionalLong[${first}]`} lastTimestamp: ${entry.timestamp}`;
    if (entry.lastSequence >= 0) {
      // The file has no first sequence: counted back, as sequences wrap.
      const firstSequence = entry.lastSequence - entry.offsetDelta;
      line +=
        ` firstSequence: ${firstSequence < 0 ? firstSequence + 2 ** 31 : firstSequence} lastSequence: ${entry.lastSequence}` +
        ` lastOffset: ${entry.lastOffset} offsetDelta: ${entry.offsetDelta} timestamp: ${entry.timestamp}`;
    }
    yield `${line}\n`;
  }
}
