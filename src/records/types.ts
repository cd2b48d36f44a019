import type { Compression } from './compression.js';

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record as read. Key, value and header values are views of the batch, or of what it was decompressed to. */
export interface DecodedRecord {
  readonly offset: number;
  /** -1 in magic 0. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export type TimestampType = 'NoTimestampType' | 'CreateTime' | 'LogAppendTime';

export interface RecordBatchHeader {
  readonly magic: number;
  readonly baseOffset: number;
  /** Inclusive; below `baseOffset + recordCount - 1` never, above after compaction. */
  readonly lastOffset: number;
  /** The whole batch, the first 12 bytes (offset and length) included. */
  readonly sizeBytes: number;
  /** -1 below magic 2. */
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly attributes: number;
  readonly compression: Compression;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** `baseTimestampMs` is the time from which tombstones and markers may go (KIP-534), not the first record's. */
  readonly hasDeleteHorizon: boolean;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  /** -1: not idempotent. */
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1: none. */
  readonly baseSequence: number;
  /** Wraps from 2^31-1 to 0. */
  readonly lastSequence: number;
  readonly recordCount: number;
}

export interface RecordBatch extends RecordBatchHeader {
  readonly records: readonly DecodedRecord[];
}

export interface DecodeOptions {
  /** Default 128 MiB, for each batch. */
  readonly maxDecompressedBytes?: number;
  /** Default true. */
  readonly checkCrc?: boolean;
}
