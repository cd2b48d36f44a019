import type { BatchInfo, LogDirectory, LogStore, SegmentedLog } from '../../../src/common/ports/index.js';
import type { CoordinatorLog, EndOfTransaction } from '../../../src/coordinator/runtime/log.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeEndTxnMarker } from '../../../src/records/index.js';

const wholeLog = Number.MAX_SAFE_INTEGER;

/** A log of the native engine as a coordinator's: committed is what was flushed. */
export class SegmentCoordinatorLog implements CoordinatorLog {
  readonly maxBatchBytes = 1_048_588;
  private readonly listeners = new Set<(highWatermark: number) => void>();
  private constructor(
    private readonly store: LogStore,
    readonly segments: SegmentedLog,
    private readonly info: BatchInfo,
  ) {}

  static async open(
    store: LogStore,
    directory: LogDirectory,
    name: string,
    info: BatchInfo,
  ): Promise<SegmentCoordinatorLog> {
    let opened: SegmentCoordinatorLog | undefined;
    const segments = await directory.openLog(name, {
      segmentBytes: 1 << 20,
      indexIntervalBytes: 4096,
      segmentIndexBytes: 1 << 20,
      recoveryPoint: 0,
      logStartOffset: 0,
      cleanShutdown: false,
      onFlushed: (flushed) => opened?.flushed(flushed),
    });
    opened = new SegmentCoordinatorLog(store, segments, info);
    // What recovery found may not be on the medium yet.
    segments.requestFlush();
    return opened;
  }

  get logStartOffset(): number {
    return this.segments.logStartOffset;
  }

  get logEndOffset(): number {
    return this.segments.logEndOffset;
  }

  get highWatermark(): number {
    return this.segments.flushedOffset;
  }

  append(batch: Uint8Array): { baseOffset: number; lastOffset: number } | ErrorCode {
    if (this.store.inspectBatch(batch, this.info) !== 'ok') return ErrorCode.CORRUPT_MESSAGE;
    const baseOffset = this.segments.logEndOffset;
    this.segments.append(batch, { baseOffset, leaderEpoch: 3, appendTimeMs: -1, rollFirst: false });
    this.segments.requestFlush();
    return { baseOffset, lastOffset: this.segments.logEndOffset - 1 };
  }

  appendMarker(marker: EndOfTransaction): { baseOffset: number; lastOffset: number } | ErrorCode {
    return this.append(encodeEndTxnMarker({ ...marker, timestampMs: 0 }));
  }

  onHighWatermark(listener: (highWatermark: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  read(fromOffset: number, maxBytes: number): Uint8Array {
    return this.segments.readCopy(fromOffset, maxBytes, wholeLog);
  }

  private flushed(offset: number): void {
    for (const listener of this.listeners) listener(offset);
  }
}
