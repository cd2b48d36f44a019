import { INT64_MAX } from '../common/ids.js';
import {
  type BatchInfo,
  type BatchStatus,
  type FileRegion,
  type FlushStatistics,
  type LogDirectory,
  type LogStore,
  LogStoreError,
  type OpenFilesStatistics,
  type OpenLogOptions,
  type SegmentedLog,
} from '../common/ports/index.js';
import { loadAddon } from './native.js';
import type { NativeAddon, NativeDirectory } from './native_addon.js';
import { headerFields, readHeader } from './native_batches.js';
import { flushStatisticsOf } from './native_flush_statistics.js';
import { NativeRebuilds } from './native_rebuild.js';
import { isNativeError, typed } from './native_results.js';
import { holdInspected, type LogOwner, NativeSegmentedLog } from './native_segmented_log.js';

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
      holdInspected(bytes);
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

class NativeLogDirectory implements LogDirectory, LogOwner {
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
