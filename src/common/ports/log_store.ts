import type { Uuid } from '../ids.js';
import type { FileRegion } from './server_transport.js';

/**
 * Segment files of partitions. The one implementation for production is native (`storage/native.ts`).
 *
 * A {@link SegmentedLog} is the mechanism only: contiguous batches in segment files with indexes. It knows nothing of
 * producers, epochs, high watermarks or configs; `storage/partition_log.ts` does.
 */
export interface LogStore {
  /**
   * Takes the directory's `.lock` (conflicts with any other process or broker that has it, Kafka included).
   * @throws LogStoreError `LOCKED`, `IO`
   */
  openDirectory(path: string): Promise<LogDirectory>;
  /** Validates exactly one magic-2 batch in `bytes` and reads its header into `into`. No I/O, no allocation. */
  inspectBatch(bytes: Uint8Array, into: BatchInfo): BatchStatus;
  /**
   * Looks at every record of a batch that `inspectBatch` accepted, off the loop, and builds it anew where `options.codec` is another
   * one. `bytes` are copied before this returns. Cost: decompression and compression on a thread, at most 128 MiB of records.
   */
  rebuildBatch(bytes: Uint8Array, options: RebuildOptions): Promise<RebuiltBatch>;
  readonly rebuilds: RebuildStatistics;
  /** Segment files that may be open at a time, in all directories; 0: what the process's limit lets. */
  limitOpenFiles(most: number): void;
  readonly openFiles: OpenFilesStatistics;
}

export interface OpenFilesStatistics {
  readonly open: number;
  readonly most: number;
  /** Ever opened because they were used. */
  readonly opened: number;
  /** Ever closed to make room for others. */
  readonly closed: number;
}

export interface RebuildOptions {
  /** As in the batch's attributes. */
  readonly codec: number;
  readonly level: number;
  /** Records without a key are faults. */
  readonly keysNeeded: boolean;
  /** Records with another timestamp are faults, but for those without one (-1). */
  readonly earliestMs: number;
  readonly latestMs: number;
}

export interface RecordFault {
  readonly index: number;
  readonly kind: 'no-key' | 'timestamp';
  readonly timestampMs: number;
}

export type RebuiltBatch =
  /** What is to be appended: the batch as it was, or anew. */
  | { readonly kind: 'ok'; readonly bytes: Uint8Array }
  | { readonly kind: 'faults'; readonly faults: readonly RecordFault[] }
  /** The codec cannot read it, its records are none, or they would take more than 128 MiB. */
  | { readonly kind: 'undecodable' | 'malformed' | 'too-large' };

