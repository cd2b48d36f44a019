import type {
  BatchInfo,
  BatchStatus,
  LogDirectory,
  LogStore,
  OpenFilesStatistics,
  OpenLogOptions,
  RebuildOptions,
  RebuildStatistics,
  RebuiltBatch,
} from '../../src/common/ports/index.js';
import { LogStoreError } from '../../src/common/ports/index.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';

/** The native engine, but logs that a start finds wait to be loaded until the test lets them: recovery that takes its time. */
export class HeldLogStore implements LogStore {
  private readonly native = createNativeLogStore();
  private readonly waiting = new Map<string, { go(): void; cancel(): void }>();
  private open = false;

  /** Names of logs that wait. */
  get held(): string[] {
    return [...this.waiting.keys()].sort();
  }

  /** One log, or all of them and those that come. */
  release(name?: string): void {
    if (name === undefined) this.open = true;
    for (const [known, { go }] of this.waiting) if (name === undefined || known === name) go();
  }

  inspectBatch(bytes: Uint8Array, into: BatchInfo): BatchStatus {
    return this.native.inspectBatch(bytes, into);
  }

  get rebuilds(): RebuildStatistics {
    return this.native.rebuilds;
  }

  rebuildBatch(bytes: Uint8Array, options: RebuildOptions): Promise<RebuiltBatch> {
    return this.native.rebuildBatch(bytes, options);
  }

  limitOpenFiles(most: number): void {
    this.native.limitOpenFiles(most);
  }

  get openFiles(): OpenFilesStatistics {
    return this.native.openFiles;
  }

  async openDirectory(path: string): Promise<LogDirectory> {
    const directory = await this.native.openDirectory(path);
    const openLog = directory.openLog.bind(directory);
    const cancelLoading = directory.cancelLoading.bind(directory);
    directory.openLog = async (name: string, options: OpenLogOptions) => {
      if (options.loads === true && !this.open) await this.wait(name);
      return openLog(name, options);
    };
    const cancelLoad = directory.cancelLoad.bind(directory);
    directory.cancelLoad = (name: string) => {
      cancelLoad(name);
      this.waiting.get(name)?.cancel();
    };
    directory.cancelLoading = () => {
      cancelLoading();
      for (const { cancel } of this.waiting.values()) cancel();
    };
    return directory;
  }

  private wait(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        this.waiting.delete(name);
        settle();
      };
      const cancelled = new LogStoreError('CLOSED', 'open', name, '', 'the broker is stopping');
      this.waiting.set(name, { go: end(resolve), cancel: end(() => reject(cancelled)) });
    });
  }
}
