import type { CleaningStatistics, LogCleaning, TimerHandle } from '../common/ports/index.js';
import { isNoSpace, LogStoreError } from '../common/ports/index.js';
import { CleanerThrottle } from './cleaner_throttle.js';
import { type CleaningPlan, hasDirtySegments, planCleaning } from './cleaning_plan.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { PartitionLog } from './partition_log.js';
import { withoutWaiting } from './without_waiting.js';

/** `log.cleaner.*`, as they are now. */
export interface CleanerSettings {
  /** Rounds that run at the same time. */
  readonly threads: number;
  /** Memory of the tables of keys, all rounds together. */
  readonly dedupeBufferBytes: number;
  readonly dedupeBufferLoadFactor: number;
  /** All rounds together. */
  readonly ioBufferBytes: number;
  readonly maxIoBytesPerSecond: number;
  readonly backoffMs: number;
}

export interface CleanerHooks {
  /** Logs that may be cleaned: their directories are good. */
  logs(): Iterable<PartitionLog>;
  /** Whether a round may write so much where the log is. */
  hasRoom(log: PartitionLog, sizeBytes: number): boolean;
  /**
   * Before a round: the recovery point on the medium is at `endOffset` or above it. So a gap between segments above the recovery point
   * is never cleaning's doing. @throws FileSystemError
   */
  begins(log: PartitionLog, endOffset: number): Promise<void>;
  /** A round is over; its checkpoint is to be written, old files are to be unlinked in time. */
  cleaned(log: PartitionLog): Promise<void>;
}

/** What the last rounds did, for metrics. */
export interface CleanerState {
  readonly maxDirtyRatio: number;
  readonly maxCompactionDelayMs: number;
  /** Of the last rounds, as many as there are threads. */
  readonly maxCleanTimeMs: number;
  readonly maxBufferUtilization: number;
  /** Bytes written by bytes read (without reading for the table of keys). */
  readonly recopyRatio: number;
  /** -1: there was none yet. */
  readonly lastRunMs: number;
  /** With what the rounds under way have done so far. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly recordsRemoved: number;
  readonly rounds: number;
  readonly roundsUnderWay: number;
}

type PastRound = CleaningStatistics & { readonly tookMs: number };

interface Round {
  readonly log: PartitionLog;
  stopped: boolean;
  /** Ends a wait of the throttle. */
  wake: () => void;
  done: Promise<void>;
}

/** Steps are short, so that a round can be stopped and others get their turn on the worker threads. */
const stepBytes = 4 * 1024 * 1024;
const largestMapBytes = 0x7fff_ffff;

/**
 * Decides which log is cleaned when (the dirtiest of those that are due, as Kafka's LogCleaner), and drives the rounds; the work on
 * bytes is the engine's. It sleeps until a segment is sealed, or looks again every `log.cleaner.backoff.ms` while something waits.
 */
export class LogCleaner {
  private readonly throttle: CleanerThrottle;
  private readonly rounds = new Map<PartitionLog, Round>();
  private readonly uncleanable = new Map<PartitionLog, string>();
  private readonly lastRounds: PastRound[] = [];
  private readonly dirty = new Map<PartitionLog, number>();
  private timer: TimerHandle | undefined;
  private working = 0;
  private closed = false;
  private readonly totals = {
    maxDirtyRatio: 0,
    maxCompactionDelayMs: 0,
    lastRunMs: -1,
    bytesRead: 0,
    bytesWritten: 0,
    recordsRemoved: 0,
    rounds: 0,
  };

  constructor(
    private readonly ports: LogManagerPorts,
    private readonly settings: () => CleanerSettings,
    private readonly hooks: CleanerHooks,
  ) {
    this.throttle = new CleanerThrottle(ports);
  }

  /** Work on a thread is under way. */
  get busy(): boolean {
    return this.working > 0;
  }

  get state(): CleanerState {
    const read = this.lastRounds.reduce((sum, { bytesRead, mapBytesRead }) => sum + bytesRead - mapBytesRead, 0);
    const written = this.lastRounds.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    return {
      ...this.totals,
      roundsUnderWay: this.rounds.size,
      maxCleanTimeMs: Math.max(0, ...this.lastRounds.map(({ tookMs }) => tookMs)),
      maxBufferUtilization: Math.max(0, ...this.lastRounds.map(({ mapUtilization }) => mapUtilization)),
      recopyRatio: read === 0 ? 0 : written / read,
    };
  }