export interface RebuildStatistics {
  readonly underWay: number;
  /** Batches built anew or looked through so far, and their bytes before and after. */
  readonly batches: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface LogDirectory {
  readonly path: string;
  /**
   * Opens or creates the log in `<path>/<name>`; recovery (everything after `recoveryPoint`: CRC check, torn tail cut
   * off, indexes rebuilt) runs off the loop.
   * @throws LogStoreError `CORRUPT` (damage that no crash leaves, with its offsets, file and positions; nothing was changed), `IO`,
   * `NO_SPACE`, `CLOSED` (see {@link cancelLoading}), `OTHER_OWNER` (see `OpenLogOptions.topicId`)
   */
  openLog(name: string, options: OpenLogOptions): Promise<SegmentedLog>;
  /**
   * What recovery may have to walk of logs that are there, bytes: the segments from the recovery point on. In the order given.
   * Cost: one look at each directory, off the loop.
   */
  bytesToCheck(
    logs: ReadonlyArray<{ readonly name: string; readonly recoveryPoint: number }>,
  ): Promise<readonly number[]>;
  /** What logs that were opened, and those that are being opened, have walked of that so far. */
  readonly checkedBytes: number;
  /** How many logs are loaded at once (`OpenLogOptions.loads`), each on a thread of its own; 1 at first. */
  setLoadingThreads(count: number): void;
  /** Logs that are being opened, or will be, reject with `CLOSED` soon; nothing of them has changed. For good. */
  cancelLoading(): void;
  /** The same for one log, if it is being loaded (`OpenLogOptions.loads`) or waits for it. */
  cancelLoad(name: string): void;
  /** Renames the directory of a log that is closed, and syncs this one, off the loop. @throws LogStoreError `IO` (directory is then failed) */
  rename(from: string, to: string): Promise<void>;
  /** Removes a directory that was renamed for it, off the loop. */
  removeMarked(name: string): Promise<void>;
  /**
   * Copies `sizeBytes` bytes (-1: to the end) at `position` of the file `from`, a path, to the same place of the file `to` below this
   * directory, off the loop; nothing is synced. Returns how many.
   * @throws LogStoreError `IO` (this directory is failed when it was its file), `NO_SPACE`, `CORRUPT` (the source ends early)
   */
  copyFile(from: string, to: string, position: number, sizeBytes: number): Promise<number>;
  /** A file of the directory that is not the engine's could not be written: as after a failed append. */
  fail(error: LogStoreError): void;
  /** Set once a write or sync failed; the directory then refuses everything until it is reopened. */
  readonly failure: LogStoreError | undefined;
  /** Called once when `failure` is set. */
  onFailure(handler: (error: LogStoreError) => void): void;
  readonly flushStatistics: FlushStatistics;
  /** All its logs must be closed. Gives up the lock. */
  close(): Promise<void>;
}

export interface FlushStatistics {
  /** fdatasync calls. */
  readonly flushes: number;
  /** Requests answered by them: `requests / flushes` is the group size. */
  readonly requests: number;
  /** Spent in rounds of the flusher. */
  readonly totalUs: number;
  /** Requests answered by one sync of a log. */
  readonly groupRequests: Distribution;
  /** Bytes appended that it covered. */
  readonly groupBytes: Distribution;
  /** Of each fdatasync, microseconds. */
  readonly syncUs: Distribution;
}

/** Counts by power of two: `counts[i]` is of what lies above 2^(i-1), up to 2^i; the last one of everything above as well. */
export interface Distribution {
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface OpenLogOptions {
  readonly segmentBytes: number;
  readonly indexIntervalBytes: number;
  readonly segmentIndexBytes: number;
  /** Batches below it are trusted without a CRC check. 0: verify everything. */
  readonly recoveryPoint: number;
  /** From the checkpoint; the log never shows records below it. */
  readonly logStartOffset: number;
  /** True after a clean stop: no verification at all. */
  readonly cleanShutdown: boolean;
  /**
   * Below it (and below `recoveryPoint`) offsets between segments may be missing: the log was compacted. Above both, what lies behind a
   * gap did not survive a crash. Left out: anywhere.
   */
  readonly gapsBelow?: number;
  /** A new segment takes `segmentBytes` on the disk at once. Not by default. */
  readonly preallocate?: boolean;
  /**
   * The log exists and may take long to recover: it waits for one of the loading threads instead of keeping others from theirs. Not by
   * default.
   */
  readonly loads?: boolean;
  /** A log whose `partition.metadata` names another topic is not touched: `OTHER_OWNER`, with that one's id as detail. */
  readonly topicId?: Uuid;
  /** Called on the event loop after group flushes, at most once per flush, when `flushedOffset` grew. */
  readonly onFlushed: (flushedOffset: number) => void;
}

export interface SegmentedLog {
  readonly name: string;
  /** What the transport names it by (`RepeatTerms`). */
  readonly handle: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /**
   * Leader epochs, topic id and producer snapshots as they lay beside the segments when the log was opened, by file name; undefined:
   * too large to have been read. Empty the second time.
   */
  takeSideFiles(): ReadonlyMap<string, Uint8Array | undefined>;
  /** Where the oldest segment begins: `firstBaseOffset ≤ logStartOffset`. */
  readonly firstBaseOffset: number;
  /** Everything below is on the medium (fdatasync returned). `flushedOffset ≤ logEndOffset`; below `logStartOffset` where records were deleted first. */
  readonly flushedOffset: number;
  readonly sizeBytes: number;
  /** Base offset of the segment that appends go to; grows when one is rolled. */
  readonly activeBaseOffset: number;
  /** What opening it had to do; zeros after a clean stop. */
  readonly recovered: {
    readonly truncatedBytes: number;
    readonly truncatedAtOffset: number;
    /** Of the truncated bytes what is kept beside the log (`.quarantine`), because valid batches lay behind ones never written. */
    readonly quarantinedBytes: number;
    readonly indexesRebuilt: number;
    /** Aborted transactions with markers at or above it must be given back by {@link restoreAborted}; INT64_MAX: none. */
    readonly transactionsLostFrom: number;
  };

