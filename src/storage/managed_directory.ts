import type { Uuid } from '../common/ids.js';
import type { LogDirectory } from '../common/ports/index.js';
import { FileSystemError, LogStoreError } from '../common/ports/index.js';
import {
  cleanerFile,
  cleanShutdownFile,
  formatCleanShutdown,
  formatOffsets,
  highWatermarkFile,
  logStartOffsetFile,
  recoveryPointFile,
} from './checkpoints.js';
import type { DiskSpace } from './disk_space.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import { readOffsets } from './offset_files.js';

/** What the checkpoints of a log directory said of its logs when it was opened, by `topic-partition`. */
export interface DirectoryCheckpoints {
  readonly cleanShutdown: boolean;
  readonly recoveryPoints: Map<string, number>;
  /** There was no file that tells recovery points, or none that can be read. */
  readonly recoveryPointsLost: boolean;
  readonly logStartOffsets: Map<string, number>;
  readonly cleanedOffsets: Map<string, number>;
  readonly highWatermarks: Map<string, number>;
}

/**
 * One directory of `log.dirs`: in use, failed while in use, or unusable from the start. Once it has failed nothing is read from
 * it or written to it until the broker is restarted.
 */
export class ManagedDirectory {
  private readonly written = new Map<string, string>();
  /** Room on its file system; undefined: nobody looks. */
  space: DiskSpace | undefined;
  /** Partition directories that were there at the start. */
  readonly found = new Set<string>();
  /** A log of it could not be closed: the stop is no clean one. */
  dirty = false;

  private constructor(
    readonly path: string,
    /** Of `meta.properties`; undefined where that could not be read. */
    readonly directoryId: Uuid | undefined,
    private readonly opened: LogDirectory | undefined,
    private readonly startFailure: LogStoreError | undefined,
    private readonly ports: LogManagerPorts,
    readonly checkpoints: DirectoryCheckpoints,
  ) {}

  /** Its lock is taken and it has its identity. Its clean-shutdown marker is removed. @throws FileSystemError */
  static async open(ports: LogManagerPorts, directory: LogDirectory, directoryId: Uuid): Promise<ManagedDirectory> {
    const { files } = ports;
    const { path } = directory;
    const marker = `${path}/${cleanShutdownFile}`;
    const cleanShutdown = (await files.readFile(marker)) !== undefined;
    // First thing, and on the medium: a crash while loading must not look like a clean stop (KAFKA-10471). The sync is also for names
    // that a broker that was killed has left to the page cache.
    if (cleanShutdown) await files.remove(marker);
    await files.syncDirectory(path);
    const recoveryPoints = await readOffsets(ports, path, recoveryPointFile);
    return new ManagedDirectory(path, directoryId, directory, undefined, ports, {
      cleanShutdown,
      recoveryPoints: recoveryPoints ?? new Map<string, number>(),
      recoveryPointsLost: recoveryPoints === undefined,
      logStartOffsets: (await readOffsets(ports, path, logStartOffsetFile)) ?? new Map<string, number>(),
      cleanedOffsets: (await readOffsets(ports, path, cleanerFile)) ?? new Map<string, number>(),
      highWatermarks: (await readOffsets(ports, path, highWatermarkFile)) ?? new Map<string, number>(),
    });
  }

  /** Cannot be used: its partitions are offline until the broker is restarted on a directory that is good again. */
  static unusable(ports: LogManagerPorts, path: string, failure: LogStoreError): ManagedDirectory {
    return new ManagedDirectory(path, undefined, undefined, failure, ports, {
      cleanShutdown: false,
      recoveryPoints: new Map(),
      recoveryPointsLost: true,
      logStartOffsets: new Map(),
      cleanedOffsets: new Map(),
      highWatermarks: new Map(),
    });
  }

  get failure(): LogStoreError | undefined {
    return this.startFailure ?? this.opened?.failure;
  }

  get online(): boolean {
    return this.failure === undefined;
  }

  /** Undefined when it could not be opened. */
  get directory(): LogDirectory | undefined {
    return this.opened;
  }

  /** @throws LogStoreError of the failure */
  usable(operation: string): LogDirectory {
    if (this.opened === undefined || this.failure !== undefined)
      throw new LogStoreError('IO', operation, this.path, this.failure?.code ?? '', 'the log directory is offline');
    return this.opened;
  }

  /** A file of the directory could not be written or synced: as after a failed append, unless only room was missing. */
  failed(error: unknown): void {
    const failure = storageFailure(error);
    if (failure !== undefined) this.opened?.fail(failure);
  }

  /** What must be in the directory is not, whatever the reason: only a restart puts it right. */
  giveUp(operation: string, error: unknown): void {
    const { path } = this;
    const code = error instanceof LogStoreError || error instanceof FileSystemError ? error.code : '';
    this.opened?.fail(new LogStoreError('IO', operation, path, code, error instanceof Error ? error.message : ''));
  }

  /** Writes a small file when its content is new; an idle broker writes nothing. A failure takes the directory offline. */
  async writeIfNew(name: string, bytes: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    if (this.written.get(name) === text) return;
    try {
      await this.ports.files.writeFileAtomic(`${this.path}/${name}`, bytes, { sync: true });
    } catch (error) {
      this.failed(error);
      throw error;
    }
    this.written.set(name, text);
  }

  /**
   * As long as no log is in it, that of none was lost. Without the file the next start would not know, and take a gap that a crash leaves in
   * the first compacted log for one that cleaning left.
   */
  async beginRecoveryPoints(): Promise<void> {
    if (!this.checkpoints.recoveryPointsLost || this.found.size > 0) return;
    try {
      await this.writeIfNew(recoveryPointFile, formatOffsets(new Map()));
    } catch (error) {
      this.ports.logger.warn(`${this.path}/${recoveryPointFile} could not be written`, { error });
    }
  }

  /** Names in the directory of a log reach the medium. False: it has another name by now. A failure takes this one offline. */
  async syncLog(name: string): Promise<boolean> {
    try {
      await this.ports.files.syncDirectory(`${this.path}/${name}`);
      return true;
    } catch (error) {
      if (error instanceof FileSystemError && error.code === 'ENOENT') return false;
      this.failed(error);
      throw error;
    }
  }

  /**
   * A log with this name is gone, or was never here: what the checkpoints said of it is about another one. Whether they said anything.
   */
  forget(name: string): boolean {
    this.found.delete(name);
    const { recoveryPoints, logStartOffsets, cleanedOffsets, highWatermarks } = this.checkpoints;
    const maps = [recoveryPoints, logStartOffsets, cleanedOffsets, highWatermarks];
    return maps.map((offsets) => offsets.delete(name)).includes(true);
  }

  /** The stop was orderly and everything is on the medium. @throws FileSystemError */
  async markClean(): Promise<void> {
    await this.ports.files.writeFileAtomic(`${this.path}/${cleanShutdownFile}`, formatCleanShutdown(-1), {
      sync: true,
    });
  }

  /** Gives up the lock. */
  async close(): Promise<void> {
    this.space?.close();
    await this.opened?.close();
  }
}

/** Undefined when the disk is only full: that passes. */
function storageFailure(error: unknown): LogStoreError | undefined {
  if (error instanceof LogStoreError) return error.kind === 'IO' ? error : undefined;
  if (!(error instanceof FileSystemError)) return undefined;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return undefined;
  return new LogStoreError('IO', error.operation, error.path, error.code);
}