  /** Bytes of each log that were sealed and not cleaned at the last look, and may be cleaned as of then; none when all is clean. */
  get dirtyBytes(): ReadonlyMap<PartitionLog, number> {
    return this.dirty;
  }

  /** Logs that cannot be cleaned because of what is in them. */
  get uncleanableLogs(): ReadonlyMap<PartitionLog, string> {
    return this.uncleanable;
  }

  /** Something may have become cleanable: a segment was sealed, a log opened, a config changed. Cheap. */
  wake(): void {
    if (this.closed || this.timer !== undefined) return;
    this.timer = this.ports.timers.after(this.settings().backoffMs, () => {
      this.timer = undefined;
      this.look();
    });
  }

  /** Ends the round of a log that is to be closed or deleted; resolves when nothing works on it any more. */
  async release(log: PartitionLog): Promise<void> {
    this.uncleanable.delete(log);
    this.dirty.delete(log);
    const round = this.rounds.get(log);
    if (round === undefined) return;
    round.stopped = true;
    round.wake();
    await round.done;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.timer?.cancel();
    this.timer = undefined;
    await Promise.all([...this.rounds.keys()].map((log) => this.release(log)));
  }

  private look(): void {
    if (this.closed) return;
    const nowMs = this.ports.clock.wallMs();
    this.totals.lastRunMs = this.ports.clock.monotonicMs();
    const due: Array<{ readonly log: PartitionLog; readonly plan: CleaningPlan }> = [];
    let waiting = false;
    let maxRatio = 0;
    let maxDelayMs = 0;
    for (const log of this.hooks.logs()) {
      if (this.rounds.has(log)) continue;
      this.dirty.delete(log);
      if (!log.config.compact || !hasDirtySegments(log)) continue;
      const plan = withoutWaiting(log.log, () => planCleaning(log, nowMs));
      if (plan instanceof Promise) {
        // Times of segments are read once: the next look finds them. What fails, fails there.
        void plan.catch(() => undefined);
        waiting = true;
        continue;
      }
      this.dirty.set(log, plan.cleanableBytes);
      if (this.uncleanable.has(log)) continue;
      maxRatio = Math.max(maxRatio, plan.cleanableRatio);
      maxDelayMs = Math.max(maxDelayMs, plan.compactionDelayMs);
      waiting ||= plan.waiting;
      if (plan.due && this.hooks.hasRoom(log, plan.cleanBytes + plan.cleanableBytes)) due.push({ log, plan });
      else waiting ||= plan.due;
    }
    this.totals.maxDirtyRatio = maxRatio;
    this.totals.maxCompactionDelayMs = maxDelayMs;
    due.sort((a, b) => b.plan.cleanableRatio - a.plan.cleanableRatio);
    for (const { log, plan } of due.slice(0, Math.max(0, this.settings().threads - this.rounds.size)))
      this.begin(log, plan, nowMs);
    if (waiting) this.wake();
  }

  private begin(log: PartitionLog, plan: CleaningPlan, nowMs: number): void {
    const round: Round = { log, stopped: false, wake: () => {}, done: Promise.resolve() };
    this.rounds.set(log, round);
    round.done = this.clean(round, plan, nowMs).then((succeeded) => {
      this.rounds.delete(log);
      if (this.closed) return;
      // The next one at once, as long as there are any; after a failure not before the backoff.
      if (succeeded) this.look();
      else this.wake();
    });
  }

  /** One round. False when it was not finished. */
  private async clean(round: Round, plan: CleaningPlan, nowMs: number): Promise<boolean> {
    const { log } = round;
    const begunMs = this.ports.clock.monotonicMs();
    let cleaning: LogCleaning | undefined;
    try {
      await this.work(() => this.hooks.begins(log, plan.endOffset));
      if (round.stopped) return false;
      cleaning = this.beginCleaning(log, plan, nowMs);
      if (cleaning === undefined || !(await this.runSteps(round, cleaning))) {
        await this.work(async () => cleaning?.abandon());
        return false;
      }
      log.cleanedOffset = cleaning.statistics.cleanedOffset;
      this.dirty.delete(log);
      this.finished(log, plan, cleaning.statistics, begunMs);
      await this.work(() => this.hooks.cleaned(log));
      return true;
    } catch (error) {
      this.failed(log, error);
      await this.work(async () => cleaning?.abandon()).catch(() => {});
      return false;
    }
  }

