import { topicPartitionName, type Uuid, ZERO_UUID } from '../common/ids.js';
import type {
  FlushStatistics,
  LogDirectory,
  OpenFilesStatistics,
  RebuildStatistics,
  TimerHandle,
  Timers,
} from '../common/ports/index.js';
import { isNoSpace, LogStoreError } from '../common/ports/index.js';
import { CheckpointWriter } from './checkpoint_writer.js';
import {
  cleanerFile,
  cleanShutdownFile,
  formatCleanShutdown,
  highWatermarkFile,
  logStartOffsetFile,
  parseOffsets,
  parsePartitionMetadata,
  partitionMetadataFile,
  recoveryPointFile,
} from './checkpoints.js';
import { openMetaProperties, StorageStartError } from './directory_identity.js';
import { type DiskLimits, DiskSpace } from './disk_space.js';
import { LoadProgress } from './load_progress.js';
import { type CleanerSettings, LogCleaner } from './log_cleaner.js';
import type { LogConfig } from './log_config.js';
import { loadPartitionLog } from './log_loader.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { ManagedDirectory } from './managed_directory.js';
import type { PartitionLog } from './partition_log.js';
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
  /** Left out: nobody looks how much room there is, and only failed writes tell. */
  readonly disk?: () => DiskLimits;
}

const markedForDeletion = /^(.+)-(\d+)\.([0-9a-zA-Z_-]+)-(delete|stray)$/;
const partitionDirectory = /^(.+)-(\d+)$/;
/** Logs that are opened at the same time; how many of them are recovered at once is `num.recovery.threads.per.data.dir`. */
const parallelLoads = 8;

/**
 * The logs of this broker in its log directories: opening, placing, deleting, checkpoints, retention. Directories are locked,
 * and belong to one cluster and node (`meta.properties`).
 */
export class LogManager {
  private readonly directories: ManagedDirectory[] = [];
  private readonly logs = new Map<string, PartitionLog>();
  private readonly timers = new Set<TimerHandle>();
  private readonly failureHandlers: Array<(path: string, error: LogStoreError) => void> = [];
  private readonly checkpoints: CheckpointWriter;
  private closed = false;
  clusterId = '';
  /** Logs that are to be opened, are being opened, or could not be: what the checkpoints say of them stays as it is. */
  private readonly unopened = new Set<string>();
  private readonly opening = new Set<Promise<unknown>>();
  readonly loading: LoadProgress;
  /** Undefined when `log.cleaner.enable` is false. */
  readonly cleaner: LogCleaner | undefined;

  private readonly retention: Retention;

  private constructor(
    private readonly ports: LogManagerPorts,
    private readonly settings: LogManagerSettings,
  ) {
    this.checkpoints = new CheckpointWriter(ports, {
      directories: () => this.directories,
      logs: () => this.logs.values(),
      unopened: this.unopened,
    });
    this.loading = new LoadProgress(ports, () => this.directories.map(({ directory }) => directory));
    this.retention = new Retention(ports, {
      isUsable: (log) => this.failure(log.directoryPath) === undefined,
      later: (delayMs, run) => this.schedule(ports.timers, delayMs, run),
    });
    if (settings.cleaner === undefined) return;
    this.cleaner = new LogCleaner(ports, settings.cleaner, {
      logs: () => [...this.logs.values()].filter((log) => this.failure(log.directoryPath) === undefined),
      hasRoom: (log, sizeBytes) => log.space?.roomFor(sizeBytes) ?? true,
      cleaned: async (log) => {
        this.retention.unlinkLater(log);
        await this.checkpoints.writeCleaned(log.directoryPath);
      },
    });
  }

  /** Work on threads is under way. */
  get busy(): boolean {
    return this.ports.store.rebuilds.underWay > 0 || (this.cleaner?.busy ?? false);
  }

  /** @throws StorageStartError with one sentence and the remedy; LogStoreError */
  static async open(ports: LogManagerPorts, settings: LogManagerSettings): Promise<LogManager> {
    const manager = new LogManager(ports, settings);
    try {
      for (const path of settings.directories) await manager.openDirectory(path);
    } catch (error) {
      for (const { directory } of manager.directories) await directory.close();
      throw error;
    }
    manager.startTimers();
    return manager;
  }

