import type { TimerHandle } from '../common/ports/index.js';
import { cleanerFile, formatOffsets, highWatermarkFile, logStartOffsetFile, recoveryPointFile } from './checkpoints.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { ManagedDirectory } from './managed_directory.js';
import type { PartitionLog } from './partition_log.js';

/** Enough for the flush that a roll asks for; rolls of many logs share a checkpoint. */
const afterRollMs = 1_000;

/** A log and the name it has, or will have, in its directory. */
export interface CheckpointedLog {
  readonly name: string;
  readonly log: PartitionLog;
}

/** What is checkpointed. */
export interface CheckpointSources {
  readonly directories: readonly ManagedDirectory[];
  logs(): Iterable<CheckpointedLog>;
  /** Logs that are to be opened, are being opened, or could not be: what the files say of them stays as it is. */
  readonly unopened: ReadonlySet<string>;
}

/** Log start offsets that the files alone would not tell: inside the first segment, after DeleteRecords. */
export type RaisedStarts = ReadonlyMap<PartitionLog, number>;

/**
 * The checkpoint files of the log directories. One writer at a time, so that an older state never replaces a later one; what did not
 * change is not written again.
 */
export class CheckpointWriter {
  /** Recovery points of open logs that are on the medium. */
  private readonly points = new WeakMap<PartitionLog, number>();
  /** Log start offsets that the file on the medium may have of open logs. */
  private readonly starts = new WeakMap<PartitionLog, number>();
  /** Logs deleted since all files were last written: those may still speak of them. By name, how many were deleted up to it. */
  private readonly deleted = new Map<string, number>();
  private deletions = 0;
  private last: Promise<unknown> = Promise.resolve();
  private lastCleaner: Promise<void> = Promise.resolve();
  private planned: TimerHandle | undefined;
  private closed = false;

  constructor(
    private readonly ports: LogManagerPorts,
    private readonly sources: CheckpointSources,
  ) {}

  /** Recovery points and log start offsets, as they are when its turn comes. What is flushed need not be verified after a crash. */
  write(): Promise<void> {
    return this.inTurn(() => this.writeAll());
  }

  private async writeAll(): Promise<void> {
    const { deletions } = this;
    await this.inAll((managed) => this.writeOffsets(managed, this.raisedStarts()));
    for (const [name, count] of this.deleted) if (count <= deletions) this.deleted.delete(name);
  }

  /** The log of this name is none of {@link CheckpointSources.logs} any more. */
  logDeleted(name: string): void {
    this.deletions += 1;
    this.deleted.set(name, this.deletions);
  }

  /** What the files say may be of a deleted log of this name. */
  maySpeakOf(name: string): boolean {
    return this.deleted.has(name);
  }

  /** Returns when the recovery point of `log` on the medium is at `offset` or above it; so much is flushed. @throws FileSystemError */
  async cover(log: PartitionLog, offset: number): Promise<void> {
    const covered = () => (this.points.get(log) ?? -1) >= offset;
    if (covered()) return;
    await this.write().catch((error: unknown) => {
      // Another directory's failure is not this log's.
      if (!covered()) throw error;
    });
  }

  /**
   * A log that is being opened ends at `offset`, below what its recovery point in `managed` was: nothing may be appended before that is
   * lowered on the medium, or the next start takes what is appended for what was synced. @throws FileSystemError
   */
  lower(managed: ManagedDirectory, name: string, offset: number): Promise<void> {
    managed.checkpoints.recoveryPoints.set(name, offset);
    return this.inTurn(() =>
      this.inAll((one) => (one === managed ? this.writeOffsets(one, this.raisedStarts()) : Promise.resolve())),
    );
  }

  writeInBackground(): void {
    this.write().catch((error: unknown) =>
      this.ports.logger.warn('checkpoints could not be written; recovery will take longer', { error }),
    );
  }

  /** A segment was sealed: soon it is on the medium, and a crash from then on need not check it. */
  writeSoon(): void {
    if (this.planned !== undefined || this.closed) return;
    this.planned = this.ports.timers.after(afterRollMs, () => {
      this.planned = undefined;
      this.writeInBackground();
    });
  }

  /** Up to where records are committed, for a Kafka that takes the directory over. */
  writeHighWatermarks(): void {
    this.inTurn(() => this.inAll((managed) => this.writeCommitted(managed))).catch((error: unknown) =>
      this.ports.logger.warn(`${highWatermarkFile} could not be written`, { error }),
    );
  }