  private beginCleaning(log: PartitionLog, plan: CleaningPlan, nowMs: number): LogCleaning | undefined {
    const { threads, dedupeBufferBytes, dedupeBufferLoadFactor, ioBufferBytes } = this.settings();
    const { config } = log;
    return log.log.beginCleaning({
      firstDirtyOffset: plan.firstDirtyOffset,
      endOffset: plan.endOffset,
      nowMs,
      deleteRetentionMs: config.deleteRetentionMs,
      segmentBytes: config.segmentBytes,
      segmentIndexBytes: config.segmentIndexBytes,
      indexIntervalBytes: config.indexIntervalBytes,
      mapBytes: Math.min(largestMapBytes, dedupeBufferBytes / Math.max(1, threads)),
      mapLoadFactor: dedupeBufferLoadFactor,
      ioBufferBytes: Math.max(4096, Math.floor(ioBufferBytes / Math.max(1, threads) / 2)),
      producers: [...log.producers.entries()].map(({ producerId, producerEpoch, batches }) => ({
        producerId,
        producerEpoch,
        lastDataOffset: batches.at(-1)?.lastOffset ?? -1,
      })),
    });
  }

  /** False when the round was stopped or the log has changed under it. */
  private async runSteps(round: Round, cleaning: LogCleaning): Promise<boolean> {
    let movedBytes = 0;
    while (!round.stopped) {
      const { maxIoBytesPerSecond } = this.settings();
      // At a low rate smaller steps, so that disk and rate are used evenly.
      const budgetBytes = Math.max(4096, Math.min(stepBytes, maxIoBytesPerSecond / 10));
      const before = cleaning.statistics;
      const outcome = await this.work(() => cleaning.run(budgetBytes));
      const { bytesRead, bytesWritten } = cleaning.statistics;
      this.totals.bytesRead += bytesRead - before.bytesRead;
      this.totals.bytesWritten += bytesWritten - before.bytesWritten;
      if (outcome === 'done') return true;
      if (outcome === 'cancelled') return false;
      await this.throttle.pass(bytesRead + bytesWritten - movedBytes, maxIoBytesPerSecond, (end) => {
        round.wake = end;
      });
      movedBytes = bytesRead + bytesWritten;
    }
    return false;
  }

  private async work<T>(run: () => Promise<T>): Promise<T> {
    this.working += 1;
    try {
      return await run();
    } finally {
      this.working -= 1;
    }
  }

  private finished(log: PartitionLog, plan: CleaningPlan, statistics: CleaningStatistics, begunMs: number): void {
    const { totals } = this;
    totals.rounds += 1;
    totals.recordsRemoved += statistics.recordsRead - statistics.recordsKept;
    this.lastRounds.push({ ...statistics, tookMs: this.ports.clock.monotonicMs() - begunMs });
    if (this.lastRounds.length > Math.max(1, this.settings().threads)) this.lastRounds.shift();
    this.ports.logger.info(
      `${log.name}: cleaned up to offset ${statistics.cleanedOffset}: ${statistics.recordsKept} of ${statistics.recordsRead} records kept, ${plan.cleanBytes + plan.cleanableBytes} bytes became ${statistics.bytesWritten}, ${statistics.segmentsBefore} segments became ${statistics.segmentsAfter}`,
    );
  }

  private failed(log: PartitionLog, error: unknown): void {
    const { logger } = this.ports;
    if ((error instanceof LogStoreError && error.kind === 'NO_SPACE') || isNoSpace(error)) {
      logger.warn(`${log.name} could not be cleaned because the disk is full; it is tried again`, { error });
      return;
    }
    if (error instanceof LogStoreError && error.kind === 'NO_DESCRIPTORS') {
      logger.warn(`${log.name} could not be cleaned because no more files may be opened; it is tried again`, { error });
      return;
    }
    const why = error instanceof Error ? error.message : String(error);
    this.uncleanable.set(log, why);
    logger.error(
      `${log.name} cannot be cleaned (${why}) and only grows until the broker is restarted: look at the segment that is named, or delete the records up to it`,
      { error },
    );
  }
}