  private async openDirectory(path: string): Promise<void> {
    const { files, store, logger } = this.ports;
    let directory: LogDirectory;
    try {
      await files.makeDirectory(path);
      directory = await store.openDirectory(path);
    } catch (error) {
      if (error instanceof LogStoreError && error.kind === 'LOCKED')
        throw new StorageStartError(
          `the data directory ${path} is in use by another broker: stop that one, or give this one a directory of its own (log.dirs)`,
          { cause: error },
        );
      const why = error instanceof Error ? error.message : String(error);
      throw new StorageStartError(
        `the data directory ${path} cannot be used (${why}): it must be a directory this user may write to`,
        {
          cause: error,
        },
      );
    }
    try {
      const meta = await openMetaProperties(this.ports, path, this.settings, this.clusterId);
      this.clusterId = meta.clusterId;
      const marker = `${path}/${cleanShutdownFile}`;
      const cleanShutdown = (await files.readFile(marker)) !== undefined;
      // First thing, and on the medium: a crash while loading must not look like a clean stop (KAFKA-10471). The sync is also for names
      // that a broker that was killed has left to the page cache.
      if (cleanShutdown) await files.remove(marker);
      await files.syncDirectory(path);
      const managed: ManagedDirectory = {
        path,
        directory,
        space: await DiskSpace.watch(this.ports, path, this.settings.disk, () =>
          this.retention.makeRoom([...this.logs.values()].filter((log) => log.directoryPath === path)),
        ),
        cleanShutdown,
        recoveryPoints: await this.readOffsets(`${path}/${recoveryPointFile}`),
        logStartOffsets: await this.readOffsets(`${path}/${logStartOffsetFile}`),
        cleanedOffsets: await this.readOffsets(`${path}/${cleanerFile}`),
        highWatermarks: await this.readOffsets(`${path}/${highWatermarkFile}`),
        found: new Set(),
        dirty: false,
      };
      directory.setLoadingThreads(this.settings.recoveryThreads ?? 2);
      this.directories.push(managed);
      directory.onFailure((error) => this.directoryFailed(managed, error));
      if (!cleanShutdown && managed.recoveryPoints.size > 0)
        logger.info(`${path} was not closed in an orderly way: logs are verified from their recovery points`);
      await this.sweep(managed);
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  /** By log directory; what is not watched is left out. */
  get diskSpaces(): readonly DiskSpace[] {
    return this.directories.flatMap(({ space }) => space ?? []);
  }

  private async readOffsets(path: string): Promise<Map<string, number>> {
    const bytes = await this.ports.files.readFile(path);
    if (bytes === undefined) return new Map();
    const offsets = parseOffsets(bytes);
    if (offsets === undefined)
      this.ports.logger.warn(`${path} is damaged and ignored: logs are verified from their beginning`);
    return offsets ?? new Map();
  }

  /** Deletions that a stop interrupted go on. */
  private async sweep(managed: ManagedDirectory): Promise<void> {
    for (const entry of (await this.ports.files.listDirectory(managed.path)) ?? [])
      if (entry.kind === 'directory' && markedForDeletion.exec(entry.name)?.[4] === 'delete')
        await managed.directory.removeMarked(entry.name);
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

  failure(path: string): LogStoreError | undefined {
    return this.managed(path)?.directory.failure;
  }

  private managed(path: string): ManagedDirectory | undefined {
    return this.directories.find((managed) => managed.path === path);
  }

  onDirectoryFailure(handler: (path: string, error: LogStoreError) => void): void {
    this.failureHandlers.push(handler);
  }

  get openFiles(): OpenFilesStatistics {
    return this.ports.store.openFiles;
  }

  flushStatistics(): { flushes: number; requests: number; totalUs: number } {
    const sum = { flushes: 0, requests: 0, totalUs: 0 };
    for (const { directory } of this.directories) {
      const { flushes, requests, totalUs } = directory.flushStatistics;
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
    for (const { path, directory } of this.directories) yield [path, directory.flushStatistics];
  }

  /**
   * Opens (recovering it) or creates the log of a partition. A directory of the same name that belongs to another topic id is
   * put aside as `-stray`, never served and never deleted.
   *
   * @throws LogStoreError `CORRUPT`, `IO`, `CLOSED` (the manager is being closed)
   */
  openLog(...parameters: Parameters<LogManager['open']>): Promise<PartitionLog> {
    const opened = this.open(...parameters);
    this.opening.add(opened);
    const over = () => this.opening.delete(opened);
    opened.then(over, over);
    return opened;
  }

  private async open(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    onFlushed: (flushedOffset: number) => void,
  ): Promise<PartitionLog> {
    const name = topicPartitionName(topic, partition);
    this.unopened.add(name);
    this.refuseIfClosed(name);
    const managed = await this.placeOf(name, topicId);
    this.refuseIfClosed(name);
    const known =
      managed.found.has(name) || (await this.ports.files.listDirectory(`${managed.path}/${name}`)) !== undefined;
    if (!known) await this.forget(managed, name);
    const log = await loadPartitionLog({
      ports: this.ports,
      directory: managed.directory,
      name,
      topic,
      partition,
      topicId,
      config,
      onFlushed,
      exists: managed.found.has(name),
      cancelled: () => this.closed,
      cleanShutdown: managed.cleanShutdown && managed.recoveryPoints.has(name),
      recoveryPoint: managed.recoveryPoints.get(name) ?? 0,
      logStartOffset: managed.logStartOffsets.get(name) ?? 0,
    });
    log.cleanedOffset = managed.cleanedOffsets.get(name);
    log.onRoll = () => {
      this.cleaner?.wake();
      this.checkpoints.writeSoon();
    };
    log.space = managed.space;
    this.logs.set(name, log);
    this.unopened.delete(name);
    this.cleaner?.wake();
    return log;
  }

  /** Checkpoints may still speak of a deleted log of the same name: a new one must not begin, or be trusted, where that one ended. */
  private async forget(managed: ManagedDirectory, name: string): Promise<void> {
    const maps = [managed.recoveryPoints, managed.logStartOffsets, managed.cleanedOffsets];
    const spoken = maps.map((map) => map.delete(name)).includes(true);
    if (this.deleted.delete(name) || spoken) await this.checkpoint();
  }

  /** Where the log is, or for a new one the directory with the fewest logs. */
  private async placeOf(name: string, topicId: Uuid): Promise<ManagedDirectory> {
    const { files, logger } = this.ports;
    for (const managed of this.directories) {
      const path = `${managed.path}/${name}`;
      const listed = this.directories.length === 1 && this.listed;
      if (listed && !managed.found.has(name)) break;
      if (!listed && (await files.listDirectory(path)) === undefined) continue;
      const metadata = await files.readFile(`${path}/${partitionMetadataFile}`);
      const owner = metadata === undefined ? undefined : parsePartitionMetadata(metadata);
      if (owner === undefined || owner === topicId || owner === ZERO_UUID) return managed;
      const renamed = await managed.directory.markForDeletion(name, `${owner}-stray`);
      managed.found.delete(name);
      logger.warn(
        `${path} belongs to a topic that does not exist any more (id ${owner}); it is put aside as ${renamed}`,
      );
    }
    const usable = this.directories.filter(({ directory }) => directory.failure === undefined);
    const [only] = usable;
    if (only !== undefined && usable.length === 1) return only;
    const counts = usable.map(({ path }) => [...this.logs.values()].filter((log) => log.directoryPath === path).length);
    const best = usable[counts.indexOf(Math.min(...counts))];
    if (best === undefined) throw new LogStoreError('IO', 'place', name, '', 'every log directory is offline');
    return best;
  }

  /** Logs deleted since the start. */
  private readonly deleted = new Set<string>();
  private listed = false;

  /** Finds the partition directories there are; called once before the logs are opened. */
  async listExisting(): Promise<void> {
    for (const { path, found } of this.directories)
      for (const { kind, name } of (await this.ports.files.listDirectory(path)) ?? [])
        if (kind === 'directory' && partitionDirectory.test(name)) found.add(name);
    this.listed = true;
  }

  /** Whether there is a log of that name to be loaded. */
  exists(name: string): boolean {
    return this.directories.some(({ found }) => found.has(name));
  }

  /** `open` loads these logs in the background, those of the broker's own topics first; resolves when all are open, or cannot be. */
  async load<T extends { readonly name: string }>(
    items: readonly T[],
    open: (item: T) => Promise<void>,
  ): Promise<void> {
    if (items.length === 0) return;
    for (const { name } of items) this.unopened.add(name);
    this.loading.begin(items.length);
    const planned = this.planLoading(items);
    const own = items.filter(({ name }) => name.startsWith('__'));
    const others = items.filter(({ name }) => !name.startsWith('__'));
    await this.inParallel([...own, ...others], async (item) => {
      await open(item);
      this.loading.finished(item.name);
    });
    await planned;
  }

  /** How much recovery may have to do is asked only after a stop that was not clean. */
  private async planLoading(items: ReadonlyArray<{ readonly name: string }>): Promise<void> {
    for (const { directory, cleanShutdown, found, recoveryPoints } of this.directories) {
      if (cleanShutdown) continue;
      const logs = items.flatMap(({ name }) =>
        found.has(name) ? [{ name, recoveryPoint: recoveryPoints.get(name) ?? 0 }] : [],
      );
      const bytes = await directory.bytesToCheck(logs);
      logs.forEach(({ name }, index) => {
        this.loading.plan(name, bytes[index] ?? 0);
      });
    }
  }

  private refuseIfClosed(name: string): void {
    if (this.closed) throw new LogStoreError('CLOSED', 'open', name, '', 'the broker is stopping');
  }

  /** Runs `open` for every item, some at a time. */
  async inParallel<T>(items: readonly T[], open: (item: T) => Promise<void>): Promise<void> {
    let next = 0;
    const worker = async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await open(item);
    };
    await Promise.all(Array.from({ length: Math.min(parallelLoads, items.length) }, worker));
  }

  /** The partition is gone: its directory is renamed at once and removed after `file.delete.delay.ms`. */
  async deleteLog(log: PartitionLog): Promise<void> {
    const { timers, random, logger } = this.ports;
    const managed = this.managed(log.directoryPath);
    this.logs.delete(log.name);
    managed?.found.delete(log.name);
    this.deleted.add(log.name);
    managed?.recoveryPoints.delete(log.name);
    managed?.logStartOffsets.delete(log.name);
    await this.cleaner?.release(log);
    await log.close({ sync: false });
    if (managed === undefined || managed.directory.failure !== undefined) return;
    if (log.cleanedOffset !== undefined) await this.checkpoints.writeCleaned(managed.path);
    const renamed = await managed.directory.markForDeletion(
      log.name,
      `${random.uuid().replaceAll(/[^0-9A-Za-z]/g, '0')}-delete`,
    );
    this.schedule(timers, deleteDelayMs(log), () => {
      managed.directory.removeMarked(renamed).catch((error: unknown) => {
        logger.warn(`${managed.path}/${renamed} could not be removed; it is tried again at the next start`, { error });
      });
    });
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

  /** Writes recovery points and log start offsets as they are when its turn comes. */
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
      this.retention.enforce(this.logs.values());
      for (const log of this.logs.values()) await log.log.deletePending();
      await this.checkpoint();
    }
  }

  private directoryFailed(managed: ManagedDirectory, error: LogStoreError): void {
    this.ports.logger.error(
      `the log directory ${managed.path} failed and is offline: mend the disk and restart the broker; its partitions answer KAFKA_STORAGE_ERROR until then`,
      { error },
    );
    for (const handler of this.failureHandlers) handler(managed.path, error);
  }

  /**
   * Orderly stop: everything synced, checkpoints and the clean-shutdown marker written, locks given up. Logs that are being loaded are
   * left as they are. The marker speaks for all logs of its directory: it is not written where one was not loaded or not closed.
   */
  async close(onProgress: (done: number, total: number) => void = () => {}): Promise<void> {
    if (this.closed) return;
    const { logger } = this.ports;
    this.closed = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    this.loading.end();
    for (const { directory } of this.directories) directory.cancelLoading();
    await Promise.allSettled(this.opening);
    for (const space of this.diskSpaces) space.close();
    await this.cleaner?.close();
    await this.checkpoints.close();
    const logs = [...this.logs.values()];
    const raised = this.checkpoints.raisedStarts();
    let done = 0;
    await this.inParallel(logs, async (log) => {
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
    const noted = await this.checkpoints.writeLast(raised).then(
      () => true,
      (error: unknown) => {
        logger.warn('the clean stop could not be noted; the next start verifies logs from their recovery points', {
          error,
        });
        return false;
      },
    );
    for (const managed of this.directories) {
      if (noted && managed.directory.failure === undefined) await this.markClean(managed);
      await managed.directory.close();
    }
  }

  private async markClean({ path, dirty, found }: ManagedDirectory): Promise<void> {
    const { logger } = this.ports;
    const unloaded = [...this.unopened].filter((name) => found.has(name)).length;
    if (unloaded > 0) logger.info(`${path}: ${unloaded} logs were not loaded; the next start recovers what they need`);
    if (dirty || unloaded > 0) return;
    try {
      await this.ports.files.writeFileAtomic(`${path}/${cleanShutdownFile}`, formatCleanShutdown(-1), { sync: true });
    } catch (error) {
      logger.warn(`${path}: the stop could not be marked as clean; the next start recovers logs`, { error });
    }
  }

  /** Gives everything up without syncing, as if the process had died. For tests of recovery. */
  async abandon(): Promise<void> {
    this.closed = true;
    this.loading.end();
    for (const { directory } of this.directories) directory.cancelLoading();
    await Promise.allSettled(this.opening);
    for (const timer of this.timers) timer.cancel();
    for (const space of this.diskSpaces) space.close();
    await this.cleaner?.close();
    await this.checkpoints.close();
    for (const { directory } of this.directories) await directory.close();
  }
}
