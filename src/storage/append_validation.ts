import { INT64_MAX } from '../common/ids.js';
import type { BatchInfo, BatchStatus } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';

import type { LogConfig } from './log_config.js';
import { findNullKeys } from './null_keys.js';

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
}

export interface ValidationContext {
  readonly nowMs: number;
  /** Version of the Produce request; older ones cannot carry zstd. */
  readonly produceVersion: number;
}

export function refusal(errorCode: Failure, errorMessage: string | null = null): AppendRefusal {
  return { errorCode, errorMessage, recordErrors: [] };
}

/** What the engine found wrong with the bytes. */
export function statusRefusal(status: Exclude<BatchStatus, 'ok'>, magic: number): AppendRefusal {
  switch (status) {
    case 'too-short':
    case 'bad-crc':
    case 'bad-codec':
      return refusal(ErrorCode.CORRUPT_MESSAGE, `Record is corrupt (${status})`);
    case 'unsupported-magic':
      return magic === 0 || magic === 1
        ? refusal(
            ErrorCode.INVALID_RECORD,
            `Produce requests with version 3 and above carry record batches of magic 2, not ${magic}`,
          )
        : refusal(ErrorCode.CORRUPT_MESSAGE, `Record batch with unknown magic ${magic}`);
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
 * Record timestamps are judged by those of the batch header (first and largest), which bound them all.
 */
export function validateBatch(
  bytes: Uint8Array,
  batch: BatchInfo,
  config: LogConfig,
  context: ValidationContext,
): AppendRefusal | undefined {
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
  if (batch.producerId >= 0 && (batch.producerEpoch < 0 || batch.baseSequence < 0))
    return refusal(ErrorCode.INVALID_RECORD, 'An idempotent batch needs a producer epoch and a sequence number');
  return validateTimestamps(batch, config, context.nowMs) ?? validateKeys(bytes, config);
}

function validateTimestamps(batch: BatchInfo, config: LogConfig, nowMs: number): AppendRefusal | undefined {
  if (config.logAppendTime) return undefined;
  if ((batch.attributes & timestampTypeBit) !== 0)
    return refusal(
      ErrorCode.INVALID_TIMESTAMP,
      'Invalid timestamp type in a batch of a client: only the broker sets LogAppendTime',
    );
  const tooLate = batch.maxTimestampMs >= 0 && batch.maxTimestampMs - nowMs > config.timestampAfterMaxMs;
  const tooEarly =
    batch.baseTimestampMs >= 0 &&
    config.timestampBeforeMaxMs < INT64_MAX &&
    nowMs - batch.baseTimestampMs > config.timestampBeforeMaxMs;
  if (!tooLate && !tooEarly) return undefined;
  const bound = tooLate ? 'message.timestamp.after.max.ms' : 'message.timestamp.before.max.ms';
  return refusal(ErrorCode.INVALID_TIMESTAMP, `A record timestamp is out of range: see ${bound}`);
}

/** A compacted topic cannot keep what has no key: the whole batch is refused, with the index of each such record. */
function validateKeys(bytes: Uint8Array, config: LogConfig): AppendRefusal | undefined {
  if (!config.compact) return undefined;
  const indexes = findNullKeys(bytes);
  if (indexes === 'corrupt') return refusal(ErrorCode.CORRUPT_MESSAGE, 'The records of the batch cannot be read');
  if (indexes.length === 0) return undefined;
  return {
    errorCode: ErrorCode.INVALID_RECORD,
    errorMessage: 'One or more records have been rejected due to invalid records',
    recordErrors: indexes.map((batchIndex) => ({
      batchIndex,
      message: 'Compacted topic cannot accept message without key in topic partition',
    })),
  };
}
