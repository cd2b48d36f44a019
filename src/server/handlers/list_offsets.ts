import { LogStoreError } from '../../common/ports/index.js';
import type { ListOffsetsRequest, ListOffsetsResponseInput } from '../../protocol/api/list_offsets.js';
import { ErrorCode } from '../../protocol/errors.js';
import { decodeBatch, RecordBatchError } from '../../records/index.js';
import type { Partition } from '../../replication/partition.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { PartitionLog } from '../../storage/partition_log.js';
import { withoutWaiting } from '../../storage/without_waiting.js';
import type { Handler } from '../handler.js';

/** Timestamps that mean something else (KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023). */
const latest = -1;
const earliest = -2;
const maxTimestamp = -3;
const earliestLocal = -4;
const latestTiered = -5;
const earliestPendingUpload = -6;

const lowestVersionWithEpochs = 4;
const readCommitted = 1;

interface Found {
  readonly errorCode: ErrorCode;
  readonly timestamp: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

const unknown: Found = { errorCode: ErrorCode.NONE, timestamp: -1, offset: -1, leaderEpoch: -1 };

function failed(errorCode: ErrorCode): Found {
  return { ...unknown, errorCode };
}

/** ListOffsets: the offset of the first record at or after a timestamp, or of one of the special places. */
export function listOffsetsHandler(deps: {
  readonly replicas: ReplicaManager;
}): Handler<ListOffsetsRequest, ListOffsetsResponseInput> {
  return (request, context) => {
    const asked = request.topics.map(({ name, partitions }) =>
      firstOfEach(partitions).map(({ partitionIndex, currentLeaderEpoch, timestamp, repeated }) => {
        const found = repeated
          ? failed(ErrorCode.INVALID_REQUEST)
          : findOrFail(
              deps.replicas.get(name, partitionIndex),
              currentLeaderEpoch,
              timestamp,
              context.apiVersion,
              request.isolationLevel === readCommitted,
            );
        const shown = (one: Found) => answerOf(partitionIndex, one, context.apiVersion);
        return found instanceof Promise ? found.then(shown) : shown(found);
      }),
    );
    const respond = (answers: ReadonlyArray<readonly Answer[]>): ListOffsetsResponseInput => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name }, index) => ({ name, partitions: [...(answers[index] ?? [])] })),
    });
    return isReady(asked)
      ? respond(asked)
      : Promise.all(asked.map((answers) => Promise.all(answers.map(async (one) => one)))).then(respond);
  };
}

type Answer = ReturnType<typeof answerOf>;

function answerOf(partitionIndex: number, found: Found, version: number) {
  return { partitionIndex, ...found, leaderEpoch: version >= lowestVersionWithEpochs ? found.leaderEpoch : -1 };
}

function isReady(asked: ReadonlyArray<ReadonlyArray<Answer | Promise<Answer>>>): asked is Answer[][] {
  return asked.every((answers) => answers.every((one) => !(one instanceof Promise)));
}

type Asked = ListOffsetsRequest['topics'][number]['partitions'][number];

/** A partition that is asked for more than once is answered once. */
function firstOfEach(partitions: readonly Asked[]): Array<Asked & { readonly repeated: boolean }> {
  const counts = new Map<number, number>();
  for (const { partitionIndex } of partitions) counts.set(partitionIndex, (counts.get(partitionIndex) ?? 0) + 1);
  if (counts.size === partitions.length) return partitions.map((one) => ({ ...one, repeated: false }));
  return [...counts].flatMap(([partitionIndex, count]) => {
    const first = partitions.find((one) => one.partitionIndex === partitionIndex);
    return first === undefined ? [] : [{ ...first, repeated: count > 1 }];
  });
}

/** What cannot be read on the way is an answer, too. What is not in memory is looked for again once it is. */
function findOrFail(...asked: Parameters<typeof find>): Found | Promise<Found> {
  const look = () => find(...asked);
  const log = asked[0]?.log?.log;
  try {
    const found = log === undefined ? look() : withoutWaiting(log, look);
    return found instanceof Promise ? found.catch(asFound) : found;
  } catch (error) {
    return asFound(error);
  }
}

function asFound(error: unknown): Found {
  if (!(error instanceof LogStoreError)) throw error;
  return failed(error.kind === 'CORRUPT' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.KAFKA_STORAGE_ERROR);
}