  /**
   * Appends one batch that `inspectBatch` accepted in the same turn. Patches base offset and leader epoch in place; for
   * LogAppendTime (`appendTimeMs ≥ 0`) also the timestamp type, max timestamp and CRC. `baseOffset` must be ≥
   * `logEndOffset` (equal, but for replicas and compaction). Rolls a segment when size, index or offset range ask for it.
   * Synchronous: one pwritev into the page cache.
   * @throws LogStoreError `IO` (directory is then failed), `NO_SPACE` (nothing was appended, directory stays good)
   */
  append(bytes: Uint8Array, options: AppendBatchOptions): void;

  /**
   * Finds the batch that holds `offset` and pins a region from its start: whole batches only, at most `maxSizeBytes` (but
   * the first batch always when `minOneBatch`), ending before the batch that holds `upperOffset`. Never crosses a segment.
   * Undefined when there is nothing (`offset ≥ upperOffset`, or no batch fits).
   * Requires `logStartOffset ≤ offset ≤ logEndOffset`.
   */
  read(offset: number, maxSizeBytes: number, upperOffset: number, minOneBatch: boolean): LogRead | undefined;
  /** {@link read} that never waits for the medium: where it would have to, what it needs is being loaded, and it is to be tried again. */
  readAtOnce(
    offset: number,
    maxSizeBytes: number,
    upperOffset: number,
    minOneBatch: boolean,
  ): LogRead | LogLoading | undefined;
  /**
   * Runs `look`, in which no read of this log waits for the medium: where one would have to, at least `aheadBytes` from there on are
   * being loaded, and it is to be tried again. A `look` changes nothing, gives up what it pinned when it throws, and lets
   * `MUST_WAIT` through.
   */
  atOnce<T>(look: () => T, aheadBytes?: number): { readonly found: T } | LogLoading;
  /**
   * Any consumer may be given what is below `endOffset` without a look at the partition: that is its high watermark and its last stable
   * offset. -1: nobody.
   */
  offer(endOffset: number): void;
  /** The same bytes copied into JavaScript (coordinator loading, inspection, tools). Empty when there is nothing. */
  readCopy(offset: number, maxSizeBytes: number, upperOffset: number): Uint8Array;
  /** Bytes `read` would give from `offset` to `upperOffset`, cheap, for min_bytes decisions; may stop counting at `enoughBytes`. */
  availableBytes(offset: number, upperOffset: number, enoughBytes: number): number;

  /** First offset whose timestamp is ≥ `timestampMs`, below `upperOffset`. Decompresses nothing: gives the *batch*. */
  findBatchByTimestamp(timestampMs: number, upperOffset: number): BatchPosition | undefined;
  /** The batch with the largest maxTimestamp below `upperOffset` (the first of equals). */
  findBatchOfMaxTimestamp(upperOffset: number): BatchPosition | undefined;
  /** Headers of up to `maxBatches` batches from the one holding `fromOffset`; for producer state and epochs at load. */
  scanBatches(fromOffset: number, maxBatches: number): ScannedBatch[];
  /**
   * Aborted transactions with a record or marker in [fromOffset, upperOffset), in the order of their markers. Costs nothing while the
   * log has none.
   */
  abortedTransactions(fromOffset: number, upperOffset: number): readonly AbortedTransaction[];
  /** What a replay from `lostFrom` (`recovered.transactionsLostFrom`) found; the indexes on the medium say it when this returns. */
  restoreAborted(lostFrom: number, aborted: readonly AbortedTransaction[]): void;

