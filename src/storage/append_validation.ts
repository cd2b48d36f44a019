import { INT64_MAX } from '../common/ids.js';
import type { BatchInfo, BatchStatus, RecordFault } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';
import { decodeBatch, RecordBatchError } from '../records/index.js';
import type { LogConfig } from './log_config.js';

const timestampTypeBit = 8;
const transactionalBit = 16;
const controlBit = 32;
const zstdCodec = 4;
const lowestVersionWithZstd = 7;

export interface RecordError {
  readonly batchIndex: number;
  readonly message: string | null;
}

/** Any code but NONE. */
export type Failure = Exclude<ErrorCode, typeof ErrorCode.NONE>;

/** Why a batch was not appended, in the protocol's terms. */
export interface AppendRefusal {
  readonly errorCode: Failure;
  readonly errorMessage: string | null;
  readonly recordErrors: readonly RecordError[];
  /** Refused for what the bytes are, before any log was looked at; the answer then says nothing of the log. */
  readonly unseen?: true;
}

export interface ValidationContext {
  readonly nowMs: number;
  /** Version of the Produce request; older ones cannot carry zstd. */
  readonly produceVersion: number;
  /** Its records were looked through already. */
  readonly recordsSeen?: boolean;
}

export function refusal(errorCode: Failure, errorMessage: string | null = null): AppendRefusal {
  return { errorCode, errorMessage, recordErrors: [] };
}

/** What the engine found wrong with the bytes. */
export function statusRefusal(status: Exclude<BatchStatus, 'ok'>, magic: number): AppendRefusal {
  return { ...refusalOf(status, magic), unseen: true };
}

function refusalOf(status: Exclude<BatchStatus, 'ok'>, magic: number): AppendRefusal {
  switch (status) {
    case 'bad-crc':
    case 'bad-codec':
      return refusal(ErrorCode.CORRUPT_MESSAGE, `Record is corrupt (${status})`);
    case 'unsupported-magic':
      return magic === 0 || magic === 1
        ? refusal(
            ErrorCode.INVALID_RECORD,
            `Produce requests with version 3 and above carry record batches of magic 2, not ${magic}`,
          )
        : refusal(ErrorCode.CORRUPT_MESSAGE, `Invalid magic found in record: ${magic}`);
    case 'too-short':
    case 'empty':
    case 'more-than-one':
      return refusal(
        ErrorCode.INVALID_RECORD,
        'Produce requests with version 3 and above must carry exactly one record batch per partition',
      );
    case 'bad-offsets':
      return refusal(ErrorCode.INVALID_RECORD, 'Inner record offsets do not fit the count of records in the batch');
  }
}

/**
 * What Kafka's LogValidator checks of a client's batch beyond its bytes; undefined when it may be appended.
 *
 * Record timestamps are judged by the largest one, which the batch header has. The records themselves are read only where
 * `message.timestamp.before.max.ms` or compaction ask for it, and to name what is wrong; compressed ones were then looked through on
 * a thread (`recordsSeen`, `recompression.ts`).
 */
export function validateBatch(
  bytes: Uint8Array,
  batch: BatchInfo,
  log: { readonly name: string; readonly config: LogConfig },
  context: ValidationContext,
): AppendRefusal | undefined {
  const refused = validateHeader(batch, log.config, context);
  if (refused !== undefined || context.recordsSeen === true) return refused;
  return validateRecords(bytes, batch, log, context.nowMs);
}

/** The part of it that the header alone tells. */
export function validateHeader(
  batch: BatchInfo,
  config: LogConfig,
  context: ValidationContext,
): AppendRefusal | undefined {
  if (batch.baseOffset !== 0)
    return refusal(
      ErrorCode.INVALID_RECORD,
      `The base offset of a batch that a client sends is 0, not ${batch.baseOffset}: the broker gives offsets`,
    );
  if ((batch.attributes & controlBit) !== 0)
    return refusal(ErrorCode.INVALID_RECORD, 'Clients are not allowed to write control records');
  if ((batch.attributes & transactionalBit) !== 0 && batch.producerId < 0)
    return refusal(ErrorCode.INVALID_RECORD, 'A transactional batch needs a producer id');
  if ((batch.attributes & 7) === zstdCodec && context.produceVersion < lowestVersionWithZstd)
    return refusal(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'Produce requests below version 7 cannot carry zstd');
  if (batch.sizeBytes > config.maxMessageBytes)
    return refusal(
      ErrorCode.MESSAGE_TOO_LARGE,
      `The record batch size is ${batch.sizeBytes} bytes, larger than max.message.bytes (${config.maxMessageBytes})`,
    );
  if (batch.sizeBytes > config.segmentBytes)
    return refusal(
      ErrorCode.RECORD_LIST_TOO_LARGE,
      `The record batch size is ${batch.sizeBytes} bytes, larger than segment.bytes (${config.segmentBytes})`,
    );
  if (batch.producerId >= 0 && batch.baseSequence < 0)
    return refusal(ErrorCode.INVALID_RECORD, 'An idempotent batch needs a sequence number');
  if (batch.producerId >= 0 && batch.producerEpoch < 0) return refusal(ErrorCode.INVALID_PRODUCER_EPOCH);
  if (!config.logAppendTime && (batch.attributes & timestampTypeBit) !== 0)
    return refusal(
      ErrorCode.INVALID_TIMESTAMP,
      'Invalid timestamp type in a batch of a client: only the broker sets LogAppendTime',
    );
  return undefined;
}

