import type {
  AppendFile,
  BatchInfo,
  BatchStatus,
  FileSystem,
  LogDirectory,
  LogStore,
  OpenLogOptions,
  SegmentedLog,
} from '../../src/common/ports/index.js';
import { FileSystemError, LogStoreError } from '../../src/common/ports/index.js';
import { NodeFileSystem } from '../../src/env/index.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';

/** `crash`: the process is gone at the call, half of what it was to write may be there. A code: the call fails once with it. */
export type Breakage = 'crash' | 'EIO' | 'ENOSPC';

const forever = new Promise<never>(() => {});

/**
 * Files and logs on the real disk that break at one call of those that change it, counted from {@link arm} on. After a crash no call
 * does anything or returns; {@link kill} gives up the locks, as the kernel does for a process that died.
 */
export class BreakingPorts {
  calls = 0;
  dead = false;
  /** Called before each call that is counted and not of this turn alone. */
  onStep: () => void = () => {};
  /** The call that broke. */
  broken: string | undefined;
  private at = -1;
  private which: RegExp | undefined;
  private how: Breakage = 'crash';
  private readonly node = new NodeFileSystem();
  private readonly native = createNativeLogStore();
  private readonly directories: LogDirectory[] = [];
  private readonly appendFiles: AppendFile[] = [];

  /** The `at`-th call from now on breaks, counted from 1. */
  arm(how: Breakage, at: number): void {
    this.how = how;
    this.calls = 0;
    this.at = at;
  }

  /** The first call from now on that is named so breaks. */
  armAt(how: Breakage, which: RegExp): void {
    this.arm(how, 0);
    this.which = which;
  }

  disarm(): void {
    this.at = -1;
    this.which = undefined;
  }

  async kill(): Promise<void> {
    this.dead = true;
    for (const directory of this.directories) await directory.close();
    for (const file of this.appendFiles.splice(0)) await file.close();
  }

  /** True when this is the call that breaks. */
  private strikes(operation: string): boolean {
    this.calls += 1;
    if (this.calls !== this.at && this.which?.test(operation) !== true) return false;
    this.broken = operation;
    this.which = undefined;
    if (this.how === 'crash') this.dead = true;
    return true;
  }

  /** `half` is what a crash in the middle may leave. */
  private async step<T>(
    operation: string,
    run: () => Promise<T>,
    failure: (code: string) => Error,
    half?: () => Promise<unknown>,
  ): Promise<T> {
    if (this.dead) return forever;
    this.onStep();
    if (this.dead) return forever;
    if (!this.strikes(operation)) {
      const result = await run();
      return this.dead ? forever : result;
    }
    await half?.();
    if (this.how === 'crash') return forever;
    throw failure(this.how);
  }

  private stepNow<T>(operation: string, run: () => T, failure: (code: string) => Error): T {
    const gone = new LogStoreError('CLOSED', operation, '', '', 'the process is gone');
    if (this.dead) throw gone;
    if (!this.strikes(operation)) return run();
    throw this.how === 'crash' ? gone : failure(this.how);
  }

  readonly files: FileSystem = {
    readFile: (path) => (this.dead ? forever : this.node.readFile(path)),
    listDirectory: (path) => (this.dead ? forever : this.node.listDirectory(path)),
    diskSpace: (path) => this.node.diskSpace(path),
    makeTemporaryDirectory: (prefix) => this.node.makeTemporaryDirectory(prefix),
    writeFileAtomic: (path, bytes, options) =>
      this.file(
        'write',
        path,
        () => this.node.writeFileAtomic(path, bytes, options),
        () => this.node.writeFileAtomic(`${path}.tmp`, bytes.subarray(0, bytes.length / 2), { sync: false }),
      ),
    makeDirectory: (path) => this.file('mkdir', path, () => this.node.makeDirectory(path)),
    rename: (from, to) => this.file('rename', from, () => this.node.rename(from, to)),
    remove: (path) => this.file('remove', path, () => this.node.remove(path)),
    syncDirectory: (path) => this.file('sync', path, () => this.node.syncDirectory(path)),
    openAppendFile: async (path) => this.appendFile(path, await this.node.openAppendFile(path)),
  };

  private file<T>(operation: string, path: string, run: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    return this.step(`${operation} ${path}`, run, (code) => new FileSystemError(operation, path, code), half);
  }

