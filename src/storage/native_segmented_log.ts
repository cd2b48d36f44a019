import {
  type AbortedTransaction,
  type AppendBatchOptions,
  type BatchPosition,
  type CleaningOptions,
  type LogCleaning,
  type LogDirectory,
  type LogLoading,
  type LogRead,
  LogStoreError,
  type ScannedBatch,
  type SegmentedLog,
  type SegmentInfo,
} from '../common/ports/index.js';
import type { NativeAddon, NativeDirectory, NativeLog } from './native_addon.js';
import { abortedTransactions, emptyBatchInfo, headerFields, readHeader, scannedBatches } from './native_batches.js';
import { NativeLogCleaning } from './native_cleaning.js';
import { typed } from './native_results.js';
import { NativeSegmentInfo } from './native_segment_info.js';
import { takeSideFiles } from './native_side_files.js';

/** What a log needs of the directory it is in. */
export interface LogOwner extends Pick<LogDirectory, 'path' | 'failure'> {
  refuseIfFailed(operation: string, path: string): void;
  /** The typed form of what the addon threw. */
  failed(error: unknown): unknown;
  flushSoon(log: NativeSegmentedLog): void;
  forget(id: number): void;
}

/** In place of a region's number: the read would have to wait for the medium. */
const mustWait = -2;
const noneAborted: readonly AbortedTransaction[] = [];

/** The bytes that the addon holds for the next append: mostly those that were just inspected. */
let heldBatch: Uint8Array | undefined;

/** The addon has these bytes: an append of the same does not hand them over again. */
export function holdInspected(bytes: Uint8Array): void {
  heldBatch = bytes;
}

/** One partition's log in the addon. */
export class NativeSegmentedLog implements SegmentedLog {
  private readonly shared: Float64Array;
  private readonly at: number;
  private readonly block: Float64Array;
  readonly handle: number;
  private readonly header = new Float64Array(headerFields);
  private waiting: Array<{ readonly upTo: number; resolve(): void; reject(error: unknown): void }> = [];
  private pendingFiles: string[] = [];
  private flushRequests = 0;
  private closed = false;
  readonly recovered: {
    readonly truncatedBytes: number;
    readonly truncatedAtOffset: number;
    readonly quarantinedBytes: number;
    readonly indexesRebuilt: number;
    readonly transactionsLostFrom: number;
  };

  constructor(
    private readonly directory: LogOwner,
    private readonly addon: NativeAddon,
    private readonly nativeDirectory: NativeDirectory,
    private readonly native: NativeLog,
    public name: string,
    private readonly onFlushed: (flushedOffset: number) => void,
  ) {
    this.shared = native.shared;
    this.at = native.sharedAt;
    this.block = addon.block;
    this.handle = native.handle;
    this.recovered = {
      truncatedBytes: native.truncatedBytes,
      truncatedAtOffset: native.truncatedAtOffset,
      quarantinedBytes: native.quarantinedBytes,
      indexesRebuilt: native.indexesRebuilt,
      transactionsLostFrom: native.transactionsLostFrom,
    };
  }

  takeSideFiles(): ReadonlyMap<string, Uint8Array | undefined> {
    return takeSideFiles(this.native);
  }

  get logStartOffset(): number {
    return this.shared[this.at] as number;
  }
  get logEndOffset(): number {
    return this.shared[this.at + 1] as number;
  }
  get flushedOffset(): number {
    return this.shared[this.at + 2] as number;
  }
  get sizeBytes(): number {
    return this.shared[this.at + 3] as number;
  }
  get firstBaseOffset(): number {
    return this.shared[this.at + 6] as number;
  }
  get activeBaseOffset(): number {
    return this.shared[this.at + 4] as number;
  }

  append(bytes: Uint8Array, options: AppendBatchOptions): void {
    this.directory.refuseIfFailed('append', this.name);
    const { addon, block } = this;
    if (heldBatch !== bytes) addon.holdBatch(bytes);
    heldBatch = undefined;
    block[0] = this.handle;
    block[1] = options.baseOffset;
    block[2] = options.leaderEpoch;
    block[3] = options.appendTimeMs;
    block[4] = options.rollFirst ? 1 : 0;
    block[5] = options.aborted === undefined ? -1 : options.aborted.firstOffset;
    block[6] = options.aborted === undefined ? -1 : options.aborted.lastStableOffset;
    try {
      addon.appendBatch();
    } catch (error) {
      throw this.directory.failed(error);
    }
  }

