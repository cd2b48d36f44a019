import { INT64_MAX } from '../common/ids.js';
import {
  type AbortedTransaction,
  type AppendBatchOptions,
  type BatchInfo,
  type BatchPosition,
  type BatchStatus,
  type CleaningOptions,
  type FileRegion,
  type FlushStatistics,
  type LogCleaning,
  type LogDirectory,
  type LogRead,
  type LogStore,
  LogStoreError,
  type OpenFilesStatistics,
  type OpenLogOptions,
  type ScannedBatch,
  type SegmentedLog,
  type SegmentInfo,
} from '../common/ports/index.js';
import { loadAddon } from './native.js';
import type { NativeAddon, NativeDirectory, NativeLog } from './native_addon.js';
import { abortedTransactions, emptyBatchInfo, headerFields, readHeader, scannedBatches } from './native_batches.js';
import { NativeLogCleaning } from './native_cleaning.js';
import { flushStatisticsOf } from './native_flush_statistics.js';
import { NativeRebuilds } from './native_rebuild.js';
import { isNativeError, typed } from './native_results.js';
import { NativeSegmentInfo } from './native_segment_info.js';
import { takeSideFiles } from './native_side_files.js';

export { emptyBatchInfo } from './native_batches.js';

/** Order of `BatchStatus` in native/log/batch.h. */
const statuses: readonly BatchStatus[] = [
  'ok',
  'empty',
  'too-short',
  'more-than-one',
  'unsupported-magic',
  'bad-crc',
  'bad-offsets',
  'bad-codec',
];
const noneAborted: readonly AbortedTransaction[] = [];

/** The bytes that the addon holds for the next append: mostly those that were just inspected. */
let heldBatch: Uint8Array | undefined;

/**
 * The production log store, over the addon. One per broker; stateless but for the shared scratch numbers. `mounted`: files behind symbolic
 * links in its directories are read, never written, cut or synced.
 */
export function createNativeLogStore({ mounted = false }: { readonly mounted?: boolean } = {}): LogStore {
  const addon = loadAddon();
  const { block } = addon;
  const rebuilds = new NativeRebuilds(addon);
  return {
    rebuilds: rebuilds.statistics,
    rebuildBatch: (bytes, options) => rebuilds.rebuild(bytes, options),
    async openDirectory(path: string): Promise<LogDirectory> {
      return new NativeLogDirectory(addon, path, mounted);
    },
    inspectBatch(bytes: Uint8Array, into: BatchInfo): BatchStatus {
      addon.inspectBatch(bytes);
      heldBatch = bytes;
      readHeader(block, 0, into);
      return statuses[block[headerFields] as number] ?? 'too-short';
    },
    limitOpenFiles(most: number): void {
      addon.openFiles(most);
    },
    get openFiles(): OpenFilesStatistics {
      const [open = 0, most = 0, opened = 0, closed = 0] = addon.openFiles(-1);
      return { open, most, opened, closed };
    },
  };
}

/** Gives up a region that will not be sent. */
export function releaseRegion(region: FileRegion): void {
  loadAddon().releaseRegion(region.regionId);
}

class NativeLogDirectory implements LogDirectory {
  failure: LogStoreError | undefined;
  private readonly native: NativeDirectory;
  private readonly logs = new Map<number, NativeSegmentedLog>();
  private readonly failureHandlers: Array<(error: LogStoreError) => void> = [];
  private toFlush: NativeSegmentedLog[] = [];

  constructor(
    private readonly addon: NativeAddon,
    readonly path: string,
    mounted: boolean,
  ) {
    try {
      this.native = new addon.NativeDirectory(path, () => this.drain(), mounted);
    } catch (error) {
      throw typed(error);
    }
  }

  async openLog(name: string, options: OpenLogOptions): Promise<SegmentedLog> {
    this.refuseIfFailed('open', name);
    try {
      const native = await this.native.openLog(
        this.addon.NativeLog,
        name,
        options.segmentBytes,
        options.indexIntervalBytes,
        options.segmentIndexBytes,
        options.recoveryPoint,
        options.logStartOffset,
        options.cleanShutdown,
        options.gapsBelow ?? INT64_MAX,
        options.preallocate ?? false,
        options.loads ?? false,
        options.topicId ?? '',
      );
      const log = new NativeSegmentedLog(this, this.addon, this.native, native, name, options.onFlushed);
      this.logs.set(native.id, log);
      return log;
    } catch (error) {
      throw typed(error);
    }
  }

  async bytesToCheck(logs: Parameters<LogDirectory['bytesToCheck']>[0]): Promise<readonly number[]> {
    const names = logs.map(({ name }) => name);
    return [
      ...(await this.native.bytesToCheck(
        names,
        Float64Array.from(logs, (log) => log.recoveryPoint),
      )),
    ];
  }

