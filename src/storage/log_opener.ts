import { INT64_MAX, topicPartitionName, type Uuid } from '../common/ids.js';
import { FileSystemError, isNoSpace, LogStoreError } from '../common/ports/index.js';
import type { LoadProgress } from './load_progress.js';
import type { LogConfig } from './log_config.js';
import { type LoadOptions, loadPartitionLog } from './log_loader.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { LogPlaces } from './log_places.js';
import type { ManagedDirectory } from './managed_directory.js';
import type { PartitionLog } from './partition_log.js';

/** What opening logs needs of the log manager. */
export interface OpenerDeps {
  readonly directories: readonly ManagedDirectory[];
  readonly places: LogPlaces;
  /** The logs in use, by partition. */
  readonly logs: ReadonlyMap<string, PartitionLog>;
  readonly loading: LoadProgress;
  /** In the turn in which the log becomes the partition's. */
  opened(name: string, log: PartitionLog, onFlushed: (flushedOffset: number) => void): void;
  checkpoint(): Promise<void>;
  /** {@link CheckpointWriter.maySpeakOf} */
  maySpeakOf(name: string): boolean;
  /** {@link CheckpointWriter.lower} */
  lowerRecoveryPoint(managed: ManagedDirectory, name: string, offset: number): Promise<void>;
}

/** What a partition's log is opened with. */
type Wanted = Pick<LoadOptions, 'name' | 'topic' | 'partition' | 'topicId' | 'config' | 'onFlushed'>;

/** Logs that are opened at the same time; how many of them are recovered at once is `num.recovery.threads.per.data.dir`. */
const parallelLoads = 8;

/** Opens the logs of partitions where they are, or makes them where there is room. */
export class LogOpener {
  /** Logs that are to be opened, are being opened, or could not be: what the checkpoints say of them stays as it is. */
  readonly unopened = new Set<string>();
  private readonly opening = new Map<string, Promise<PartitionLog>>();
  /** Of those, the ones whose partitions are gone. */
  private readonly cancelled = new Set<string>();
  /** Logs that are being opened, by directory: they count where the next one is placed. */
  private readonly openingIn = new Map<ManagedDirectory, number>();
  private closed = false;

  constructor(
    private readonly ports: LogManagerPorts,
    private readonly deps: OpenerDeps,
  ) {}

  /** Rejects with LogStoreError `CORRUPT`, `IO`, `NO_SPACE` (nothing is left of a new log), `CLOSED` (cancelled, or stopping). */
  open(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    onFlushed: (flushedOffset: number) => void,
    isNew: boolean,
  ): Promise<PartitionLog> {
    const name = topicPartitionName(topic, partition);
    const opened = this.place({ name, topic, partition, topicId, config, onFlushed }, isNew);
    this.opening.set(name, opened);
    const over = () => {
      this.opening.delete(name);
      this.cancelled.delete(name);
    };
    opened.then(over, over);
    return opened;
  }

  /**
   * `open` loads these logs in the background, those of the broker's own topics first; resolves when all are open, or cannot be.
   * How much recovery may have to do is asked only after a stop that was not clean.
   */
  async load<T extends { readonly name: string }>(
    items: readonly T[],
    open: (item: T) => Promise<void>,
  ): Promise<void> {
    if (items.length === 0) return;
    for (const { name } of items) this.unopened.add(name);
    this.deps.loading.begin(items.length);
    const planned = this.plan(items);
    const own = items.filter(({ name }) => name.startsWith('__'));
    const others = items.filter(({ name }) => !name.startsWith('__'));
    await inParallel([...own, ...others], async (item) => {
      await open(item);
      this.deps.loading.finished(item.name);
    });
    await planned;
  }

  private async plan(items: ReadonlyArray<{ readonly name: string }>): Promise<void> {
    for (const { directory, checkpoints, found } of this.deps.directories) {
      if (checkpoints.cleanShutdown || directory === undefined) continue;
      const logs = items.flatMap(({ name }) =>
        found.has(name) ? [{ name, recoveryPoint: checkpoints.recoveryPoints.get(name) ?? 0 }] : [],
      );
      const bytes = await directory.bytesToCheck(logs);
      logs.forEach(({ name }, index) => {
        this.deps.loading.plan(name, bytes[index] ?? 0);
      });
    }
  }

  /** Nobody wants the log of this name any more that is being opened: that ends at its next batch, whatever else is being loaded. */
  cancel(name: string): void {
    if (!this.opening.has(name)) return;
    this.cancelled.add(name);
    for (const { directory } of this.deps.directories) directory?.cancelLoad(name);
  }

