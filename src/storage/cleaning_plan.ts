import type { SegmentInfo } from '../common/ports/index.js';
import type { LogConfig } from './log_config.js';

/** What the decision is made from. */
export interface CleanableLog {
  readonly config: LogConfig;
  readonly log: {
    readonly logStartOffset: number;
    readonly logEndOffset: number;
    readonly flushedOffset: number;
    readonly activeBaseOffset: number;
    segments(): SegmentInfo[];
  };
  readonly cleanedOffset: number | undefined;
  stableOffset(): number;
}

/** How dirty a log is: Kafka's LogToClean. */
export interface CleaningPlan {
  readonly firstDirtyOffset: number;
  /** Base offset of the first segment left alone. */
  readonly endOffset: number;
  readonly cleanBytes: number;
  /** Dirty bytes that may be cleaned now. */
  readonly cleanableBytes: number;
  /** `cleanableBytes` by the bytes below `endOffset`. */
  readonly cleanableRatio: number;
  /** By how much a record has waited longer than `max.compaction.lag.ms`; 0 when none has. */
  readonly compactionDelayMs: number;
  /** Cleaning is due: dirty enough, or too long ago. */
  readonly due: boolean;
  /** Something is dirty that the passing of time or a flush may make cleanable. */
  readonly waiting: boolean;
}

/** Whether sealed segments hold anything that was not cleaned. Costs nothing: for logs that are looked at often. */
export function hasDirtySegments({ log, cleanedOffset }: CleanableLog): boolean {
  return log.activeBaseOffset > firstDirtyOffset(log, cleanedOffset);
}

/**
 * Looks how dirty a log is and whether it is to be cleaned at `nowMs`. The active segment is never cleaned, nor anything that is
 * not committed and on the medium, nor segments with a record younger than `min.compaction.lag.ms`.
 */
export function planCleaning(cleanable: CleanableLog, nowMs: number): CleaningPlan {
  const { config, log } = cleanable;
  const first = firstDirtyOffset(log, cleanable.cleanedOffset);
  const sealed = log.segments().filter(({ active }) => !active);
  const bases = [...sealed.map(({ baseOffset }) => baseOffset), log.activeBaseOffset];
  const dirty = sealed.filter((_, index) => (bases[index + 1] ?? 0) > first);
  const young =
    config.minCompactionLagMs > 0
      ? dirty.find((segment) => newestMs(segment) > nowMs - config.minCompactionLagMs)?.baseOffset
      : undefined;
  const limit = Math.max(
    first,
    Math.min(cleanable.stableOffset(), log.flushedOffset, log.activeBaseOffset, young ?? log.activeBaseOffset),
  );
  // Whole segments only.
  const endOffset = Math.max(...bases.filter((base) => base <= limit), bases[0] ?? 0);
  const cleanBytes = sum(sealed.filter(({ baseOffset }) => baseOffset < Math.min(first, endOffset)));
  const cleanableBytes = sum(dirty.filter(({ baseOffset }) => baseOffset < endOffset));
  const totalBytes = cleanBytes + cleanableBytes;
  const cleanableRatio = totalBytes === 0 ? 0 : cleanableBytes / totalBytes;
  const compactionDelayMs = delayOf(dirty, nowMs - Math.max(config.maxCompactionLagMs, 0));
  const due =
    endOffset > first &&
    cleanableBytes > 0 &&
    (compactionDelayMs > 0 || cleanableRatio > config.minCleanableDirtyRatio);
  return {
    firstDirtyOffset: first,
    endOffset,
    cleanBytes,
    cleanableBytes,
    cleanableRatio,
    compactionDelayMs,
    due,
    waiting:
      !due && dirty.length > 0 && (endOffset < log.activeBaseOffset || Number.isSafeInteger(config.maxCompactionLagMs)),
  };
}

/** A checkpoint outside of the log is of another one: everything is dirty. */
function firstDirtyOffset(log: CleanableLog['log'], cleanedOffset: number | undefined): number {
  if (cleanedOffset === undefined || cleanedOffset < log.logStartOffset || cleanedOffset > log.logEndOffset)
    return log.logStartOffset;
  return cleanedOffset;
}

function delayOf(dirty: readonly SegmentInfo[], cleanUntilMs: number): number {
  const times = dirty.map(({ firstTimestampMs }) => firstTimestampMs).filter((timestampMs) => timestampMs > 0);
  const earliestMs = Math.min(...times);
  return earliestMs < cleanUntilMs ? cleanUntilMs - earliestMs : 0;
}

function newestMs({ maxTimestampMs, lastModifiedMs }: SegmentInfo): number {
  return maxTimestampMs >= 0 ? maxTimestampMs : lastModifiedMs;
}

function sum(segments: readonly SegmentInfo[]): number {
  return segments.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}
