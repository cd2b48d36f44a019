import { topicPartitionName, type Uuid, ZERO_UUID } from '../common/ids.js';
import type { FlushStatistics, LogDirectory, TimerHandle, Timers } from '../common/ports/index.js';
import { LogStoreError } from '../common/ports/index.js';
import {
  cleanerFile,
  cleanShutdownFile,
  formatCleanShutdown,
  formatOffsets,
  formatPartitionMetadata,
  logStartOffsetFile,
  parseOffsets,
  parsePartitionMetadata,
  partitionMetadataFile,
  recoveryPointFile,
} from './checkpoints.js';
import { openMetaProperties, StorageStartError } from './directory_identity.js';
import { type CleanerSettings, LogCleaner } from './log_cleaner.js';
import type { LogConfig } from './log_config.js';
import { loadPartitionLog } from './log_loader.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { PartitionLog } from './partition_log.js';
import { deleteExpiredSegments } from './retention.js';

export interface LogManagerSettings {
  readonly directories: readonly string[];
  readonly clusterId: string | undefined;
  readonly nodeId: number;
  readonly retentionCheckIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly producerExpirationMs: number;
  readonly producerExpirationCheckMs: number;
  /** Undefined: compacted topics are not cleaned (`log.cleaner.enable`). */
  readonly cleaner: (() => CleanerSettings) | undefined;
}

interface ManagedDirectory {
  readonly path: string;
  readonly directory: LogDirectory;
  readonly cleanShutdown: boolean;
  readonly recoveryPoints: ReadonlyMap<string, number>;
  readonly logStartOffsets: ReadonlyMap<string, number>;
  readonly cleanedOffsets: ReadonlyMap<string, number>;
}