  /** Everything that is being opened is given up. Resolves when nothing is opened any more. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { directory } of this.deps.directories) directory?.cancelLoading();
    await Promise.allSettled(this.opening.values());
  }

  private isUnwanted(name: string): boolean {
    return this.closed || this.cancelled.has(name);
  }

  private refuseIfUnwanted(name: string): void {
    if (this.isUnwanted(name)) throw new LogStoreError('CLOSED', 'open', name, '', 'it is not wanted any more');
  }

  private async place(wanted: Wanted, isNew: boolean): Promise<PartitionLog> {
    const { name, topicId } = wanted;
    const { places } = this.deps;
    this.unopened.add(name);
    this.refuseIfUnwanted(name);
    for (;;) {
      const found = await places.find(name);
      if (found === undefined) return this.create(wanted, isNew);
      try {
        return await this.openIn(found, wanted);
      } catch (error) {
        if (!(error instanceof LogStoreError) || error.kind !== 'OTHER_OWNER') throw typed(error, name);
        // A directory of another topic with the same name is never served.
        await places.putAside(found, name, error.detail as Uuid);
        if ((await places.find(name)) === found)
          throw new LogStoreError('IO', 'open', name, '', `${found.path}/${name} is of another topic than ${topicId}`);
      }
    }
  }

  /** A new log may be made in the next best directory when one has no room or fails; one that is there is there. */
  private async create(wanted: Wanted, isNew: boolean): Promise<PartitionLog> {
    const { name } = wanted;
    let failure: unknown = new LogStoreError('IO', 'place', name, '', 'every log directory it could be in is offline');
    for (const managed of this.deps.places.choose(name, isNew, (one) => this.countIn(one))) {
      try {
        // Checkpoints may still speak of a deleted log of the same name: a new one must not begin, or be trusted, where that ended.
        const spoken = managed.forget(name);
        if (spoken || this.deps.maySpeakOf(name)) await this.deps.checkpoint();
        this.refuseIfUnwanted(name);
        return await this.openIn(managed, wanted);
      } catch (error) {
        if (error instanceof FileSystemError) managed.failed(error);
        failure = typed(error, name);
        if (!(failure instanceof LogStoreError) || (failure.kind !== 'IO' && failure.kind !== 'NO_SPACE')) break;
        // Nothing was ever written to it; two directories of one partition would have to be told apart.
        if (managed.online) await managed.usable('remove').removeMarked(name);
      }
    }
    throw failure;
  }

  private countIn(managed: ManagedDirectory): number {
    let count = this.openingIn.get(managed) ?? 0;
    for (const log of this.deps.logs.values()) if (log.directoryPath === managed.path) count += 1;
    return count;
  }

  private async openIn(managed: ManagedDirectory, wanted: Wanted): Promise<PartitionLog> {
    const { name, onFlushed } = wanted;
    this.openingIn.set(managed, (this.openingIn.get(managed) ?? 0) + 1);
    try {
      const log = await this.loadLog(managed, wanted);
      this.deps.places.created(name, managed);
      this.unopened.delete(name);
      this.deps.opened(name, log, onFlushed);
      return log;
    } finally {
      this.openingIn.set(managed, (this.openingIn.get(managed) ?? 1) - 1);
    }
  }

  private async loadLog(managed: ManagedDirectory, wanted: Wanted): Promise<PartitionLog> {
    const { name } = wanted;
    const { cleanShutdown, recoveryPoints, logStartOffsets, cleanedOffsets, recoveryPointsLost } = managed.checkpoints;
    const recoveryPoint = recoveryPoints.get(name) ?? 0;
    const log = await loadPartitionLog({
      ...wanted,
      ports: this.ports,
      directory: managed.usable('open'),
      exists: managed.found.has(name),
      cancelled: () => this.isUnwanted(name),
      cleanShutdown: cleanShutdown && recoveryPoints.has(name),
      recoveryPoint,
      // What cleaned it beyond both was a Kafka, just before it crashed; without recovery points nobody knows.
      gapsBelow: wanted.config.compact && recoveryPointsLost ? INT64_MAX : (cleanedOffsets.get(name) ?? 0),
      logStartOffset: logStartOffsets.get(name) ?? 0,
    });
    const { logEndOffset } = log.log;
    if (logEndOffset < recoveryPoint) {
      this.ports.logger.warn(
        `${name}: the log ends at offset ${logEndOffset}, although everything below ${recoveryPoint} was synced: its end was lost`,
      );
      try {
        await this.deps.lowerRecoveryPoint(managed, name, logEndOffset);
      } catch (error) {
        await log.close({ sync: false });
        throw error;
      }
    }
    log.cleanedOffset = cleanedOffsets.get(name);
    log.space = managed.space;
    return log;
  }
}

/** Runs `open` for every item, some at a time. */
export async function inParallel<T>(items: readonly T[], open: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await open(item);
  };
  await Promise.all(Array.from({ length: Math.min(parallelLoads, items.length) }, worker));
}

/** A small file beside the log could not be written. */
function typed(error: unknown, name: string): unknown {
  if (!(error instanceof FileSystemError)) return error;
  return new LogStoreError(isNoSpace(error) ? 'NO_SPACE' : 'IO', 'open', name, error.code, error.message);
}
