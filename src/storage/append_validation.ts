import { INT64_MAX } from '../common/ids.js';
import type { BatchInfo, BatchStatus } from '../common/ports/index.js';
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
 * `message.timestamp.before.max.ms` or compaction ask for it, and to name what is wrong.
 */
export function validateBatch(
  bytes: Uint8Array,
  batch: BatchInfo,
  log: { readonly name: string; readonly config: LogConfig },
  context: ValidationContext,
): AppendRefusal | undefined {
  const { config } = log;
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
  return validateTimestamps(bytes, batch, config, context.nowMs) ?? validateKeys(bytes, log.name, config);
}

function validateTimestamps(
  bytes: Uint8Array,
  batch: BatchInfo,
  config: LogConfig,
  nowMs: number,
): AppendRefusal | undefined {
  if (config.logAppendTime) return undefined;
  if ((batch.attributes & timestampTypeBit) !== 0)
    return refusal(
      ErrorCode.INVALID_TIMESTAMP,
      'Invalid timestamp type in a batch of a client: only the broker sets LogAppendTime',
    );
  const latestMs = nowMs + config.timestampAfterMaxMs;
  const earliestMs = config.timestampBeforeMaxMs < INT64_MAX ? nowMs - config.timestampBeforeMaxMs : -INT64_MAX;
  if (batch.maxTimestampMs <= latestMs && earliestMs < 0) return undefined;
  const recordErrors = findRecords(bytes, ({ timestampMs, index }) =>
    timestampMs >= 0 && (timestampMs < earliestMs || timestampMs > latestMs)
      ? `Timestamp ${timestampMs} of message with offset ${index} is out of range. The timestamp should be within [${earliestMs}, ${latestMs}]`
      : undefined,
  );
  if (recordErrors === 'corrupt') return unreadable;
  if (recordErrors.length === 0 && batch.maxTimestampMs <= latestMs) return undefined;
  return {
    errorCode: ErrorCode.INVALID_TIMESTAMP,
    errorMessage: 'One or more records have been rejected due to invalid timestamp',
    recordErrors,
  };
}

/** A compacted topic cannot keep what has no key: the whole batch is refused, with the index of each such record. */
function validateKeys(bytes: Uint8Array, partitionName: string, config: LogConfig): AppendRefusal | undefined {
  if (!config.compact) return undefined;
  const text = `Compacted topic cannot accept message without key in topic partition ${partitionName}`;
  const recordErrors = findRecords(bytes, ({ key }) => (key === null ? text : undefined));
  if (recordErrors === 'corrupt') return unreadable;
  if (recordErrors.length === 0) return undefined;
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
const unreadable = refusal(ErrorCode.CORRUPT_MESSAGE, 'The records of the batch cannot be read');

interface RecordInBatch {
  readonly index: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
}

/** What `judge` has to say of the records of one batch. Decompresses where it must, bounded. */
function findRecords(
  bytes: Uint8Array,
  judge: (record: RecordInBatch) => string | undefined,
): readonly RecordError[] | 'corrupt' {
  try {
    return decodeBatch(bytes, { checkCrc: false }).records.flatMap(({ timestampMs, key }, index) => {
      const message = judge({ index, timestampMs, key });
      return message === undefined ? [] : [{ batchIndex: index, message }];
    });
  } catch (error) {
    if (error instanceof RecordBatchError) return 'corrupt';
    throw error;
  }
}
