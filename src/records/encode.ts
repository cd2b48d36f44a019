import { assert } from '../common/assert.js';
import { crc32c } from '../common/crc32c.js';
import {
  attributesAt,
  baseSequenceAt,
  baseTimestampAt,
  batchHeaderBytes,
  controlBit,
  crcAt,
  lastOffsetDeltaAt,
  leaderEpochAt,
  lengthAt,
  logAppendTimeBit,
  logOverheadBytes,
  magicAt,
  maxTimestampAt,
  producerEpochAt,
  producerIdAt,
  recordCountAt,
  transactionalBit,
} from './batch_header.js';
import { type Compression, compress, compressionId } from './compression.js';
import type { RecordHeader } from './types.js';

export interface RecordInput {
  readonly timestampMs: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** From the base offset; ascending. Left out: the index. */
  readonly offsetDelta?: number;
}

export interface BatchInput {
  /** At least one. */
  readonly records: readonly RecordInput[];
  /** Default 0: the broker assigns offsets. */
  readonly baseOffset?: number;
  /** Default -1. */
  readonly leaderEpoch?: number;
  /** Default 'none'. zstd: await `prepareCompression('zstd')` before. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  /** Default 'CreateTime'; with 'LogAppendTime' the largest timestamp counts for all. */
  readonly timestampType?: 'CreateTime' | 'LogAppendTime';
  /** Defaults: -1, not idempotent. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  /** Default: that of the last record. */
  readonly lastOffsetDelta?: number;
}

/** One magic-2 batch. One allocation of its size when not compressed. */
export function encodeBatch(input: BatchInput): Buffer {
  const { records } = input;
  const first = records[0];
  assert(first !== undefined, 'a batch has at least one record');
  const compression = input.compression ?? 'none';
  const baseTimestampMs = first.timestampMs;
  let payloadBytes = 0;
  let maxTimestampMs = baseTimestampMs;
  for (const [index, record] of records.entries()) {
    const body = recordBodyBytes(record, record.timestampMs - baseTimestampMs, record.offsetDelta ?? index);
    payloadBytes += varintBytes(body) + body;
    if (record.timestampMs > maxTimestampMs) maxTimestampMs = record.timestampMs;
  }
  const plainStart = compression === 'none' ? batchHeaderBytes : 0;
  const plain = Buffer.allocUnsafe(plainStart + payloadBytes);
  const writer = new RecordWriter(plain, plainStart);
  for (const [index, record] of records.entries())
    writer.record(record, record.timestampMs - baseTimestampMs, record.offsetDelta ?? index);
  assert(writer.position === plain.length, 'records have the size computed for them');
  let batch = plain;
  if (compression !== 'none') {
    const compressed = compress(compression, plain, input.compressionLevel);
    batch = Buffer.allocUnsafe(batchHeaderBytes + compressed.length);
    batch.set(compressed, batchHeaderBytes);
  }
  const lastDelta = input.lastOffsetDelta ?? records.at(-1)?.offsetDelta ?? records.length - 1;
  writeHeader(batch, input, { baseTimestampMs, maxTimestampMs, lastDelta });
  return batch;
}

function writeHeader(
  batch: Buffer,
  input: BatchInput,
  computed: { readonly baseTimestampMs: number; readonly maxTimestampMs: number; readonly lastDelta: number },
): void {
  const attributes =
    compressionId(input.compression ?? 'none') |
    (input.timestampType === 'LogAppendTime' ? logAppendTimeBit : 0) |
    (input.isTransactional === true ? transactionalBit : 0) |
    (input.isControl === true ? controlBit : 0);
  writeInt64(batch, input.baseOffset ?? 0, 0);
  batch.writeInt32BE(batch.length - logOverheadBytes, lengthAt);
  batch.writeInt32BE(input.leaderEpoch ?? -1, leaderEpochAt);
  batch[magicAt] = 2;
  batch.writeInt16BE(attributes, attributesAt);
  batch.writeInt32BE(computed.lastDelta, lastOffsetDeltaAt);
  writeInt64(batch, computed.baseTimestampMs, baseTimestampAt);
  writeInt64(batch, computed.maxTimestampMs, maxTimestampAt);
  writeInt64(batch, input.producerId ?? -1, producerIdAt);
  batch.writeInt16BE(input.producerEpoch ?? -1, producerEpochAt);
  batch.writeInt32BE(input.baseSequence ?? -1, baseSequenceAt);
  batch.writeInt32BE(input.records.length, recordCountAt);
  batch.writeUInt32BE(crc32c(batch.subarray(attributesAt)), crcAt);
}

