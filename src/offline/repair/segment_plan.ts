import type { ReadableFile } from '../../common/ports/index.js';
import { controlTypeOf, decodeBatch, type RecordBatchHeader } from '../../records/index.js';
import { type AbortedTransaction, offsetEntryBytes, timeEntryBytes } from '../index_files.js';
import { scanSegment } from '../segment_scan.js';
import type { TransactionReplay } from '../transaction_replay.js';

/** Bytes that a segment loses. */
export interface Cut {
  readonly position: number;
  readonly endPosition: number;
  readonly reason: string;
  /** Offsets that may have been in these bytes, the end exclusive; null when nothing follows that tells. */
  readonly offset: number;
  readonly endOffset: number | null;
}

/** What a repaired segment is made of. */
export interface SegmentPlan {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Good bytes of the old file, in order. */
  readonly keep: ReadonlyArray<readonly [position: number, endPosition: number]>;
  readonly cuts: readonly Cut[];
  readonly nextOffset: number;
  /** Contents of the files beside it, for the new positions. */
  readonly index: Buffer;
  readonly timeIndex: Buffer;
  readonly aborted: readonly AbortedTransaction[];
  readonly abortMarkers: ReadonlySet<number>;
  /** Leader epochs in the order they begin. */
  readonly epochs: ReadonlyArray<readonly [epoch: number, startOffset: number]>;
}

/** `index.interval.bytes` by default; what a topic has is not known here, and any does. */
const indexIntervalBytes = 4096;
const maxRelativeOffset = 2 ** 31 - 1;

/**
 * Decides what stays of a segment: every sound batch, in order, none twice. Offsets are not covered by a batch's CRC, so one that jumps ahead
 * of what follows is taken for the damaged one. Reads the file twice.
 *
 * @param nextOffset where the segment before it ends
 * @param nextBase base offset of the segment behind it
 */
export async function planSegment(
  file: ReadableFile,
  baseOffset: number,
  nextOffset: number,
  nextBase: number | undefined,
  transactions: TransactionReplay,
): Promise<SegmentPlan> {
  const found: Place[] = [];
  for await (const item of scanSegment(file, baseOffset))
    if (item.kind === 'batch') {
      const { baseOffset: first, lastOffset: last } = item.header;
      found.push({ position: item.position, first, last });
    }
  const kept = new Set(inOrder(found, baseOffset, nextOffset, nextBase));
  const builder = new PlanBuilder(baseOffset, nextOffset, transactions);
  for await (const item of scanSegment(file, baseOffset))
    if (item.kind === 'damage') builder.cut(item.position, item.endPosition, item.reason);
    else builder.batch(item.position, item.header, item.bytes, kept.has(item.position));
  return builder.finish(file.sizeBytes);
}

interface Place {
  readonly position: number;
  readonly first: number;
  readonly last: number;
}

/** Positions of the batches that stay. */
function inOrder(
  found: readonly Place[],
  baseOffset: number,
  nextOffset: number,
  nextBase: number | undefined,
): readonly number[] {
  const kept: Place[] = [];
  const end = (count: number) => kept[count - 1]?.last ?? Math.max(baseOffset, nextOffset) - 1;
  for (const one of found) {
    const isInside = one.first >= baseOffset && one.last - baseOffset <= maxRelativeOffset;
    const jumps = one.first > end(kept.length) + 1;
    if (!isInside || (jumps && nextBase !== undefined && one.last >= nextBase)) continue;
    for (;;) {
      const top = kept.at(-1);
      if (top === undefined || one.first > top.last) break;
      const before = end(kept.length - 1);
      // It left a gap behind the batch before it, and this one fits into that gap: it is the one that is wrong.
      if (top.first <= before + 1 || one.first <= before) break;
      kept.pop();
    }
    if (one.first > end(kept.length)) kept.push(one);
  }
  return kept.map(({ position }) => position);
}

class PlanBuilder {
  private readonly keep: Array<[number, number]> = [];
  private readonly cuts: Array<Cut & { endOffset: number | null }> = [];
  private readonly offsets: Buffer[] = [];
  private readonly times: Buffer[] = [];
  private readonly aborted: AbortedTransaction[] = [];
  private readonly abortMarkers = new Set<number>();
  private readonly epochs: Array<readonly [number, number]> = [];
  private newPosition = 0;
  private sinceEntryBytes = 0;
  private largestMs = -1;
  private largestOffset = -1;
  private indexedMs = -1;

  constructor(
    private readonly baseOffset: number,
    private nextOffset: number,
    private readonly transactions: TransactionReplay,
  ) {}

  cut(position: number, endPosition: number, reason: string): void {
    this.cuts.push({
      position,
      endPosition,
      reason,
      offset: Math.max(this.nextOffset, this.baseOffset),
      endOffset: null,
    });
  }

  batch(position: number, header: RecordBatchHeader, bytes: Buffer, stays: boolean): void {
    const { baseOffset, lastOffset, sizeBytes } = header;
    if (!stays) {
      const reason = `the batch of offsets ${baseOffset} to ${lastOffset} does not fit between its neighbours`;
      const offset = Math.max(this.nextOffset, this.baseOffset);
      this.cuts.push({ position, endPosition: position + sizeBytes, reason, offset, endOffset: null });
      return;
    }
    for (const cut of this.cuts) cut.endOffset ??= baseOffset;
    const range = this.keep.at(-1);
    if (range !== undefined && range[1] === position) range[1] = position + sizeBytes;
    else this.keep.push([position, position + sizeBytes]);
    this.index(header);
    this.newPosition += sizeBytes;
    this.nextOffset = lastOffset + 1;
    const epoch = this.epochs.at(-1)?.[0] ?? -1;
    if (header.leaderEpoch > epoch) this.epochs.push([header.leaderEpoch, baseOffset]);
    const ended = this.transactions.add(header, bytes);
    if (ended !== undefined) this.aborted.push(ended);
    if (header.isControl && header.isTransactional) {
      const [record] = decodeBatch(bytes, { checkCrc: false }).records;
      if (record !== undefined && controlTypeOf(record) === 'ABORT') this.abortMarkers.add(record.offset);
    }
  }

  private index({ lastOffset, maxTimestampMs, sizeBytes }: RecordBatchHeader): void {
    if (maxTimestampMs > this.largestMs) {
      this.largestMs = maxTimestampMs;
      this.largestOffset = lastOffset;
    }
    if (this.sinceEntryBytes > indexIntervalBytes) {
      const entry = Buffer.alloc(offsetEntryBytes);
      entry.writeInt32BE(lastOffset - this.baseOffset, 0);
      entry.writeInt32BE(this.newPosition, 4);
      this.offsets.push(entry);
      this.timeEntry();
      this.sinceEntryBytes = 0;
    }
    this.sinceEntryBytes += sizeBytes;
  }

  private timeEntry(): void {
    if (this.largestMs <= this.indexedMs) return;
    this.indexedMs = this.largestMs;
    const entry = Buffer.alloc(timeEntryBytes);
    entry.writeBigInt64BE(BigInt(this.largestMs), 0);
    entry.writeInt32BE(this.largestOffset - this.baseOffset, 8);
    this.times.push(entry);
  }

  finish(sizeBytes: number): SegmentPlan {
    this.timeEntry();
    return {
      baseOffset: this.baseOffset,
      sizeBytes,
      keep: this.keep,
      cuts: this.cuts,
      nextOffset: this.nextOffset,
      index: Buffer.concat(this.offsets),
      timeIndex: Buffer.concat(this.times),
      aborted: this.aborted,
      abortMarkers: this.abortMarkers,
      epochs: this.epochs,
    };
  }
}
