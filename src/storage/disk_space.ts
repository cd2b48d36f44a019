import type { Clock, FileSystem, TimerHandle, Timers } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';

/** `millrace.disk.*`, as they are now. */
export interface DiskLimits {
  /** Kept free for the broker itself; -1: {@link reserveShare} of the file system, {@link largestOwnReserveBytes} at most. */
  readonly reserveBytes: number;
  /** So much must be free before records of clients are taken again; -1: twice the reserve. */
  readonly resumeBytes: number;
  readonly checkIntervalMs: number;
}

export interface DiskSpacePorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly files: Pick<FileSystem, 'diskSpace'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

const reserveShare = 0.05;
const largestOwnReserveBytes = 256 * 1024 * 1024;
/** With no reserve at all: what must be free before a write that failed is worth another try. */
const leastResumeBytes = 1024 * 1024;
/** Looks between two sweeps for what may be deleted, while the disk is full. */
const looksPerSweep = 5;
/** After a write failed for want of room although enough is free (a quota, no inodes): looks before the next try. */
const looksAfterRefusedWrite = 10;

/**
 * How much room the file system of one log directory has, and whether records of clients may use it.
 *
 * Below the reserve clients' batches are refused, so that what remains serves what must go on: commits and other coordinator
 * records, the metadata journal, checkpoints, snapshots, indexes, and compaction. Free bytes are asked for off the loop when
 * something is appended: at most once per interval, or sooner when a quarter of what was left above the reserve may be used up;
 * between two looks every appended byte is taken off. An idle broker asks nothing. Looking before the bytes run out is what keeps
 * a failed write-back (`fdatasync` with ENOSPC, final for the directory) out of reach: file systems with delayed allocation count
 * bytes as used when they are written to memory.
 */
export class DiskSpace {
  private reserve = 0;
  private resume = 0;
  private checkIntervalMs = 0;
  private totalBytes = 0;
  private usableBytes = Number.POSITIVE_INFINITY;
  private appendedBytes = 0;
  /** Wall time of the last look. */
  private lookedMs = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;
  private timer: TimerHandle | undefined;
  private fullSinceMs: number | undefined;
  private said = false;
  private looks = 0;
  private holdLooks = 0;
  private refusedWrite = '';
  private refusedNow = 0;
  private unknown = false;
  private closed = false;
  /** Batches of clients refused since the start. */
  refusedBatches = 0;

  constructor(
    private readonly ports: DiskSpacePorts,
    readonly path: string,
    private readonly limits: () => DiskLimits,
    /** Called now and then while the disk is full: to delete at once what may be deleted. */
    private readonly sweep: () => void,
  ) {}

  /** Looks for the first time. Undefined without limits: nobody looks, and only failed writes tell. */
  static async watch(
    ports: DiskSpacePorts,
    path: string,
    limits: (() => DiskLimits) | undefined,
    sweep: () => void,
  ): Promise<DiskSpace | undefined> {
    if (limits === undefined) return undefined;
    const space = new DiskSpace(ports, path, limits, sweep);
    await space.look();
    return space;
  }

  /** Records of clients are being refused. */
  get full(): boolean {
    return this.fullSinceMs !== undefined;
  }

  /** Free bytes as of the last look, less what was appended since. Infinite before the first. */
  get estimatedBytes(): number {
    return this.usableBytes - this.appendedBytes;
  }

  get reserveBytes(): number {
    return this.reserve;
  }

  get resumeBytes(): number {
    return this.resume;
  }

  /** The limits may be others now. */
  reconfigured(): void {
    this.readLimits();
    this.judge();
  }

  private readLimits(): void {
    const { reserveBytes, resumeBytes, checkIntervalMs } = this.limits();
    this.checkIntervalMs = checkIntervalMs;
    this.reserve =
      reserveBytes >= 0 ? reserveBytes : Math.min(largestOwnReserveBytes, Math.floor(this.totalBytes * reserveShare));
    this.resume = resumeBytes >= 0 ? Math.max(resumeBytes, this.reserve) : Math.max(2 * this.reserve, leastResumeBytes);
  }

