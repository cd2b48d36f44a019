import { compressionOf } from './compression.js';
import { readInt64 } from './cursor.js';
import { corrupt } from './errors.js';
import type { RecordBatchHeader } from './types.js';

/** Layout of magic 2. The first 12 bytes are not counted by the length field, the first 21 not covered by the CRC. */
export const batchHeaderBytes = 61;
export const lengthAt = 8;
/** Offset and length, before every batch of any magic. */
export const logOverheadBytes = 12;
export const leaderEpochAt = 12;
export const magicAt = 16;
export const crcAt = 17;
export const attributesAt = 21;
export const lastOffsetDeltaAt = 23;
export const baseTimestampAt = 27;
export const maxTimestampAt = 35;
export const producerIdAt = 43;
export const producerEpochAt = 51;
export const baseSequenceAt = 53;
export const recordCountAt = 57;

export const logAppendTimeBit = 0x08;
export const transactionalBit = 0x10;
export const controlBit = 0x20;
export const deleteHorizonBit = 0x40;

/**
 * Size of the batch that begins at `position`, from its first 12 bytes; undefined when fewer are there.
 *
 * @throws RecordBatchError `CORRUPT` when the length is below that of the smallest message
 */
export function batchSizeAt(buffer: Buffer, position: number): number | undefined {
  if (buffer.length - position < logOverheadBytes) return undefined;
  const length = buffer.readInt32BE(position + lengthAt);
  return length < 14 ? corrupt(`batch length ${length}`) : length + logOverheadBytes;
}

/**
 * Reads the header of a magic-2 batch at `position`. The batch must be there whole; the CRC is not looked at.
 *
 * @throws RecordBatchError `CORRUPT`, `UNSUPPORTED_CODEC`
 */
export function decodeBatchHeader(bytes: Uint8Array, position = 0): RecordBatchHeader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeBytes = batchSizeAt(buffer, position);
  if (sizeBytes === undefined || sizeBytes > buffer.length - position) corrupt('batch is cut off');
  const magic = buffer[position + magicAt] as number;
  if (magic !== 2) corrupt(`magic ${magic} where 2 is expected`);
  if (sizeBytes < batchHeaderBytes) corrupt(`batch of ${sizeBytes} bytes is shorter than its header`);
  const attributes = buffer.readInt16BE(position + attributesAt);
  const baseOffset = readInt64(buffer, position);
  const lastOffsetDelta = buffer.readInt32BE(position + lastOffsetDeltaAt);
  const baseSequence = buffer.readInt32BE(position + baseSequenceAt);
  return {
    magic,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    sizeBytes,
    leaderEpoch: buffer.readInt32BE(position + leaderEpochAt),
    crc: buffer.readUInt32BE(position + crcAt),
    attributes,
    compression: compressionOf(attributes),
    timestampType: (attributes & logAppendTimeBit) === 0 ? 'CreateTime' : 'LogAppendTime',
    isTransactional: (attributes & transactionalBit) !== 0,
    isControl: (attributes & controlBit) !== 0,
    hasDeleteHorizon: (attributes & deleteHorizonBit) !== 0,
    baseTimestampMs: readInt64(buffer, position + baseTimestampAt),
    maxTimestampMs: readInt64(buffer, position + maxTimestampAt),
    producerId: readInt64(buffer, position + producerIdAt),
    producerEpoch: buffer.readInt16BE(position + producerEpochAt),
    baseSequence,
    lastSequence: baseSequence < 0 ? -1 : advanceSequence(baseSequence, lastOffsetDelta),
    recordCount: buffer.readInt32BE(position + recordCountAt),
  };
}

/** `sequence + count`, wrapping from 2^31-1 to 0 as producers' sequence numbers do. */
export function advanceSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}
