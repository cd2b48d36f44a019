import type { TimerHandle } from '../common/ports/index.js';
import { cleanerFile, formatOffsets, highWatermarkFile, logStartOffsetFile, recoveryPointFile } from './checkpoints.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { ManagedDirectory } from './managed_directory.js';
import type { PartitionLog } from './partition_log.js';

/** Enough for the flush that a roll asks for; rolls of many logs share a checkpoint. */
const afterRollMs = 1_000;

/** What is checkpointed. */
export interface CheckpointSources {
  directories(): Iterable<ManagedDirectory>;
  logs(): Iterable<PartitionLog>;
  /** Logs that are to be opened, are being opened, or could not be: what the files say of them stays as it is. */
  readonly unopened: ReadonlySet<string>;
}

/**
 * The checkpoint files of the log directories. One writer at a time, so that an older state never replaces a later one; what did not
 * change is not written again.
 */
export class CheckpointWriter {
  private readonly written = new Map<string, string>();
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
    return this.inTurn(() => this.writeOffsets(this.raisedStarts()));
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
    this.inTurn(() => this.writeCommitted()).catch((error: unknown) =>
      this.ports.logger.warn(`${highWatermarkFile} could not be written`, { error }),
    );
  }

  /** Up to where each log of a directory was cleaned. An old one costs a round of cleaning, nothing else. */
  writeCleaned(path: string): Promise<void> {
    const write = async () => {
      for (const managed of this.sources.directories()) {
        if (managed.path !== path) continue;
        const cleaned = this.logsOf(managed).flatMap(({ name, cleanedOffset }) =>
          cleanedOffset === undefined ? [] : [[name, cleanedOffset] as const],
        );
        await this.writeIfNew(`${path}/${cleanerFile}`, [...this.unopenedOf(managed.cleanedOffsets), ...cleaned]);
      }
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

  /** Log start offsets that the files alone would not tell: inside the first segment, after DeleteRecords. */
  raisedStarts(): ReadonlyMap<string, number> {
    const raised = [...this.sources.logs()].filter((log) => log.log.logStartOffset > log.log.firstBaseOffset);
    return new Map(raised.map((log) => [log.name, log.log.logStartOffset]));
  }

  /** After the logs were closed: `raised` is from before. @throws FileSystemError */
  async writeLast(raised: ReadonlyMap<string, number>): Promise<void> {
    await this.writeOffsets(raised);
    await this.writeCommitted();
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.last.then(write);
    this.last = written.catch(() => undefined);
    return written;
  }

  private logsOf({ path }: ManagedDirectory): PartitionLog[] {
    return [...this.sources.logs()].filter((log) => log.directoryPath === path);
  }

  private async writeOffsets(raised: ReadonlyMap<string, number>): Promise<void> {
    for (const managed of this.sources.directories()) {
      const { path, directory, recoveryPoints, logStartOffsets } = managed;
      if (directory.failure !== undefined) continue;
      const here = this.logsOf(managed);
      const points = here.map((log) => [log.name, log.log.flushedOffset] as const);
      const starts = here.flatMap(({ name }) => (raised.has(name) ? [[name, raised.get(name) ?? 0] as const] : []));
      await this.writeIfNew(`${path}/${recoveryPointFile}`, [...this.unopenedOf(recoveryPoints), ...points]);
      await this.writeIfNew(`${path}/${logStartOffsetFile}`, [...this.unopenedOf(logStartOffsets), ...starts]);
    }
  }

  private async writeCommitted(): Promise<void> {
    for (const managed of this.sources.directories()) {
      if (managed.directory.failure !== undefined) continue;
      const offsets = this.logsOf(managed).map((log) => [log.name, log.committedOffset()] as const);
      const kept = this.unopenedOf(managed.highWatermarks);
      await this.writeIfNew(`${managed.path}/${highWatermarkFile}`, [...kept, ...offsets]);
    }
  }

  /** What a file said of logs that are not open. */
  private *unopenedOf(offsets: ReadonlyMap<string, number>): IterableIterator<readonly [string, number]> {
    if (this.sources.unopened.size === 0) return;
    for (const entry of offsets) if (this.sources.unopened.has(entry[0])) yield entry;
  }

  /** An idle broker writes nothing. */
  private async writeIfNew(path: string, offsets: ReadonlyArray<readonly [string, number]>): Promise<void> {
    const bytes = formatOffsets(new Map(offsets));
    const text = new TextDecoder().decode(bytes);
    if (this.written.get(path) === text) return;
    await this.ports.files.writeFileAtomic(path, bytes, { sync: true });
    this.written.set(path, text);
  }
}