  private appendFile(path: string, file: AppendFile): AppendFile {
    this.appendFiles.push(file);
    const step = <T>(operation: string, run: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> =>
      this.file(operation, path, run, half);
    return {
      get sizeBytes() {
        return file.sizeBytes;
      },
      append: (bytes) =>
        step(
          'append',
          () => file.append(bytes),
          () => file.append(bytes.subarray(0, bytes.length / 2)),
        ),
      sync: () => step('sync', () => file.sync()),
      truncate: (sizeBytes) => step('truncate', () => file.truncate(sizeBytes)),
      close: () => {
        if (this.dead) return forever;
        this.appendFiles.splice(this.appendFiles.indexOf(file), 1);
        return file.close();
      },
    };
  }

  readonly store: LogStore = {
    openDirectory: async (path) => this.directory(await this.native.openDirectory(path)),
    inspectBatch: (bytes: Uint8Array, into: BatchInfo): BatchStatus => this.native.inspectBatch(bytes, into),
    rebuilds: this.native.rebuilds,
    rebuildBatch: (bytes, options) => this.native.rebuildBatch(bytes, options),
    limitOpenFiles: (most) => this.native.limitOpenFiles(most),
    openFiles: this.native.openFiles,
  };

  private directory(raw: LogDirectory): LogDirectory {
    this.directories.push(raw);
    const failure = (operation: string, path: string) => (code: string) => this.failureIn(raw, operation, path, code);
    const step = <T>(operation: string, path: string, run: () => Promise<T>, half?: () => Promise<unknown>) =>
      this.step(`${operation} ${path}`, run, failure(operation, path), half);
    return {
      get path() {
        return raw.path;
      },
      get failure() {
        return raw.failure;
      },
      get flushStatistics() {
        return raw.flushStatistics;
      },
      get checkedBytes() {
        return raw.checkedBytes;
      },
      bytesToCheck: (logs) => (this.dead ? forever : raw.bytesToCheck(logs)),
      setLoadingThreads: (count) => raw.setLoadingThreads(count),
      cancelLoading: () => raw.cancelLoading(),
      cancelLoad: (name) => raw.cancelLoad(name),
      openLog: (name: string, options: OpenLogOptions) =>
        step('open', `${raw.path}/${name}`, async () => this.log(raw, await raw.openLog(name, options))),
      rename: (from, to) => step('rename', `${raw.path}/${from}`, () => raw.rename(from, to)),
      removeMarked: (name) => step('remove', `${raw.path}/${name}`, () => raw.removeMarked(name)),
      copyFile: (from, to, position, sizeBytes) =>
        step(
          'copy',
          `${raw.path}/${to}`,
          () => raw.copyFile(from, to, position, sizeBytes),
          () => raw.copyFile(from, to, position, Math.max(0, Math.floor(sizeBytes / 2))),
        ),
      fail: (error) => raw.fail(error),
      onFailure: (handler) =>
        raw.onFailure((error) => {
          if (!this.dead) handler(error);
        }),
      close: () => (this.dead ? forever : raw.close()),
    };
  }

  /** What the engine does with an error of the disk: all but a full one takes the directory offline. */
  private failureIn(raw: LogDirectory, operation: string, path: string, code: string): LogStoreError {
    const error = new LogStoreError(code === 'ENOSPC' ? 'NO_SPACE' : 'IO', operation, path, code);
    if (error.kind === 'IO') raw.fail(error);
    return error;
  }

  private log(raw: LogDirectory, log: SegmentedLog): SegmentedLog {
    const now = <T>(operation: string, run: () => T): T =>
      this.stepNow(`${operation} ${raw.path}/${log.name}`, run, (code) =>
        this.failureIn(raw, operation, `${raw.path}/${log.name}`, code),
      );
    const overrides: Partial<SegmentedLog> = {
      append: (bytes, options) => now('append', () => log.append(bytes, options)),
      rename: (name) => now('rename', () => log.rename(name)),
      roll: () => now('roll', () => log.roll()),
      flush: () =>
        this.step(
          `flush ${log.name}`,
          () => log.flush(),
          (code) => this.failureIn(raw, 'flush', log.name, code),
        ),
      close: (options) => (this.dead ? forever : log.close(options)),
    };
    return new Proxy(log, {
      get: (target, key) => {
        const own: unknown = Reflect.get(overrides, key);
        if (own !== undefined) return own;
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...list: unknown[]): unknown => Reflect.apply(value, target, list);
      },
    });
  }
}