  read(offset: number, maxSizeBytes: number, upperOffset: number, minOneBatch: boolean): LogRead | undefined {
    return this.found(this.lookUp(offset, maxSizeBytes, upperOffset, minOneBatch, false));
  }

  readAtOnce(
    offset: number,
    maxSizeBytes: number,
    upperOffset: number,
    minOneBatch: boolean,
  ): LogRead | LogLoading | undefined {
    const regionId = this.lookUp(offset, maxSizeBytes, upperOffset, minOneBatch, true);
    return regionId === mustWait ? { loading: this.addon.loadMissed(undefined, 0) } : this.found(regionId);
  }

  atOnce<T>(look: () => T, aheadBytes = 0): { readonly found: T } | LogLoading {
    const { addon } = this;
    let missedIn: string;
    addon.beginReadsAtOnce();
    try {
      return { found: look() };
    } catch (error) {
      if (!(error instanceof LogStoreError) || error.kind !== 'MUST_WAIT') throw error;
      missedIn = error.path;
    } finally {
      addon.endReadsAtOnce();
    }
    return { loading: addon.loadMissed(missedIn, aheadBytes) };
  }

  /** The number of the region, below 0 for none; the rest of what was found is in the block. */
  private lookUp(
    offset: number,
    maxSizeBytes: number,
    upperOffset: number,
    minOneBatch: boolean,
    atOnce: boolean,
  ): number {
    const { block } = this;
    block[0] = this.handle;
    block[1] = offset;
    block[2] = maxSizeBytes;
    block[3] = upperOffset;
    block[4] = minOneBatch ? 1 : 0;
    block[5] = atOnce ? 1 : 0;
    try {
      this.addon.readLog();
    } catch (error) {
      throw this.directory.failed(error);
    }
    return block[0] as number;
  }

  private found(regionId: number): LogRead | undefined {
    if (regionId < 0) return undefined;
    const { block } = this;
    return {
      region: { kind: 'region', regionId, sizeBytes: block[1] as number },
      baseOffset: block[2] as number,
      nextOffset: block[3] as number,
    };
  }

  offer(endOffset: number): void {
    if (!this.closed) this.shared[this.at + 7] = endOffset;
  }

  readCopy(offset: number, maxSizeBytes: number, upperOffset: number): Uint8Array {
    return this.call(() => this.native.readCopy(offset, maxSizeBytes, upperOffset));
  }

  availableBytes(offset: number, upperOffset: number, enoughBytes: number): number {
    return this.call(() => this.native.availableBytes(offset, upperOffset, enoughBytes));
  }

  findBatchByTimestamp(timestampMs: number, upperOffset: number): BatchPosition | undefined {
    return this.call(() =>
      this.native.findByTimestamp(timestampMs, upperOffset, this.header) ? this.position() : undefined,
    );
  }

  findBatchOfMaxTimestamp(upperOffset: number): BatchPosition | undefined {
    return this.call(() => (this.native.findMaxTimestamp(upperOffset, this.header) ? this.position() : undefined));
  }

  scanBatches(fromOffset: number, maxBatches: number): ScannedBatch[] {
    const flat = this.call(() => this.native.scan(fromOffset, maxBatches));
    return scannedBatches(flat);
  }

  abortedTransactions(fromOffset: number, upperOffset: number): readonly AbortedTransaction[] {
    if (this.shared[this.at + 5] === 0) return noneAborted;
    return abortedTransactions(this.native.abortedTransactions(fromOffset, upperOffset));
  }

  restoreAborted(lostFrom: number, aborted: readonly AbortedTransaction[]): void {
    const numbers = aborted.flatMap((one) => [one.producerId, one.firstOffset, one.lastOffset, one.lastStableOffset]);
    this.call(() => this.native.restoreAborted(lostFrom, Float64Array.from(numbers)));
  }

  requestFlush(): void {
    this.flushRequests += 1;
    if (this.flushRequests === 1) this.directory.flushSoon(this);
  }

  submitFlush(): void {
    const requests = this.flushRequests;
    this.flushRequests = 0;
    this.native.requestFlush(requests);
  }