/**
 * Changes, in place, who wrote an encoded batch and where it stands in the producer's sequence.
 *
 * @returns the same batch with its CRC made right again
 */
export function resequenceBatch(
  batch: Buffer,
  identity: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: number },
): Buffer {
  writeInt64(batch, identity.producerId, producerIdAt);
  batch.writeInt16BE(identity.producerEpoch, producerEpochAt);
  batch.writeInt32BE(identity.baseSequence, baseSequenceAt);
  batch.writeUInt32BE(crc32c(batch.subarray(attributesAt)), crcAt);
  return batch;
}

/**
 * At most so many bytes does the record add to a batch before compression: for filling batches up to a size. `headers` and
 * lengths are counted exactly, deltas by their largest size.
 */
export function recordSizeBound(record: RecordInput): number {
  return recordBodyBytes(record, 2 ** 51, 2 ** 30) + 5;
}

function recordBodyBytes(record: RecordInput, timestampDelta: number, offsetDelta: number): number {
  let size = 1 + varlongBytes(timestampDelta) + varintBytes(offsetDelta);
  size += fieldBytes(record.key ?? null) + fieldBytes(record.value ?? null);
  const headers = record.headers ?? [];
  size += varintBytes(headers.length);
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key, 'utf8');
    size += varintBytes(keyBytes) + keyBytes + fieldBytes(header.value);
  }
  return size;
}

function fieldBytes(value: Uint8Array | null): number {
  return value === null ? 1 : varintBytes(value.length) + value.length;
}

/** Zigzag. */
function varintBytes(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  return raw < 0x80 ? 1 : raw < 0x4000 ? 2 : raw < 0x20_0000 ? 3 : raw < 0x1000_0000 ? 4 : 5;
}

function varlongBytes(value: number): number {
  let raw = value >= 0 ? value * 2 : -value * 2 - 1;
  let count = 1;
  for (; raw >= 128; raw = Math.floor(raw / 128)) count += 1;
  return count;
}

function writeInt64(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 2 ** 32, at + 4);
}

class RecordWriter {
  constructor(
    private readonly buffer: Buffer,
    public position: number,
  ) {}

  record(record: RecordInput, timestampDelta: number, offsetDelta: number): void {
    this.#varint(recordBodyBytes(record, timestampDelta, offsetDelta));
    this.buffer[this.position++] = 0;
    this.#varlong(timestampDelta);
    this.#varint(offsetDelta);
    this.#field(record.key ?? null);
    this.#field(record.value ?? null);
    const headers = record.headers ?? [];
    this.#varint(headers.length);
    for (const header of headers) {
      const keyBytes = Buffer.byteLength(header.key, 'utf8');
      this.#varint(keyBytes);
      this.buffer.write(header.key, this.position, keyBytes, 'utf8');
      this.position += keyBytes;
      this.#field(header.value);
    }
  }

  #field(value: Uint8Array | null): void {
    if (value === null) {
      this.#varint(-1);
      return;
    }
    this.#varint(value.length);
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  #varint(value: number): void {
    let raw = ((value << 1) ^ (value >> 31)) >>> 0;
    while (raw >= 0x80) {
      this.buffer[this.position++] = (raw & 0x7f) | 0x80;
      raw >>>= 7;
    }
    this.buffer[this.position++] = raw;
  }

  #varlong(value: number): void {
    let raw = value >= 0 ? value * 2 : -value * 2 - 1;
    while (raw >= 128) {
      this.buffer[this.position++] = (raw % 128) | 0x80;
      raw = Math.floor(raw / 128);
    }
    this.buffer[this.position++] = raw;
  }
}