  /** Up to where each log of a directory was cleaned. An old one costs a round of cleaning, nothing else. */
  writeCleaned(path: string): Promise<void> {
    const write = async () => {
      const managed = this.sources.directories.find((one) => one.path === path);
      if (managed?.online !== true) return;
      const cleaned = this.logsOf(managed).flatMap(({ name, log: { cleanedOffset } }) =>
        cleanedOffset === undefined ? [] : [[name, cleanedOffset] as const],
      );
      await this.writeIfNew(managed, cleanerFile, managed.checkpoints.cleanedOffsets, cleaned);
    };
    this.lastCleaner = this.lastCleaner.then(write).catch((error: unknown) => {
      this.ports.logger.warn(`${path}/${cleanerFile} could not be written; logs are cleaned again after a restart`, {
        error,
      });
    });
    return this.lastCleaner;
  }

  /** No more of its own accord. Resolves when what was begun is written. */
  async close(): Promise<void> {
    this.closed = true;
    this.planned?.cancel();
    await this.last;
  }

  raisedStarts(): RaisedStarts {
    const raised = [...this.sources.logs()].filter(({ log }) => log.log.logStartOffset > log.log.firstBaseOffset);
    return new Map(raised.map(({ log }) => [log, log.log.logStartOffset]));
  }

  /** After the logs were closed: `raised` is from before. A directory in which it fails is not stopped cleanly. */
  async writeLast(raised: RaisedStarts): Promise<void> {
    await this.inEach(
      async (managed) => {
        await this.writeOffsets(managed, raised);
        await this.writeCommitted(managed);
      },
      (managed, error) => {
        managed.dirty = true;
        this.ports.logger.warn(
          'the clean stop could not be noted; the next start verifies logs from their recovery points',
          { error },
        );
      },
    );
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.last.then(write);
    this.last = written.catch(() => undefined);
    return written;
  }

  private async inAll(write: (managed: ManagedDirectory) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    await this.inEach(write, (_managed, error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** One disk that fails, or is full, leaves the others theirs. */
  private async inEach(
    write: (managed: ManagedDirectory) => Promise<void>,
    failed: (managed: ManagedDirectory, error: unknown) => void,
  ): Promise<void> {
    for (const managed of this.sources.directories) {
      if (!managed.online) continue;
      try {
        await write(managed);
      } catch (error) {
        failed(managed, error);
      }
    }
  }

  private logsOf({ path }: ManagedDirectory): CheckpointedLog[] {
    return [...this.sources.logs()].filter(({ log }) => log.directoryPath === path);
  }

  private async writeOffsets(managed: ManagedDirectory, raised: RaisedStarts): Promise<void> {
    const { recoveryPoints, logStartOffsets } = managed.checkpoints;
    const here = this.logsOf(managed);
    const flushed = here.map(({ name, log }) => ({ name, log, offset: log.log.flushedOffset }));
    const points = flushed.map(({ name, offset }) => [name, offset] as const);
    const starts = here.flatMap(({ name, log }) => (raised.has(log) ? [[name, raised.get(log) ?? 0] as const] : []));
    await this.writeIfNew(managed, recoveryPointFile, recoveryPoints, points);
    for (const { log, offset } of flushed) this.points.set(log, offset);
    const settled = await this.settledStarts(managed, here, new Map(starts));
    await this.writeIfNew(managed, logStartOffsetFile, logStartOffsets, settled);
  }

  /**
   * Where the first segment tells the start, the file need not. But the names of segments that were deleted before it may come back with
   * the power as long as the log's directory is not synced, and deleted records with them.
   */
  private async settledStarts(
    managed: ManagedDirectory,
    here: readonly CheckpointedLog[],
    raised: ReadonlyMap<string, number>,
  ): Promise<Array<readonly [string, number]>> {
    const starts: Array<readonly [string, number]> = [];
    for (const { name, log } of here) {
      const said = this.starts.get(log) ?? managed.checkpoints.logStartOffsets.get(name) ?? 0;
      const start = raised.get(name) ?? (said > 0 && !(await managed.syncLog(log.name)) ? said : 0);
      this.starts.set(log, start);
      if (start > 0) starts.push([name, start]);
    }
    return starts;
  }

  private async writeCommitted(managed: ManagedDirectory): Promise<void> {
    const offsets = this.logsOf(managed).map(({ name, log }) => [name, log.committedOffset()] as const);
    await this.writeIfNew(managed, highWatermarkFile, managed.checkpoints.highWatermarks, offsets);
  }

  /** What the file said at the start (`before`) of logs that are not open is kept. */
  private writeIfNew(
    managed: ManagedDirectory,
    file: string,
    before: ReadonlyMap<string, number>,
    offsets: ReadonlyArray<readonly [string, number]>,
  ): Promise<void> {
    const kept = [...before].filter(([name]) => this.sources.unopened.has(name));
    return managed.writeIfNew(file, formatOffsets(new Map([...kept, ...offsets])));
  }
}
