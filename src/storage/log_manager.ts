import { topicPartitionName, type Uuid } from '../common/ids.js';
import type {
  FlushStatistics,
  LogDirectory,
  OpenFilesStatistics,
  RebuildStatistics,
  TimerHandle,
  Timers,
} from '../common/ports/index.js';
import { isNoSpace, type LogStoreError } from '../common/ports/index.js';
import { type CheckpointedLog, CheckpointWriter } from './checkpoint_writer.js';
import { type DiskLimits, DiskSpace } from './disk_space.js';
import { LoadProgress } from './load_progress.js';
import { type CleanerSettings, LogCleaner } from './log_cleaner.js';
import type { LogConfig } from './log_config.js';
import { openDirectories } from './log_directories.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import { LogMoves } from './log_moves.js';
import { inParallel, LogOpener } from './log_opener.js';
import { LogPlaces } from './log_places.js';
import type { ManagedDirectory } from './managed_directory.js';
import { type LogOwners, suffixedName } from './partition_directories.js';
import type { PartitionLog } from './partition_log.js';
import type { MoverSettings } from './replica_mover.js';
import { deleteDelayMs, Retention } from './retention_task.js';

export interface LogManagerSettings {
  readonly directories: readonly string[];
  readonly clusterId: string | undefined;
  readonly nodeId: number;
  readonly retentionCheckIntervalMs: number;
  readonly checkpointIntervalMs: number;
  /** `replica.high.watermark.checkpoint.interval.ms`, 5000 by default */
  readonly highWatermarkCheckpointIntervalMs?: number;
  /** `num.recovery.threads.per.data.dir`, 2 by default */
  readonly recoveryThreads?: number;
  readonly producerExpirationMs: number;
  readonly producerExpirationCheckMs: number;
  /** Undefined: compacted topics are not cleaned (`log.cleaner.enable`). */
  readonly cleaner: (() => CleanerSettings) | undefined;
  /** Left out: moves between log directories are not held back. */
  readonly mover?: () => MoverSettings;
  /** Left out: nobody looks how much room there is, and only failed writes tell. */
  readonly disk?: () => DiskLimits;
}

const unhurried: MoverSettings = { maxBytesPerSecond: Number.POSITIVE_INFINITY, threads: undefined };

/**
 * The logs of this broker in its log directories: opening, placing, moving, deleting, checkpoints, retention. Directories are locked,
 * and belong to one cluster and node (`meta.properties`).
 */
export class LogManager {
  private readonly logs = new Map<string, PartitionLog>();
  private readonly flushListeners = new Map<string, (flushedOffset: number) => void>();
  private readonly timers = new Set<TimerHandle>();
  private readonly failureHandlers: Array<(path: string, error: LogStoreError) => void> = [];
  private readonly places: LogPlaces;
  private readonly checkpoints: CheckpointWriter;
  private closed = false;
  private readonly opener: LogOpener;
  readonly loading: LoadProgress;
  /** Of logs to other directories. */
  readonly moves: LogMoves;
  /** Undefined when `log.cleaner.enable` is false. */
  readonly cleaner: LogCleaner | undefined;
  private readonly retention: Retention;

  private constructor(
    private readonly ports: LogManagerPorts,
    private readonly settings: LogManagerSettings,
    private readonly directories: readonly ManagedDirectory[],
    readonly clusterId: string,
  ) {
    this.places = new LogPlaces(ports, directories);
    this.loading = new LoadProgress(ports, () => this.opened);
    this.opener = new LogOpener(ports, {
      directories,
      places: this.places,
      logs: this.logs,
      loading: this.loading,
      opened: (name, log, onFlushed) => this.logOpened(name, log, onFlushed),
      checkpoint: () => this.checkpoint(),
      maySpeakOf: (name) => this.checkpoints.maySpeakOf(name),
      lowerRecoveryPoint: (managed, name, offset) => this.checkpoints.lower(managed, name, offset),
    });
    const { unopened } = this.opener;
    this.checkpoints = new CheckpointWriter(ports, { directories, logs: () => this.checkpointed(), unopened });
    this.moves = new LogMoves(ports, settings.mover ?? (() => unhurried), {
      directories,
      places: this.places,
      logs: this.logs,
      flushed: (name, offset) => this.flushListeners.get(name)?.(offset),
      release: async (log) => this.cleaner?.release(log),
      remove: (log, managed) => this.remove(log, managed),
      checkpoint: () => this.checkpoints.write(),
      cleanedElsewhere: (path) => this.checkpoints.writeCleaned(path),
      moved: () => this.cleaner?.wake(),
    });
    this.retention = new Retention(ports, {
      isUsable: (log) => this.logs.get(partitionName(log)) === log && this.mayDropSegments(log),
      later: (delayMs, run) => this.schedule(ports.timers, delayMs, run),
    });
    for (const managed of directories) managed.directory?.onFailure((error) => this.directoryFailed(managed, error));
    if (settings.cleaner === undefined) return;
    this.cleaner = new LogCleaner(ports, settings.cleaner, {
      logs: () => [...this.logs.values()].filter((log) => this.mayDropSegments(log)),
      hasRoom: (log, sizeBytes) => log.space?.roomFor(sizeBytes) ?? true,
      begins: (log, endOffset) => this.checkpoints.cover(log, endOffset),
      cleaned: async (log) => {
        this.retention.unlinkLater(log);
        await this.checkpoints.writeCleaned(log.directoryPath);
      },
    });
  }