  get checkedBytes(): number {
    return this.native.checkedBytes();
  }

  setLoadingThreads(count: number): void {
    this.native.setLoadingThreads(count);
  }

  cancelLoading(): void {
    this.native.cancelLoading();
  }

  cancelLoad(name: string): void {
    this.native.cancelLoad(name);
  }

  async rename(from: string, to: string): Promise<void> {
    this.refuseIfFailed('rename', `${this.path}/${from}`);
    try {
      await this.native.rename(from, to);
    } catch (error) {
      throw this.failed(error);
    }
  }

  async copyFile(from: string, to: string, position: number, sizeBytes: number): Promise<number> {
    this.refuseIfFailed('copy', `${this.path}/${to}`);
    try {
      return await this.native.copyFile(from, `${this.path}/${to}`, position, sizeBytes);
    } catch (error) {
      const failure = typed(error);
      if (failure instanceof LogStoreError && failure.path === from) throw failure;
      throw this.failed(error);
    }
  }

  fail(error: LogStoreError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    for (const log of this.logs.values()) log.flushFailed(error);
    for (const handler of this.failureHandlers) handler(error);
  }

  async removeMarked(name: string): Promise<void> {
    try {
      await this.native.removeMarked(name);
    } catch (error) {
      throw typed(error);
    }
  }

  onFailure(handler: (error: LogStoreError) => void): void {
    this.failureHandlers.push(handler);
  }

  get flushStatistics(): FlushStatistics {
    return flushStatisticsOf(this.native.statistics());
  }

  async close(): Promise<void> {
    this.native.close();
  }

  /** After a failed sync nothing may be acknowledged any more: everything is refused until the directory is reopened. */
  refuseIfFailed(operation: string, path: string): void {
    if (this.failure !== undefined)
      throw new LogStoreError('IO', operation, path, this.failure.code, 'the log directory is offline');
  }

  /** The typed form of what the addon threw; an I/O error other than a full disk puts the directory offline. */
  failed(error: unknown): unknown {
    const result = typed(error);
    if (result instanceof LogStoreError && result.kind === 'IO') this.fail(result);
    return result;
  }

  /**
   * The flusher hears of the logs when everything that arrived together is appended, not at the first append: else a round of its own
   * goes to the first request of each loop turn, and the others wait for that one too.
   */
  flushSoon(log: NativeSegmentedLog): void {
    this.toFlush.push(log);
    if (this.toFlush.length > 1) return;
    queueMicrotask(() => {
      for (const each of this.toFlush.splice(0)) each.submitFlush();
    });
  }

  forget(id: number): void {
    this.logs.delete(id);
  }

  private drain(): void {
    let ids: readonly number[] = [];
    try {
      ids = this.native.drain();
    } catch (error) {
      if (isNativeError(error)) ids = error.flushed ?? [];
      this.notify(ids);
      const failure = this.failed(error);
      for (const log of this.logs.values()) log.flushFailed(failure);
      return;
    }
    this.notify(ids);
  }

  private notify(ids: readonly number[]): void {
    for (const id of ids) this.logs.get(id)?.flushed();
  }
}

class NativeSegmentedLog implements SegmentedLog {
  private readonly shared: Float64Array;
  private readonly block: Float64Array;
  private readonly handle: number;
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
    private readonly directory: NativeLogDirectory,
    private readonly addon: NativeAddon,
    private readonly nativeDirectory: NativeDirectory,
    private readonly native: NativeLog,
    public name: string,
    private readonly onFlushed: (flushedOffset: number) => void,
  ) {
    this.shared = native.shared;
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
    return this.shared[0] as number;
  }
  get logEndOffset(): number {
    return this.shared[1] as number;
  }
  get flushedOffset(): number {
    return this.shared[2] as number;
  }
  get sizeBytes(): number {
    return this.shared[3] as number;
  }
  get firstBaseOffset(): number {
    return this.shared[6] as number;
  }
  get activeBaseOffset(): number {
    return this.shared[4] as number;
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
    const { block } = this;
    block[0] = this.handle;
    block[1] = offset;
    block[2] = maxSizeBytes;
    block[3] = upperOffset;
    block[4] = minOneBatch ? 1 : 0;
    try {
      this.addon.readLog();
    } catch (error) {
      throw this.directory.failed(error);
    }
    const regionId = block[0] as number;
    if (regionId < 0) return undefined;
    return {
      region: { kind: 'region', regionId, sizeBytes: block[1] as number },
      baseOffset: block[2] as number,
      nextOffset: block[3] as number,
    };
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
    if (this.shared[5] === 0) return noneAborted;
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
