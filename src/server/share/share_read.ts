import {
  type FileRegion,
  type LogLoading,
  type LogRead,
  LogStoreError,
  type ScannedBatch,
  type SegmentedLog,
} from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { AcquiredRecords } from '../../replication/share/states.js';
import { releaseRegion } from '../../storage/native_log.js';
import type { SharePartitionEntry } from './share_partitions.js';

export interface ShareReadRequest {
  readonly memberId: string;
  readonly recordLimit: boolean;
  readonly batchSize: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** A batch is read even when it is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
  readonly readsCommitted: boolean;
}

/** What there is for a member, of which nothing is acquired yet. */
export interface ShareFound {
  readonly errorCode: ErrorCode;
  readonly fetchOffset: number;
  /** Pinned. */
  readonly read: LogRead | undefined;
  /** Of its batches. */
  readonly headers: readonly ScannedBatch[];
}

export interface ShareRead {
  readonly errorCode: ErrorCode;
  readonly acquired: readonly AcquiredRecords[];
  /** Whole batches, of which the acquired records are a part; the reader skips the others. */
  readonly region: FileRegion | undefined;
}

const nothing: ShareFound = { errorCode: ErrorCode.NONE, fetchOffset: -1, read: undefined, headers: [] };
/** Read at once where headers are not in memory: the records behind them are sent next. */
const aheadBytes = 256 * 1024;
/** Headers that are read at once. */
const batchesPerScan = 256;
const transactional = 1 << 4;

/** Whether there is something to read from `fetchOffset` on, and how many bytes; more than there are when reading would fail. */
export function availableBytes(
  { partition, share }: SharePartitionEntry,
  readsCommitted: boolean,
  enoughBytes: number,
): number {
  const log = partition.log?.log;
  if (log === undefined || partition.unavailable !== undefined) return Number.POSITIVE_INFINITY;
  const fetchOffset = share.nextFetchOffset();
  const end = readsCommitted ? partition.lastStableOffset : partition.highWatermark;
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) return Number.POSITIVE_INFINITY;
  if (fetchOffset >= end) return 0;
  // What waits for more of a sealed segment waits in vain.
  if (fetchOffset < log.activeBaseOffset) return Number.POSITIVE_INFINITY;
  try {
    const counted = log.atOnce(() => log.availableBytes(fetchOffset, end, enoughBytes));
    return 'found' in counted ? counted.found : Number.POSITIVE_INFINITY;
  } catch (error) {
    if (!(error instanceof LogStoreError)) throw error;
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Looks where the group goes on. Only headers of batches are looked at; the records leave as a region of the segment file. Unless it
 * `mayWait` for the medium, what is not in memory is being loaded.
 */
export function findForMember(
  { partition, share }: SharePartitionEntry,
  request: ShareReadRequest,
  mayWait: boolean,
): ShareFound | LogLoading {
  const log = partition.log?.log;
  if (log === undefined || partition.unavailable !== undefined)
    return { ...nothing, errorCode: partition.unavailable ?? ErrorCode.NOT_LEADER_OR_FOLLOWER };
  const fetchOffset = share.nextFetchOffset();
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
    // DeleteRecords or retention took what was to come: the next fetch begins where the log does.
    share.logStartMoved(log.logStartOffset);
    return nothing;
  }
  const end = request.readsCommitted ? partition.lastStableOffset : partition.highWatermark;
  if (fetchOffset >= end || (request.maxBytes <= 0 && !request.minOneBatch)) return nothing;
  const look = () => pinned(log, fetchOffset, end, request);
  try {
    if (mayWait) return look();
    const looked = log.atOnce(look, aheadBytes);
    return 'found' in looked ? looked.found : looked;
  } catch (error) {
    return { ...nothing, errorCode: codeOf(error) };
  }
}

function pinned(
  log: SegmentedLog,
  fetchOffset: number,
  end: number,
  { maxBytes, minOneBatch }: ShareReadRequest,
): ShareFound {
  const read = log.read(fetchOffset, maxBytes, end, minOneBatch);
  if (read === undefined) return nothing;
  try {
    return { errorCode: ErrorCode.NONE, fetchOffset, read, headers: headersOf(log, read.baseOffset, read.nextOffset) };
  } catch (error) {
    releaseRegion(read.region);
    throw error;
  }
}

/** @throws what is no failure of the log */
function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof LogStoreError)) throw error;
  return error.kind === 'CORRUPT' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.KAFKA_STORAGE_ERROR;
}