  /** Work on threads is under way. */
  get busy(): boolean {
    return this.moves.busy || this.ports.store.rebuilds.underWay > 0 || (this.cleaner?.busy ?? false);
  }

  /** @throws StorageStartError with one sentence and the remedy */
  static async open(ports: LogManagerPorts, settings: LogManagerSettings): Promise<LogManager> {
    const { all, clusterId } = await openDirectories(ports, settings);
    const manager = new LogManager(ports, settings, all, clusterId);
    for (const managed of all) await manager.begin(managed);
    manager.startTimers();
    return manager;
  }

  private async begin(managed: ManagedDirectory): Promise<void> {
    const { path, directory, checkpoints } = managed;
    if (directory === undefined) return;
    directory.setLoadingThreads(this.settings.recoveryThreads ?? 2);
    managed.space = await DiskSpace.watch(this.ports, path, this.settings.disk, () =>
      this.retention.makeRoom([...this.logs.values()].filter((log) => log.directoryPath === path)),
    );
    if (!checkpoints.cleanShutdown && checkpoints.recoveryPoints.size > 0)
      this.ports.logger.info(`${path} was not closed in an orderly way: logs are verified from their recovery points`);
  }

  private managed(path: string): ManagedDirectory | undefined {
    return this.directories.find((managed) => managed.path === path);
  }

  /** Files of a log that is being copied stay as they are. */
  private mayDropSegments(log: PartitionLog): boolean {
    return this.failure(log.directoryPath) === undefined && !this.moves.isMoving(partitionName(log));
  }

  /** By log directory; what is not watched is left out. */
  get diskSpaces(): readonly DiskSpace[] {
    return this.directories.flatMap(({ space }) => space ?? []);
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.logs.get(topicPartitionName(topic, partition));
  }

  all(): IterableIterator<PartitionLog> {
    return this.logs.values();
  }

  get paths(): readonly string[] {
    return this.directories.map(({ path }) => path);
  }

  get allOnline(): boolean {
    return this.directories.every(({ online }) => online);
  }

  failure(path: string): LogStoreError | undefined {
    return this.managed(path)?.failure;
  }

  onDirectoryFailure(handler: (path: string, error: LogStoreError) => void): void {
    this.failureHandlers.push(handler);
  }

  get openFiles(): OpenFilesStatistics {
    return this.ports.store.openFiles;
  }

  private get opened(): LogDirectory[] {
    return this.directories.flatMap(({ directory }) => directory ?? []);
  }

  flushStatistics(): { flushes: number; requests: number; totalUs: number } {
    const sum = { flushes: 0, requests: 0, totalUs: 0 };
    for (const { flushStatistics } of this.opened) {
      const { flushes, requests, totalUs } = flushStatistics;
      sum.flushes += flushes;
      sum.requests += requests;
      sum.totalUs += totalUs;
    }
    return sum;
  }

  get rebuilds(): RebuildStatistics {
    return this.ports.store.rebuilds;
  }

  /** By log directory. */
  *flushStatisticsByDirectory(): IterableIterator<readonly [path: string, statistics: FlushStatistics]> {
    for (const { path, flushStatistics } of this.opened) yield [path, flushStatistics];
  }

  /** Finds the directories of partitions there are; called once before the logs are opened. Deletions that a stop interrupted go on. */
  async listExisting(): Promise<void> {
    await this.places.list();
  }

  /** Whether there is a log of that name to be loaded. */
  exists(name: string): boolean {
    return this.places.has(name);
  }

  /**
   * Once it is known which partitions there are: puts away what belongs to none, and finishes deletions and moves that a stop
   * interrupted. Moves that were not decided begin again when the logs are open ({@link LogMoves.resume}).
   *
   * @throws StorageStartError
   */
  async settle(owners: LogOwners): Promise<void> {
    this.moves.begunBefore(await this.places.settle(owners));
  }