  flush(): Promise<void> {
    this.directory.refuseIfFailed('flush', this.name);
    const upTo = this.logEndOffset;
    if (this.flushedOffset >= upTo) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => this.waiting.push({ upTo, resolve, reject }));
    this.requestFlush();
    return done;
  }

  roll(): void {
    this.call(() => this.native.roll());
  }
  truncateTo(offset: number): void {
    this.call(() => this.native.truncateTo(offset));
  }
  truncateFullyAndStartAt(offset: number): void {
    this.call(() => this.native.truncateFullyAndStartAt(offset));
  }
  advanceLogStartOffset(offset: number): void {
    this.native.advanceLogStartOffset(offset);
  }

  segments(): SegmentInfo[] {
    const flat = this.native.segments();
    const count = flat.length / 2;
    const time = (baseOffset: number, which: number) => this.call(() => this.native.segmentTime(baseOffset, which));
    return Array.from({ length: count }, (_, index) => {
      const base = flat[index * 2] as number;
      return new NativeSegmentInfo(time, base, flat[index * 2 + 1] as number, index === count - 1);
    });
  }

  deleteSegments(baseOffsets: readonly number[]): void {
    const segments = this.segments();
    const oldest = baseOffsets.every((base, index) => segments[index]?.baseOffset === base && !segments[index]?.active);
    if (!oldest)
      throw new LogStoreError('BAD_ARGUMENTS', 'delete segments', this.name, '', 'not the oldest sealed segments');
    const end = segments[baseOffsets.length]?.baseOffset;
    // By offset: a round of cleaning may have made one of several segments by now.
    if (baseOffsets.length > 0 && end !== undefined)
      this.pendingFiles.push(...this.call(() => this.native.dropBelow(end)));
  }

  beginCleaning(options: CleaningOptions): LogCleaning | undefined {
    this.directory.refuseIfFailed('clean', this.name);
    const { producers } = options;
    const tails = producers.flatMap((tail) => [tail.producerId, tail.lastDataOffset, tail.producerEpoch]);
    const native = this.call(() =>
      this.native.beginCleaning(
        this.addon.NativeCleaning,
        NativeLogCleaning.numbers(options),
        Float64Array.from(tails),
      ),
    );
    return native === undefined ? undefined : new NativeLogCleaning(native, (error) => this.directory.failed(error));
  }

  async deletePending(): Promise<void> {
    const paths = this.closed ? this.pendingFiles : [...this.pendingFiles, ...this.native.takeReplacedFiles()];
    this.pendingFiles = [];
    if (paths.length === 0) return;
    try {
      await this.nativeDirectory.unlinkFiles(paths);
    } catch (error) {
      throw typed(error);
    }
  }

  accountFor(topicAccount: number): void {
    this.native.accountFor(topicAccount);
  }

  reconfigure(options: Parameters<SegmentedLog['reconfigure']>[0]): void {
    const { segmentBytes, indexIntervalBytes, segmentIndexBytes, preallocate = false } = options;
    this.native.reconfigure(segmentBytes, indexIntervalBytes, segmentIndexBytes, preallocate);
  }

  rename(name: string): void {
    this.directory.refuseIfFailed('rename', this.name);
    this.call(() => this.native.moveTo(`${this.directory.path}/${name}`));
    this.name = name;
  }

  async close(options: { readonly sync: boolean }): Promise<void> {
    if (this.closed) return;
    // The flusher's thread does the waiting; what the close itself syncs is then already on the medium.
    if (options.sync && this.directory.failure === undefined) await this.flush();
    this.closed = true;
    this.directory.forget(this.native.id);
    this.call(() => this.native.close(options.sync && this.directory.failure === undefined));
    for (const { reject } of this.waiting.splice(0)) reject(new LogStoreError('CLOSED', 'flush', this.name, ''));
  }

  flushed(): void {
    const before = this.flushedOffset;
    this.native.offsets();
    const now = this.flushedOffset;
    if (this.waiting.length > 0) {
      const ready = this.waiting.filter((waiter) => waiter.upTo <= now);
      this.waiting = this.waiting.filter((waiter) => waiter.upTo > now);
      for (const waiter of ready) waiter.resolve();
    }
    if (now > before) this.onFlushed(now);
  }

  flushFailed(error: unknown): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  private position(): BatchPosition {
    const info = emptyBatchInfo();
    readHeader(this.header, 0, info);
    return {
      baseOffset: info.baseOffset,
      lastOffset: info.baseOffset + info.lastOffsetDelta,
      maxTimestampMs: info.maxTimestampMs,
      leaderEpoch: info.leaderEpoch,
    };
  }

  private call<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw this.directory.failed(error);
    }
  }
}
