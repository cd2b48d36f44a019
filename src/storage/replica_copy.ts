import { type FileSystem, type LogDirectory, LogStoreError, type SegmentInfo } from '../common/ports/index.js';
import type { ByteRate } from './byte_rate.js';
import type { DiskSpace } from './disk_space.js';
import type { PartitionLog } from './partition_log.js';

/** The files beside a sealed segment's `.log` that belong to it. */
const besideSealed = ['.index', '.timeindex', '.txnindex'] as const;
const largestStepBytes = 4 * 1024 * 1024;
/** What is left then is appended: the log grows no faster than it can be read again. */
const leftBytes = 1024 * 1024;

/**
 * Copies the segment files of a log that is in use into a directory of another disk, in steps off the event loop. Batches do not
 * change once they are written, so a file up to a length that was its length is a log. Nothing may be deleted or compacted meanwhile.
 */
export class ReplicaCopy {
  copiedBytes = 0;
  /** Everything below is copied. */
  endOffset: number;
  private readonly done = new Map<number, number>();
  private readonly sealed = new Set<number>();

  constructor(
    private readonly files: FileSystem,
    private readonly source: PartitionLog,
    private readonly target: LogDirectory,
    private readonly space: DiskSpace | undefined,
    private readonly futureName: string,
    private readonly rate: ByteRate,
    private readonly isStopped: () => boolean,
  ) {
    this.endOffset = source.log.logStartOffset;
  }

  /** Until only little is missing. False when it was stopped. @throws LogStoreError, FileSystemError */
  async run(): Promise<boolean> {
    let lastLeft = Number.POSITIVE_INFINITY;
    for (;;) {
      const segments = this.source.log.segments();
      for (const [index, segment] of segments.entries()) {
        if (!(await this.copySegment(segment))) return false;
        this.endOffset = Math.max(this.endOffset, segments[index + 1]?.baseOffset ?? segment.baseOffset);
      }
      const left = this.source.log.sizeBytes - this.copiedBytes;
      // Below the rate at which the log grows nothing is won by going on.
      if (left <= leftBytes || left >= lastLeft) break;
      lastLeft = left;
    }
    const last = Math.max(...this.done.keys());
    await this.copyMatching(/^(\d{20})\.snapshot$/, (offset) => Number(offset) <= last);
    return !this.isStopped();
  }

  private async copySegment({ baseOffset, sizeBytes, active }: SegmentInfo): Promise<boolean> {
    const stem = String(baseOffset).padStart(20, '0');
    let position = this.done.get(baseOffset);
    while (position === undefined || position < sizeBytes) {
      if (this.isStopped()) return false;
      const from: number = position ?? 0;
      const step = Math.min(sizeBytes - from, this.rate.stepBytes(largestStepBytes));
      this.takeRoom(step);
      await this.copyFile(`${stem}.log`, from, step);
      position = from + step;
      this.done.set(baseOffset, position);
      this.copiedBytes += step;
      await this.rate.pass(step, this.isStopped);
    }
    if (!active && !this.sealed.has(baseOffset)) {
      this.sealed.add(baseOffset);
      await this.copyMatching(new RegExp(`^${stem}(${besideSealed.map((suffix) => `\\${suffix}`).join('|')})$`));
    }
    return true;
  }

  /** The reserve is not for copies. */
  private takeRoom(sizeBytes: number): void {
    const { space } = this;
    if (space === undefined) return;
    if (!space.roomFor(sizeBytes))
      throw new LogStoreError('NO_SPACE', 'copy', this.target.path, 'ENOSPC', 'there is too little room for the copy');
    space.appended(sizeBytes);
  }

  /** Small files, whole. */
  private async copyMatching(pattern: RegExp, isWanted: (part: string) => boolean = () => true): Promise<void> {
    const entries = (await this.files.listDirectory(this.sourcePath)) ?? [];
    for (const { name } of entries) {
      const part = pattern.exec(name)?.[1];
      if (part !== undefined && isWanted(part)) await this.copyFile(name, 0, -1);
    }
  }

  private get sourcePath(): string {
    return `${this.source.directoryPath}/${this.source.name}`;
  }

  private copyFile(name: string, position: number, sizeBytes: number): Promise<number> {
    return this.target.copyFile(`${this.sourcePath}/${name}`, `${this.futureName}/${name}`, position, sizeBytes);
  }
}
