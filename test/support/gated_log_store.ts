import type {
  BatchInfo,
  BatchStatus,
  FileRegion,
  LogDirectory,
  LogRead,
  LogStore,
  OpenFilesStatistics,
  OpenLogOptions,
  RebuildOptions,
  RebuildStatistics,
  RebuiltBatch,
  SegmentedLog,
} from '../../src/common/ports/index.js';
import { LogStoreError } from '../../src/common/ports/index.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import { type ColdLog, makeCold } from './cold_log.js';

/** One log behind the gate. */
interface GatedLog {
  readonly log: SegmentedLog;
  /** What the log says is on the medium. */
  shown: number;
  readonly onFlushed: (flushedOffset: number) => void;
}

/**
 * The native engine, but for the moment at which a sync shows: nothing is on the medium until the test says {@link flush}. Regions
 * can be read back, and a directory can be made to fail.
 */
export class GatedLogStore implements LogStore {
  private readonly native = createNativeLogStore();
  private readonly logs = new Map<string, GatedLog>();
  private readonly regions = new Map<number, () => Uint8Array>();
  private readonly directories: GatedDirectory[] = [];
  /** Flush requests by log name. */
  readonly flushRequests: string[] = [];

  async openDirectory(path: string): Promise<LogDirectory> {
    const directory: GatedDirectory = new GatedDirectory(await this.native.openDirectory(path), (name, options, open) =>
      this.open(directory, name, options, open),
    );
    this.directories.push(directory);
    return directory;
  }

  get rebuilds(): RebuildStatistics {
    return this.native.rebuilds;
  }

  rebuildBatch(bytes: Uint8Array, options: RebuildOptions): Promise<RebuiltBatch> {
    return this.native.rebuildBatch(bytes, options);
  }

  inspectBatch(bytes: Uint8Array, into: BatchInfo): BatchStatus {
    return this.native.inspectBatch(bytes, into);
  }

  limitOpenFiles(most: number): void {
    this.native.limitOpenFiles(most);
  }

  get openFiles(): OpenFilesStatistics {
    return this.native.openFiles;
  }

  /** Everything appended so far is on the medium now, or of one log only. */
  async flush(name?: string): Promise<void> {
    for (const [known, gated] of this.logs) {
      if (name !== undefined && known !== name) continue;
      await gated.log.flush();
      if (gated.shown >= gated.log.flushedOffset) continue;
      gated.shown = gated.log.flushedOffset;
      gated.onFlushed(gated.shown);
    }
  }

  /** From now on the log of this name is not in memory. */
  makeCold(name: string, times: number): ColdLog {
    const gated = this.logs.get(name);
    if (gated === undefined) throw new Error(`no log ${name}`);
    return makeCold(gated.log, times);
  }

  /** The directories, or one of them, act as after a failed sync. */
  fail(path?: string): void {
    for (const directory of this.directories) if (path === undefined || directory.path === path) directory.fail();
  }

  /** The bytes a region stands for. */
  bytesOf({ regionId }: FileRegion): Uint8Array {
    const bytes = this.regions.get(regionId);
    if (bytes === undefined) throw new Error(`no region ${regionId}`);
    return bytes();
  }

  private async open(
    directory: GatedDirectory,
    name: string,
    options: OpenLogOptions,
    open: (options: OpenLogOptions) => Promise<SegmentedLog>,
  ): Promise<SegmentedLog> {
    const log = await open({ ...options, onFlushed: () => undefined });
    const readCopy = log.readCopy.bind(log);
    /** The bytes of a region can be read back. */
    const noted = <T extends LogRead | undefined>(read: T): T => {
      if (read !== undefined) {
        const { region, baseOffset } = read;
        this.regions.set(region.regionId, () => readCopy(baseOffset, region.sizeBytes, log.logEndOffset));
      }
      return read;
    };
    const gated: GatedLog = { log, shown: log.flushedOffset, onFlushed: options.onFlushed };
    this.logs.set(name, gated);
    const overrides: Partial<SegmentedLog> = {
      requestFlush: () => {
        this.flushRequests.push(name);
        log.requestFlush();
      },
      read: (offset, maxSizeBytes, upperOffset, minOneBatch) =>
        noted(log.read(offset, maxSizeBytes, upperOffset, minOneBatch)),
      readAtOnce: (offset, maxSizeBytes, upperOffset, minOneBatch) => {
        const read = log.readAtOnce(offset, maxSizeBytes, upperOffset, minOneBatch);
        return read !== undefined && 'loading' in read ? read : noted(read);
      },
      append: (bytes, how) => {
        if (directory.failure !== undefined) throw directory.failure;
        log.append(bytes, how);
      },
      close: async (how) => {
        if (this.logs.get(name) === gated) this.logs.delete(name);
        await log.close(how);
      },
    };
    return new Proxy(log, {
      get: (target, key) => {
        if (key === 'flushedOffset') return Math.max(gated.shown, target.logStartOffset);
        const own: unknown = Reflect.get(overrides, key);
        if (own !== undefined) return own;
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...list: unknown[]): unknown => Reflect.apply(value, target, list);
      },
    });
  }
}

type Open = (
  name: string,
  options: OpenLogOptions,
  open: (options: OpenLogOptions) => Promise<SegmentedLog>,
) => Promise<SegmentedLog>;

class GatedDirectory implements LogDirectory {
  private ownFailure: LogStoreError | undefined;
  private readonly handlers: Array<(error: LogStoreError) => void> = [];

  constructor(
    private readonly native: LogDirectory,
    private readonly gate: Open,
  ) {
    native.onFailure((error) => this.tell(error));
  }

  get path(): string {
    return this.native.path;
  }

  get failure(): LogStoreError | undefined {
    return this.ownFailure ?? this.native.failure;
  }

  get flushStatistics() {
    return this.native.flushStatistics;
  }

  openLog(name: string, options: OpenLogOptions): Promise<SegmentedLog> {
    return this.gate(name, options, (gated) => this.native.openLog(name, gated));
  }

  get checkedBytes(): number {
    return this.native.checkedBytes;
  }

  bytesToCheck(logs: Parameters<LogDirectory['bytesToCheck']>[0]): Promise<readonly number[]> {
    return this.native.bytesToCheck(logs);
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

  rename(from: string, to: string): Promise<void> {
    return this.native.rename(from, to);
  }

  copyFile(from: string, to: string, position: number, sizeBytes: number): Promise<number> {
    return this.native.copyFile(from, to, position, sizeBytes);
  }

  removeMarked(name: string): Promise<void> {
    return this.native.removeMarked(name);
  }

  onFailure(handler: (error: LogStoreError) => void): void {
    this.handlers.push(handler);
  }

  fail(error = new LogStoreError('IO', 'fdatasync', this.path, 'EIO')): void {
    if (this.failure !== undefined) return;
    this.ownFailure = error;
    this.tell(error);
  }

  close(): Promise<void> {
    return this.native.close();
  }

  private tell(error: LogStoreError): void {
    for (const handler of this.handlers) handler(error);
  }
}