  /** Asks for an fdatasync that covers everything appended so far; `onFlushed` tells. Cheap, callable per append. */
  requestFlush(): void;
  /** Resolves when everything appended before the call is on the medium. @throws LogStoreError */
  flush(): Promise<void>;
  roll(): void;
  /** logEndOffset becomes ≤ `offset` (lower if it fell inside a batch). */
  truncateTo(offset: number): void;
  truncateFullyAndStartAt(offset: number): void;
  /** Raises logStartOffset (DeleteRecords); whole segments below it can then be removed by `deleteSegments`. */
  advanceLogStartOffset(offset: number): void;
  segments(): SegmentInfo[];
  /**
   * Drops sealed segments whose base offset is in `baseOffsets` (oldest first, no gaps); logStartOffset follows. Files are
   * renamed to `.deleted` now and unlinked by {@link deletePending}. Pinned regions stay readable.
   */
  deleteSegments(baseOffsets: readonly number[]): void;
  /**
   * Begins a round of compaction over the sealed segments below `endOffset`; undefined when none of them is dirty. One round
   * of a log at a time. Truncations and deletions meanwhile are fine: they cancel it.
   * @throws LogStoreError
   */
  beginCleaning(options: CleaningOptions): LogCleaning | undefined;
  /** Unlinks files renamed by `deleteSegments` and by cleaning so far, off the loop. */
  deletePending(): Promise<void>;
  /** Regions of this log count for this account of `ServerTransport.egress` when they are sent. */
  accountFor(topicAccount: number): void;
  /** Changes of topic configs. */
  reconfigure(options: {
    readonly segmentBytes: number;
    readonly indexIntervalBytes: number;
    readonly segmentIndexBytes: number;
    readonly preallocate?: boolean;
  }): void;
  /**
   * Renames its directory within the log directory and goes on in it; the caller syncs the log directory. No compaction may be under
   * way. One system call on the loop.
   * @throws LogStoreError `IO`
   */
  rename(name: string): void;
  /** Flushes when `sync`, trims indexes, closes descriptors. Pinned regions stay readable. */
  close(options: { readonly sync: boolean }): Promise<void>;
}

export interface CleaningOptions {
  /** Keys from here on are looked for in the whole log; below it the log is clean. */
  readonly firstDirtyOffset: number;
  /** Base offset of the first segment left alone. Everything below is sealed, on the medium and committed. */
  readonly endOffset: number;
  /** Wall time: tombstones whose delete horizon is over go, new horizons are this plus `deleteRetentionMs`. */
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  /** Memory of the table of keys (24 bytes each) at most, and how full it may get, 0 to 1. */
  readonly mapBytes: number;
  readonly mapLoadFactor: number;
  readonly ioBufferBytes: number;
  /** What is known of producers: their last batches stay. */
  readonly producers: readonly ProducerTail[];
}

export interface ProducerTail {
  readonly producerId: number;
  /** -1: it has written markers only. */
  readonly lastDataOffset: number;
  readonly producerEpoch: number;
}

/** A round of compaction of one log. */
export interface LogCleaning {
  /**
   * Works off the loop until about `budgetBytes` were read and written. `cancelled`: the log has changed under it; call
   * {@link abandon}.
   * @throws LogStoreError `CORRUPT` (a batch that cannot be read; the log is as it was), `NO_SPACE` (as it was), `IO`
   */
  run(budgetBytes: number): Promise<'goes-on' | 'done' | 'cancelled'>;
  /** Removes what was begun and not finished. After it, or after `done`, the round is over. */
  abandon(): Promise<void>;
  readonly statistics: CleaningStatistics;
}

export interface CleaningStatistics {
  /** Of segments; those of the dirty part count twice. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Of `bytesRead` what was read for the table of keys. */
  readonly mapBytesRead: number;
  readonly recordsRead: number;
  readonly recordsKept: number;
  readonly segmentsBefore: number;
  readonly segmentsAfter: number;
  /** Keys in the table by its size, 0 to 1. */
  readonly mapUtilization: number;
  /** Once done: everything below was cleaned. Less than `endOffset` when the table was full. */
  readonly cleanedOffset: number;
}

export interface AppendBatchOptions {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  /** ≥ 0: message.timestamp.type=LogAppendTime, patch the batch. -1: leave as is. */
  readonly appendTimeMs: number;
  /** ≥ 0: roll a new segment before this append (segment.ms decided by the caller). */
  readonly rollFirst: boolean;
  /** The batch is the marker of this aborted transaction: it goes into the index of the segment that takes the batch. */
  readonly aborted?: { readonly firstOffset: number; readonly lastStableOffset: number } | undefined;
}

/** An entry of `.txnindex`. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of the marker. */
  readonly lastOffset: number;
  /** Of the partition, once the marker was written. */
  readonly lastStableOffset: number;
}

/** A batch header, with what a marker says. */
export interface ScannedBatch extends BatchInfo {
  readonly marker: { readonly type: 'COMMIT' | 'ABORT'; readonly coordinatorEpoch: number } | undefined;
}

export interface LogRead {
  readonly region: FileRegion;
  /** Base offset of the first batch in the region (can be below the offset asked for). */
  readonly baseOffset: number;
  /** Where a next read would go on. */
  readonly nextOffset: number;
}

/** Bytes of a log that no memory has are on their way from the medium. */
export interface LogLoading {
  /** Never rejects: what could not be read is for who reads it next. */
  readonly loading: Promise<void>;
}

export interface BatchPosition {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestampMs: number;
  readonly leaderEpoch: number;
}

export interface SegmentInfo {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** -1 when the segment has no record. The three times of a sealed segment are read from its files when asked for. */
  readonly maxTimestampMs: number;
  /** Timestamp of the first batch, -1 when empty; `segment.ms` counts from it. */
  readonly firstTimestampMs: number;
  readonly lastModifiedMs: number;
  readonly active: boolean;
}

/** Header of a magic-2 batch, as a mutable record that callers reuse. */
export interface BatchInfo {
  baseOffset: number;
  /** Whole batch including the first 12 bytes. */
  sizeBytes: number;
  leaderEpoch: number;
  attributes: number;
  lastOffsetDelta: number;
  baseTimestampMs: number;
  maxTimestampMs: number;
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  recordCount: number;
}

/** Why a batch is refused; the caller maps it to a protocol error. */
export type BatchStatus =
  | 'ok'
  | 'empty' /* no bytes → INVALID_RECORD */
  | 'too-short' /* or length field disagrees with the bytes → CORRUPT_MESSAGE */
  | 'more-than-one' /* → INVALID_RECORD */
  | 'unsupported-magic' /* 0 or 1 → INVALID_RECORD; anything else CORRUPT_MESSAGE, see `BatchInfo.attributes` = magic */
  | 'bad-crc' /* → CORRUPT_MESSAGE */
  | 'bad-offsets' /* lastOffsetDelta or count inconsistent → INVALID_RECORD */
  | 'bad-codec'; /* compression bits above 4 → CORRUPT_MESSAGE */

export class LogStoreError extends Error {
  override readonly name = 'LogStoreError';
  constructor(
    /**
     * `NO_DESCRIPTORS`: the process may open no more files; nothing is lost, and the same call may succeed later. `MUST_WAIT`: only
     * inside of {@link SegmentedLog.atOnce}.
     */
    readonly kind:
      | 'LOCKED'
      | 'IO'
      | 'NO_SPACE'
      | 'CORRUPT'
      | 'CLOSED'
      | 'BAD_ARGUMENTS'
      | 'NO_DESCRIPTORS'
      | 'OTHER_OWNER'
      | 'MUST_WAIT',
    readonly operation: string,
    readonly path: string,
    /** POSIX name or ''. */
    readonly code: string,
    readonly detail = '',
  ) {
    super(`${operation} ${path}: ${kind}${code === '' ? '' : ` (${code})`}${detail === '' ? '' : `: ${detail}`}`);
  }
}