  /**
   * Opens (recovering it) or creates the log of a partition. A directory of the same name that belongs to another topic id is
   * put aside as `-stray`, never served and never deleted. `isNew`: it cannot have a log yet, wherever that might be.
   *
   * @throws LogStoreError `CORRUPT`, `IO`, `NO_SPACE` (nothing is left of a new one), `CLOSED` (cancelled, or the manager is being closed)
   */
  openLog(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    onFlushed: (flushedOffset: number) => void,
    { isNew = false }: { readonly isNew?: boolean } = {},
  ): Promise<PartitionLog> {
    return this.opener.open(topic, partition, topicId, config, onFlushed, isNew);
  }

  /** `open` loads these logs in the background, those of the broker's own topics first; resolves when all are open, or cannot be. */
  load<T extends { readonly name: string }>(items: readonly T[], open: (item: T) => Promise<void>): Promise<void> {
    return this.opener.load(items, open);
  }

  /** {@link openLog} of this partition, if it is under way, rejects soon with `CLOSED`, unless it is as good as done. */
  cancelOpening(topic: string, partition: number): void {
    this.opener.cancel(topicPartitionName(topic, partition));
  }

  private logOpened(name: string, log: PartitionLog, onFlushed: (flushedOffset: number) => void): void {
    log.onRoll = () => {
      this.cleaner?.wake();
      this.checkpoints.writeSoon();
    };
    this.flushListeners.set(name, onFlushed);
    this.logs.set(name, log);
    this.cleaner?.wake();
  }

  /**
   * The partition is gone: its directory is renamed at once and removed after `file.delete.delay.ms`. A move of it ends first.
   * False when the directory could not be renamed because it is offline.
   */
  async deleteLog(log: PartitionLog): Promise<boolean> {
    const name = partitionName(log);
    await this.moves.cancel(name);
    // A move that could not be ended any more has put another one in its place.
    const current = this.logs.get(name) ?? log;
    const managed = this.managed(current.directoryPath);
    this.logs.delete(name);
    this.flushListeners.delete(name);
    this.gone(name);
    await this.cleaner?.release(current);
    const removed = await this.remove(current, managed);
    if (removed) this.places.gone(name);
    return removed;
  }

  /**
   * The same for a partition whose log is not open: it was not loaded yet, or could not be. False when its files may be in a directory
   * that is offline. @throws LogStoreError `IO`
   */
  async deleteUnopened(topic: string, partition: number, topicId: Uuid, delayMs: number): Promise<boolean> {
    const name = topicPartitionName(topic, partition);
    this.gone(name);
    const managed = await this.places.find(name);
    if (managed === undefined) return this.allOnline;
    if (!(await this.places.isOf(managed, name, topicId))) return this.allOnline;
    managed.forget(name);
    await this.takeAway(managed, name, delayMs);
    this.places.gone(name);
    return true;
  }

  /** The log of this name was deleted: what is still said of it is of no log any more. */
  private gone(name: string): void {
    this.opener.unopened.delete(name);
    this.checkpoints.logDeleted(name);
  }

  /** Closes a log and takes its directory away, unless that is offline. */
  private async remove(log: PartitionLog, managed: ManagedDirectory | undefined): Promise<boolean> {
    await log.close({ sync: false });
    managed?.forget(partitionName(log));
    if (managed === undefined || !managed.online) return false;
    if (log.cleanedOffset !== undefined) await this.checkpoints.writeCleaned(managed.path);
    await this.takeAway(managed, log.name, deleteDelayMs(log));
    return true;
  }

  private async takeAway(managed: ManagedDirectory, name: string, delayMs: number): Promise<void> {
    const { timers, random, logger } = this.ports;
    const directory = managed.usable('delete');
    const renamed = suffixedName(random, name, 'delete');
    await directory.rename(name, renamed);
    this.schedule(timers, delayMs, () => {
      directory.removeMarked(renamed).catch((error: unknown) => {
        logger.warn(`${managed.path}/${renamed} could not be removed; it is tried again at the next start`, { error });
      });
    });
  }

  /** A copy that is about to become the log is in the checkpoints of its directory by the partition's name, as Kafka has it. */
  private *checkpointed(): IterableIterator<CheckpointedLog> {
    for (const [name, log] of this.logs) yield { name, log };
    for (const [name, log] of this.moves.nearlyMoved) yield { name, log };
  }