  /** Why a client's batch is not taken at `nowMs` (wall); undefined: it may be appended. Cheap: no call to the system, not even for the time. */
  refusal(sizeBytes: number, nowMs: number): string | undefined {
    if (this.closed) return undefined;
    if (!this.full) {
      const left = this.estimatedBytes - sizeBytes - this.reserveBytes;
      // Either way: a wall clock may be set back.
      if (Math.abs(nowMs - this.lookedMs) >= this.checkIntervalMs || left < this.appendedBytes * 3)
        this.lookInBackground();
      // Not said yet: the look that is under way may find that something was deleted meanwhile.
      if (left >= 0) return undefined;
    }
    this.refusedBatches += 1;
    this.refusedNow += 1;
    return `The disk of ${this.path} is full; it is retried when ${this.resumeBytes} bytes are free`;
  }

  appended(sizeBytes: number): void {
    this.appendedBytes += sizeBytes;
  }

  /** A write failed for want of room. */
  exhausted(why: string): void {
    this.holdLooks = looksAfterRefusedWrite;
    this.refusedWrite = why;
    this.begin();
    this.lookInBackground();
  }

  /** Whether a background writer may write so much: not into the reserve, or half of what is left of it. */
  roomFor(sizeBytes: number): boolean {
    const left = this.estimatedBytes;
    return sizeBytes <= Math.max(left - this.reserveBytes, left / 2);
  }

  /** Asks the system now. Never rejects. */
  look(): Promise<void> {
    this.looking ??= this.lookNow().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private lookInBackground(): void {
    this.look().catch(() => undefined);
  }

  private async lookNow(): Promise<void> {
    const { clock, files, logger } = this.ports;
    this.lookedMs = clock.wallMs();
    // What is appended from here on may or may not be in the answer: it counts as if not.
    const before = this.appendedBytes;
    try {
      const { totalBytes, usableBytes } = await files.diskSpace(this.path);
      this.totalBytes = totalBytes;
      this.usableBytes = usableBytes;
      this.appendedBytes -= before;
      this.unknown = false;
    } catch (error) {
      if (!this.unknown)
        logger.warn(`the free space of ${this.path} cannot be told; only failed writes show that it is full`, {
          error,
        });
      this.unknown = true;
    }
    this.readLimits();
    this.judge();
  }

  private judge(): void {
    if (this.closed) return;
    if (!this.full && this.estimatedBytes < this.reserveBytes) this.begin();
    if (!this.full) return;
    if (!this.said) this.sayFull();
    this.holdLooks -= 1;
    if (this.holdLooks < 0 && this.estimatedBytes >= this.resumeBytes) {
      this.end();
      return;
    }
    if (this.looks % looksPerSweep === 0) this.sweep();
    this.looks += 1;
    this.timer ??= this.ports.timers.after(this.checkIntervalMs, () => {
      this.timer = undefined;
      this.lookInBackground();
    });
  }

  private begin(): void {
    if (this.full) return;
    this.fullSinceMs = this.ports.clock.monotonicMs();
    this.said = false;
    this.looks = 0;
  }

  private sayFull(): void {
    this.said = true;
    const free = Math.max(0, this.usableBytes);
    const reserve = this.reserveBytes;
    const why =
      free >= reserve && this.refusedWrite !== ''
        ? `a write failed for want of room although ${free} of ${this.totalBytes} bytes are free (${this.refusedWrite}): a quota, or no inodes`
        : `${free} of ${this.totalBytes} bytes are free, less than the reserve of ${reserve} (millrace.disk.reserve.bytes)`;
    this.ports.logger.warn(
      `the disk of ${this.path} is full: ${why}. Records of producers are refused with KAFKA_STORAGE_ERROR, which they retry; reads, commits, deletion and retention go on. Delete topics or records, lower retention.ms or retention.bytes, remove other files or enlarge the disk: records are taken again when ${this.resumeBytes} bytes are free`,
    );
  }

  private end(): void {
    const { clock, logger } = this.ports;
    const seconds = Math.round((clock.monotonicMs() - (this.fullSinceMs ?? 0)) / 1000);
    this.fullSinceMs = undefined;
    this.refusedWrite = '';
    logger.info(
      `the disk of ${this.path} has ${this.usableBytes} bytes free again: records of producers are taken; it was full for ${seconds} s, ${this.refusedNow} batches were refused`,
    );
    this.refusedNow = 0;
  }
}