/** Acquires for the member what was found in this turn. Its region is used up. */
export function acquireFound(entry: SharePartitionEntry, request: ShareReadRequest, found: ShareFound): ShareRead {
  const { errorCode, fetchOffset, read, headers } = found;
  if (read === undefined) return { errorCode, acquired: [], region: undefined };
  const acquired = acquire(entry, request, fetchOffset, headers, read.nextOffset);
  try {
    return { errorCode, acquired, region: narrow(entry, read.region, headers, acquired) };
  } catch (error) {
    return { errorCode: codeOf(error), acquired: [], region: undefined };
  }
}

function lastOffsetOf(batch: ScannedBatch): number {
  return batch.baseOffset + batch.lastOffsetDelta;
}

function headersOf(log: SegmentedLog, fromOffset: number, toOffset: number): ScannedBatch[] {
  const headers: ScannedBatch[] = [];
  for (let offset = fromOffset; offset < toOffset; ) {
    const scanned = log.scanBatches(offset, batchesPerScan);
    if (scanned.length === 0) break;
    for (const batch of scanned) {
      if (batch.baseOffset >= toOffset) return headers;
      headers.push(batch);
      offset = lastOffsetOf(batch) + 1;
    }
  }
  return headers;
}

function acquire(
  entry: SharePartitionEntry,
  { memberId, recordLimit, batchSize, maxRecords, readsCommitted }: ShareReadRequest,
  fetchOffset: number,
  headers: readonly ScannedBatch[],
  nextOffset: number,
): readonly AcquiredRecords[] {
  const batches = headers.map((batch) => ({ baseOffset: batch.baseOffset, lastOffset: lastOffsetOf(batch) }));
  const acquired = entry.share.acquire({ memberId, recordLimit, batchSize, maxRecords, fetchOffset, batches });
  if (!readsCommitted || acquired.length === 0) return acquired;
  return withoutAborted(entry, acquired, headers, nextOffset);
}

/** Records of aborted transactions are acquired like others, and then done with at once. */
function withoutAborted(
  { partition, share }: SharePartitionEntry,
  acquired: readonly AcquiredRecords[],
  headers: readonly ScannedBatch[],
  nextOffset: number,
): readonly AcquiredRecords[] {
  const fromOffset = headers[0]?.baseOffset ?? nextOffset;
  const aborted = [...(partition.log?.log.abortedTransactions(fromOffset, nextOffset) ?? [])];
  if (aborted.length === 0) return acquired;
  aborted.sort((a, b) => b.firstOffset - a.firstOffset);
  const open = new Set<number>();
  let left = acquired;
  for (const batch of headers) {
    if (batch.producerId < 0) continue;
    for (let next = aborted[aborted.length - 1]; next !== undefined && next.firstOffset <= lastOffsetOf(batch); ) {
      open.add(next.producerId);
      aborted.pop();
      next = aborted[aborted.length - 1];
    }
    if (batch.marker?.type === 'ABORT') open.delete(batch.producerId);
    else if ((batch.attributes & transactional) !== 0 && open.has(batch.producerId)) {
      share.archive(batch.baseOffset, lastOffsetOf(batch));
      left = left.flatMap((run) => without(run, batch.baseOffset, lastOffsetOf(batch)));
    }
  }
  return left;
}

function without(run: AcquiredRecords, firstOffset: number, lastOffset: number): AcquiredRecords[] {
  if (run.lastOffset < firstOffset || run.firstOffset > lastOffset) return [run];
  const before = run.firstOffset < firstOffset ? [{ ...run, lastOffset: firstOffset - 1 }] : [];
  const after = run.lastOffset > lastOffset ? [{ ...run, firstOffset: lastOffset + 1 }] : [];
  return [...before, ...after];
}

/** Leaves out batches at either end of which nothing was acquired. The given region is used up. */
function narrow(
  { partition }: SharePartitionEntry,
  region: FileRegion,
  headers: readonly ScannedBatch[],
  acquired: readonly AcquiredRecords[],
): FileRegion | undefined {
  const first = acquired[0];
  const last = acquired[acquired.length - 1];
  if (first === undefined || last === undefined) {
    releaseRegion(region);
    return undefined;
  }
  const wanted = headers.filter(
    (batch) => lastOffsetOf(batch) >= first.firstOffset && batch.baseOffset <= last.lastOffset,
  );
  const [begin] = wanted;
  const end = wanted[wanted.length - 1];
  if (wanted.length === headers.length || begin === undefined || end === undefined) return region;
  releaseRegion(region);
  const sizeBytes = wanted.reduce((sum, batch) => sum + batch.sizeBytes, 0);
  return partition.log?.log.read(begin.baseOffset, sizeBytes, lastOffsetOf(end) + 1, true)?.region;
}