  private schedule(timers: Timers, delayMs: number, run: () => void): void {
    const handle = timers.after(delayMs, () => {
      this.timers.delete(handle);
      run();
    });
    this.timers.add(handle);
  }

  private startTimers(): void {
    const { timers, clock } = this.ports;
    const repeat = (everyMs: number, run: () => void) =>
      this.schedule(timers, everyMs, () => {
        if (this.closed) return;
        run();
        repeat(everyMs, run);
      });
    repeat(this.settings.retentionCheckIntervalMs, () => this.retention.enforce(this.logs.values()));
    repeat(this.settings.checkpointIntervalMs, () => this.checkpoints.writeInBackground());
    repeat(this.settings.highWatermarkCheckpointIntervalMs ?? 5_000, () => this.checkpoints.writeHighWatermarks());
    repeat(this.settings.producerExpirationCheckMs, () => {
      for (const log of this.logs.values()) log.producers.expire(clock.wallMs(), this.settings.producerExpirationMs);
    });
  }

  /** Configs of topics or of the broker changed. */
  reconfigured(): void {
    for (const space of this.diskSpaces) space.reconfigured();
    this.cleaner?.wake();
  }

  /** Writes recovery points and log start offsets as they are when its turn comes. @throws FileSystemError */
  checkpoint(): Promise<void> {
    return this.checkpoints.write();
  }

  /**
   * After DeleteRecords: the new starts outlive a crash. On a disk without a free byte, what was deleted makes the room to say so.
   *
   * @throws FileSystemError
   */
  async checkpointStarts(): Promise<void> {
    try {
      await this.checkpoint();
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      for (const space of this.diskSpaces) space.exhausted(error instanceof Error ? error.message : '');
      this.retention.makeRoom([...this.logs.values()]);
      for (const log of this.logs.values()) await log.log.deletePending();
      await this.checkpoint();
    }
  }

  private directoryFailed(managed: ManagedDirectory, error: LogStoreError): void {
    this.ports.logger.error(
      `the log directory ${managed.path} failed and is offline: mend the disk and restart the broker; its partitions answer KAFKA_STORAGE_ERROR until then`,
      { error },
    );
    this.moves.directoryFailed(managed);
    for (const handler of this.failureHandlers) handler(managed.path, error);
  }

  /** Nothing is begun any more; what is under way ends or is given up. */
  private async stopWork(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    this.loading.end();
    await Promise.all([this.moves.close(), this.opener.close()]);
    for (const space of this.diskSpaces) space.close();
    await this.cleaner?.close();
    await this.checkpoints.close();
  }

  /**
   * Orderly stop: everything synced, checkpoints and the clean-shutdown marker written, locks given up. Logs that are being loaded are
   * left as they are. The marker speaks for all logs of its directory: it is not written where one was not loaded or not closed.
   */
  async close(onProgress: (done: number, total: number) => void = () => {}): Promise<void> {
    if (this.closed) return;
    await this.stopWork();
    const logs = [...this.logs.values()];
    const raised = this.checkpoints.raisedStarts();
    let done = 0;
    await inParallel(logs, async (log) => {
      const sync = this.failure(log.directoryPath) === undefined;
      await log.close({ sync }).catch((error: unknown) => {
        const managed = this.managed(log.directoryPath);
        if (managed !== undefined) managed.dirty = true;
        this.ports.logger.error(`${log.name} could not be closed`, { error });
      });
      await log.log.deletePending().catch(() => {});
      done += 1;
      onProgress(done, logs.length);
    });
    await this.checkpoints.writeLast(raised);
    for (const managed of this.directories) {
      if (managed.online) await this.markClean(managed);
      await managed.close();
    }
  }

  private async markClean(managed: ManagedDirectory): Promise<void> {
    const { logger } = this.ports;
    const { path, found, dirty } = managed;
    const unloaded = [...this.opener.unopened].filter((name) => found.has(name)).length;
    if (unloaded > 0) logger.info(`${path}: ${unloaded} logs were not loaded; the next start recovers what they need`);
    if (dirty || unloaded > 0) return;
    await managed.markClean().catch((error: unknown) => {
      logger.warn(`${path}: the stop could not be marked as clean; the next start recovers logs`, { error });
    });
  }

  /** Gives everything up without syncing, as if the process had died. For tests of recovery. */
  async abandon(): Promise<void> {
    await this.stopWork();
    for (const managed of this.directories) await managed.close();
  }
}

/** Of a log that has just taken the place of another one its own name is still that of a copy. */
function partitionName({ topic, partition }: PartitionLog): string {
  return topicPartitionName(topic, partition);
}