function find(
  partition: Partition | undefined,
  currentLeaderEpoch: number,
  timestamp: number,
  version: number,
  readsCommitted: boolean,
): Found {
  if (partition === undefined) return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const { log, unavailable } = partition;
  if (log === undefined || unavailable !== undefined) return failed(unavailable ?? ErrorCode.KAFKA_STORAGE_ERROR);
  const epochError = partition.checkEpoch(currentLeaderEpoch);
  if (epochError !== ErrorCode.NONE) return failed(epochError);
  if (timestamp < earliestPendingUpload || version < lowestVersionOf(timestamp))
    return failed(ErrorCode.UNSUPPORTED_VERSION);
  const end = readsCommitted ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case latest:
      return at(end, partition.leaderEpoch);
    case earliest:
    case earliestLocal:
      return at(log.log.logStartOffset, log.epochs.epochFor(log.log.logStartOffset) ?? -1);
    case latestTiered:
    case earliestPendingUpload:
      // Nothing is in another tier, and nothing waits to get there.
      return unknown;
    case maxTimestamp:
      return (
        recordOf(
          log,
          log.log.findBatchOfMaxTimestamp(end)?.baseOffset,
          (record, batch) => record === batch.maxTimestampMs,
        ) ?? unknown
      );
    default:
      return byTimestamp(log, timestamp, end);
  }
}

function lowestVersionOf(timestamp: number): number {
  if (timestamp === maxTimestamp) return 7;
  if (timestamp === earliestLocal) return 8;
  if (timestamp === latestTiered) return 9;
  return timestamp === earliestPendingUpload ? 11 : 0;
}

function at(offset: number, leaderEpoch: number): Found {
  return { errorCode: ErrorCode.NONE, timestamp: -1, offset, leaderEpoch };
}

/** Offset of the first committed record at or after a time; undefined when there is none. @throws LogStoreError */
export async function offsetForTimestamp(partition: Partition, timestampMs: number): Promise<number | undefined> {
  const { log } = partition;
  if (log === undefined) return undefined;
  const found = await withoutWaiting(log.log, () => byTimestamp(log, timestampMs, partition.highWatermark));
  return found.errorCode === ErrorCode.NONE && found.offset >= 0 ? found.offset : undefined;
}

/** Batches whose headers are read at once while the first one that fits is looked for. */
const batchesPerScan = 64;

/**
 * The first record at or after a timestamp. Nearly always it is in the batch that the engine finds; the batches behind are looked at
 * when that record is below the log's start (DeleteRecords inside a batch), or the header promised more than the records have.
 */
function byTimestamp(log: PartitionLog, timestampMs: number, end: number): Found {
  const first = log.log.findBatchByTimestamp(timestampMs, end);
  if (first === undefined) return unknown;
  const fits = (recordMs: number) => recordMs >= timestampMs;
  let found = recordOf(log, first.baseOffset, fits);
  for (let offset = first.lastOffset + 1; found === undefined && offset < end; ) {
    const batches = log.log.scanBatches(offset, batchesPerScan);
    if (batches.length === 0) break;
    for (const { baseOffset, lastOffsetDelta, maxTimestampMs } of batches) {
      offset = baseOffset + lastOffsetDelta + 1;
      if (offset > end) break;
      if (maxTimestampMs >= timestampMs) found = recordOf(log, baseOffset, fits);
      if (found !== undefined) break;
    }
  }
  return found ?? unknown;
}

/** The first record of a batch that fits, or an error; undefined when none does. The engine finds batches, records need a look inside. */
function recordOf(
  log: PartitionLog,
  baseOffset: number | undefined,
  fits: (timestampMs: number, batch: { readonly maxTimestampMs: number }) => boolean,
): Found | undefined {
  if (baseOffset === undefined) return undefined;
  try {
    const batch = decodeBatch(log.log.readCopy(baseOffset, 1, log.log.logEndOffset));
    const record = batch.records.find(
      ({ timestampMs, offset }) => offset >= log.log.logStartOffset && fits(timestampMs, batch),
    );
    if (record === undefined) return undefined;
    return {
      errorCode: ErrorCode.NONE,
      timestamp: record.timestampMs,
      offset: record.offset,
      leaderEpoch: batch.leaderEpoch,
    };
  } catch (error) {
    if (error instanceof RecordBatchError) return failed(ErrorCode.CORRUPT_MESSAGE);
    throw error;
  }
}