const markedForDeletion = /^(.+)-(\d+)\.([0-9a-zA-Z_-]+)-(delete|stray)$/;
const partitionDirectory = /^(.+)-(\d+)$/;
/** Recovery reads and checks much: a few at a time keep disk and cores busy without starving each other. */
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
  private readonly written = new Map<string, string>();
  private closed = false;
  clusterId = '';
  /** Undefined when `log.cleaner.enable` is false. */
  readonly cleaner: LogCleaner | undefined;

  private constructor(
    private readonly ports: LogManagerPorts,
    private readonly settings: LogManagerSettings,
  ) {
    if (settings.cleaner === undefined) return;
    this.cleaner = new LogCleaner(ports, settings.cleaner, {
      logs: () => [...this.logs.values()].filter((log) => this.failure(log.directoryPath) === undefined),
      cleaned: async (log) => {
        this.unlinkLater(log);
        await this.writeCleanerCheckpoint(log.directoryPath);
      },
    });
  }

  /** Work on threads is under way. */
  get busy(): boolean {
    return this.cleaner?.busy ?? false;
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
      // First thing: a crash while loading must not look like a clean stop (KAFKA-10471).
      if (cleanShutdown) await files.remove(marker);
      const managed: ManagedDirectory = {
        path,
        directory,
        cleanShutdown,
        recoveryPoints: await this.readOffsets(`${path}/${recoveryPointFile}`),
        logStartOffsets: await this.readOffsets(`${path}/${logStartOffsetFile}`),
        cleanedOffsets: await this.readOffsets(`${path}/${cleanerFile}`),
      };
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
    return this.directories.find((managed) => managed.path === path)?.directory.failure;
  }

  onDirectoryFailure(handler: (path: string, error: LogStoreError) => void): void {
    this.failureHandlers.push(handler);
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

  /** By log directory. */
  *flushStatisticsByDirectory(): IterableIterator<readonly [path: string, statistics: FlushStatistics]> {
    for (const { path, directory } of this.directories) yield [path, directory.flushStatistics];
  }

  /**
   * Opens (recovering it) or creates the log of a partition. A directory of the same name that belongs to another topic id is
   * put aside as `-stray`, never served and never deleted.
   *
   * @throws LogStoreError `CORRUPT`, `IO`
   */
  async openLog(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    onFlushed: (flushedOffset: number) => void,
  ): Promise<PartitionLog> {
    const name = topicPartitionName(topic, partition);
    const managed = await this.placeOf(name, topicId);
    const { files } = this.ports;
    const log = await loadPartitionLog({
      ports: this.ports,
      directory: managed.directory,
      name,
      topic,
      partition,
      topicId,
      config,
      onFlushed,
      cleanShutdown: managed.cleanShutdown && managed.recoveryPoints.has(name),
      recoveryPoint: managed.recoveryPoints.get(name) ?? 0,
      logStartOffset: managed.logStartOffsets.get(name) ?? 0,
    });
    const metadataPath = `${managed.path}/${name}/${partitionMetadataFile}`;
    if ((await files.readFile(metadataPath)) === undefined)
      await files.writeFileAtomic(metadataPath, formatPartitionMetadata(topicId), { sync: false });
    log.cleanedOffset = managed.cleanedOffsets.get(name);
    log.onRoll = () => this.cleaner?.wake();
    this.logs.set(name, log);
    this.cleaner?.wake();
    return log;
  }

  /** Where the log is, or for a new one the directory with the fewest logs. */
  private async placeOf(name: string, topicId: Uuid): Promise<ManagedDirectory> {
    const { files, logger } = this.ports;
    for (const managed of this.directories) {
      const path = `${managed.path}/${name}`;
      if (this.directories.length === 1 && !this.existed.has(name) && this.listed) break;
      if ((await files.listDirectory(path)) === undefined) continue;
      const metadata = await files.readFile(`${path}/${partitionMetadataFile}`);
      const owner = metadata === undefined ? undefined : parsePartitionMetadata(metadata);
      if (owner === undefined || owner === topicId || owner === ZERO_UUID) return managed;
      const renamed = await managed.directory.markForDeletion(name, `${owner}-stray`);
      logger.warn(
        `${path} belongs to a topic that does not exist any more (id ${owner}); it is put aside as ${renamed}`,
      );
    }
    const usable = this.directories.filter(({ directory }) => directory.failure === undefined);
    const counts = usable.map(({ path }) => [...this.logs.values()].filter((log) => log.directoryPath === path).length);
    const best = usable[counts.indexOf(Math.min(...counts))];
    if (best === undefined) throw new LogStoreError('IO', 'place', name, '', 'every log directory is offline');
    return best;
  }

  private readonly existed = new Set<string>();
  private listed = false;

  /** Names of the partition directories there are; called once before the logs are opened. */
  async listExisting(): Promise<ReadonlySet<string>> {
    for (const { path } of this.directories)
      for (const entry of (await this.ports.files.listDirectory(path)) ?? [])
        if (entry.kind === 'directory' && partitionDirectory.test(entry.name)) this.existed.add(entry.name);
    this.listed = true;
    return this.existed;
  }

  /** Runs `open` for every item, some at a time, with progress in the log when it takes long. */
  async inParallel<T>(items: readonly T[], what: string, open: (item: T) => Promise<void>): Promise<void> {
    const { clock, logger } = this.ports;
    let next = 0;
    let done = 0;
    let saidMs = clock.monotonicMs();
    const worker = async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) {
        await open(item);
        done += 1;
        if (clock.monotonicMs() - saidMs < 2000) continue;
        saidMs = clock.monotonicMs();
        logger.info(`${what}: ${done} of ${items.length}`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallelLoads, items.length) }, worker));
  }

  /** The partition is gone: its directory is renamed at once and removed after `file.delete.delay.ms`. */
  async deleteLog(log: PartitionLog): Promise<void> {
    const { timers, random, logger } = this.ports;
    const managed = this.directories.find(({ path }) => path === log.directoryPath);
    this.logs.delete(log.name);
    this.existed.delete(log.name);
    await this.cleaner?.release(log);
    await log.close({ sync: false });
    if (managed === undefined || managed.directory.failure !== undefined) return;
    if (log.cleanedOffset !== undefined) await this.writeCleanerCheckpoint(managed.path);
    const renamed = await managed.directory.markForDeletion(
      log.name,
      `${random.uuid().replaceAll(/[^0-9A-Za-z]/g, '0')}-delete`,
    );
    this.schedule(timers, log.config.fileDeleteDelayMs, () => {
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
    repeat(this.settings.retentionCheckIntervalMs, () => this.enforceRetention());
    repeat(this.settings.checkpointIntervalMs, () => this.checkpointInBackground());
    repeat(this.settings.producerExpirationCheckMs, () => {
      for (const log of this.logs.values()) log.producers.expire(clock.wallMs(), this.settings.producerExpirationMs);
    });
  }

  private enforceRetention(): void {
    const { clock, logger } = this.ports;
    for (const log of this.logs.values()) {
      if (this.failure(log.directoryPath) !== undefined) continue;
      try {
        log.rollIfDue(clock.wallMs());
        const deleted = deleteExpiredSegments(log, clock.wallMs());
        if (deleted === 0) continue;
        logger.info(
          `${log.name}: ${deleted} segments deleted by retention, the log begins at ${log.log.logStartOffset} now`,
        );
        this.unlinkLater(log);
      } catch (error) {
        logger.error(`retention of ${log.name} failed`, { error });
      }
    }
  }

  /** Segments that were dropped or replaced are gone after `file.delete.delay.ms`. */
  private unlinkLater(log: PartitionLog): void {
    const { timers, logger } = this.ports;
    this.schedule(timers, log.config.fileDeleteDelayMs, () => {
      log.log
        .deletePending()
        .catch((error: unknown) => logger.warn(`${log.name}: old segments could not be removed`, { error }));
    });
  }

  /** Topic configs changed. */
  reconfigured(): void {
    this.cleaner?.wake();
  }

  private cleanerCheckpoints: Promise<void> = Promise.resolve();

  /** Up to where each log was cleaned. An old one costs a round of cleaning, nothing else. */
  private writeCleanerCheckpoint(path: string): Promise<void> {
    const write = async () => {
      const here = [...this.logs.values()].filter((log) => log.directoryPath === path);
      const offsets = here.flatMap(({ name, cleanedOffset }) =>
        cleanedOffset === undefined ? [] : [[name, cleanedOffset] as const],
      );
      await this.writeIfNew(`${path}/${cleanerFile}`, formatOffsets(new Map(offsets)));
    };
    this.cleanerCheckpoints = this.cleanerCheckpoints.then(write).catch((error: unknown) => {
      this.ports.logger.warn(`${path}/${cleanerFile} could not be written; logs are cleaned again after a restart`, {
        error,
      });
    });
    return this.cleanerCheckpoints;
  }

  private checkpointing: Promise<void> = Promise.resolve();

  private checkpointInBackground(): void {
    this.checkpoint().catch((error: unknown) =>
      this.ports.logger.warn('checkpoints could not be written; recovery will take longer', { error }),
    );
  }

  /**
   * Writes recovery points and log start offsets as they are when its turn comes: one writer at a time, so that an older state never
   * replaces a later one. What is flushed need not be verified after a crash.
   */
  checkpoint(): Promise<void> {
    const written = this.checkpointing.then(() => this.writeCheckpoints(this.raisedStarts()));
    this.checkpointing = written.catch(() => undefined);
    return written;
  }

  /** Log start offsets that the files alone would not tell: inside the first segment, after DeleteRecords. */
  private raisedStarts(): ReadonlyMap<string, number> {
    const raised = [...this.logs.values()].filter(
      (log) => log.log.logStartOffset > (log.log.segments()[0]?.baseOffset ?? 0),
    );
    return new Map(raised.map((log) => [log.name, log.log.logStartOffset]));
  }

  private async writeCheckpoints(raised: ReadonlyMap<string, number>): Promise<void> {
    for (const { path, directory } of this.directories) {
      if (directory.failure !== undefined) continue;
      const here = [...this.logs.values()].filter((log) => log.directoryPath === path);
      const points = new Map(here.map((log) => [log.name, log.log.flushedOffset]));
      const starts = new Map(
        here.flatMap(({ name }) => (raised.has(name) ? [[name, raised.get(name) ?? 0] as const] : [])),
      );
      await this.writeIfNew(`${path}/${recoveryPointFile}`, formatOffsets(points));
      await this.writeIfNew(`${path}/${logStartOffsetFile}`, formatOffsets(starts));
    }
  }

  /** An idle broker writes nothing. */
  private async writeIfNew(path: string, bytes: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    if (this.written.get(path) === text) return;
    await this.ports.files.writeFileAtomic(path, bytes, { sync: true });
    this.written.set(path, text);
  }

  private directoryFailed(managed: ManagedDirectory, error: LogStoreError): void {
    this.ports.logger.error(
      `the log directory ${managed.path} failed and is offline: mend the disk and restart the broker; its partitions answer KAFKA_STORAGE_ERROR until then`,
      { error },
    );
    for (const handler of this.failureHandlers) handler(managed.path, error);
  }

  /** Orderly stop: everything synced, checkpoints and the clean-shutdown marker written, locks given up. */
  async close(onProgress: (done: number, total: number) => void = () => {}): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    await this.cleaner?.close();
    await this.checkpointing;
    const logs = [...this.logs.values()];
    const raised = this.raisedStarts();
    let done = 0;
    await this.inParallel(logs, 'closing logs', async (log) => {
      const sync = this.failure(log.directoryPath) === undefined;
      await log
        .close({ sync })
        .catch((error: unknown) => this.ports.logger.error(`${log.name} could not be closed`, { error }));
      await log.log.deletePending().catch(() => {});
      done += 1;
      onProgress(done, logs.length);
    });
    await this.writeCheckpoints(raised);
    for (const { path, directory } of this.directories) {
      if (directory.failure === undefined)
        await this.ports.files.writeFileAtomic(`${path}/${cleanShutdownFile}`, formatCleanShutdown(-1), { sync: true });
      await directory.close();
    }
  }

  /** Gives everything up without syncing, as if the process had died. For tests of recovery. */
  async abandon(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) timer.cancel();
    await this.cleaner?.close();
    for (const { directory } of this.directories) await directory.close();
  }
}