/** A compacted topic cannot keep what has no key: the whole batch is refused, with the index of each such record. */
function validateRecords(
  bytes: Uint8Array,
  batch: BatchInfo,
  { name, config }: { readonly name: string; readonly config: LogConfig },
  nowMs: number,
): AppendRefusal | undefined {
  const limits = timestampLimits(config, nowMs);
  const { earliestMs, latestMs } = limits;
  const isLate = batch.maxTimestampMs > latestMs;
  if (!config.compact && !isLate && earliestMs < 0) return undefined;
  const faults = findFaults(bytes, config.compact, limits);
  if (faults === 'corrupt') return unreadable;
  if (faults.length > 0) return faultsRefusal(faults, name, limits);
  return isLate ? badTimestamps([]) : undefined;
}

interface TimestampLimits {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** What the timestamp of a record may be. With LogAppendTime it says nothing. */
export function timestampLimits(config: LogConfig, nowMs: number): TimestampLimits {
  if (config.logAppendTime) return { earliestMs: -INT64_MAX, latestMs: INT64_MAX };
  return {
    earliestMs: config.timestampBeforeMaxMs < INT64_MAX ? nowMs - config.timestampBeforeMaxMs : -INT64_MAX,
    latestMs: nowMs + config.timestampAfterMaxMs,
  };
}

function timestampText(timestampMs: number, index: number, { earliestMs, latestMs }: TimestampLimits): string {
  return `Timestamp ${timestampMs} of message with offset ${index} is out of range. The timestamp should be within [${earliestMs}, ${latestMs}]`;
}

function badTimestamps(recordErrors: readonly RecordError[]): AppendRefusal {
  return {
    errorCode: ErrorCode.INVALID_TIMESTAMP,
    errorMessage: 'One or more records have been rejected due to invalid timestamp',
    recordErrors,
  };
}

/** Of records that were looked at on a thread. One bad timestamp makes it INVALID_TIMESTAMP, as in Kafka. */
export function faultsRefusal(
  faults: readonly RecordFault[],
  partitionName: string,
  limits: TimestampLimits,
): AppendRefusal {
  const recordErrors = faults.map(({ kind, index, timestampMs }) => ({
    batchIndex: index,
    message: kind === 'no-key' ? noKeyText(partitionName) : timestampText(timestampMs, index, limits),
  }));
  return faults.some(({ kind }) => kind === 'timestamp') ? badTimestamps(recordErrors) : badRecords(recordErrors);
}

function noKeyText(partitionName: string): string {
  return `Compacted topic cannot accept message without key in topic partition ${partitionName}`;
}

function badRecords(recordErrors: readonly RecordError[]): AppendRefusal {
  const shown = recordErrors
    .slice(0, shownErrors)
    .map(({ batchIndex, message }) => `RecordError(batchIndex=${batchIndex}, message='${message}')`);
  return {
    errorCode: ErrorCode.INVALID_RECORD,
    errorMessage: `One or more records have been rejected due to ${recordErrors.length} record errors in total, and only showing the first three errors at most: [${shown.join(', ')}]`,
    recordErrors,
  };
}

const shownErrors = 3;
/** Not CORRUPT_MESSAGE: clients would send it again, and the CRC was right. */
export const unreadable = refusal(ErrorCode.INVALID_RECORD, 'The records of the batch cannot be read');

/** What is wrong with the records of one batch. Decompresses where it must, bounded. */
function findFaults(
  bytes: Uint8Array,
  keysNeeded: boolean,
  { earliestMs, latestMs }: TimestampLimits,
): readonly RecordFault[] | 'corrupt' {
  const faultOf = (key: Uint8Array | null, timestampMs: number): RecordFault['kind'] | undefined => {
    if (keysNeeded && key === null) return 'no-key';
    return timestampMs >= 0 && (timestampMs < earliestMs || timestampMs > latestMs) ? 'timestamp' : undefined;
  };
  try {
    return decodeBatch(bytes, { checkCrc: false }).records.flatMap(({ timestampMs, key }, index) => {
      const kind = faultOf(key, timestampMs);
      return kind === undefined ? [] : [{ index, kind, timestampMs }];
    });
  } catch (error) {
    if (error instanceof RecordBatchError) return 'corrupt';
    throw error;
  }
}
