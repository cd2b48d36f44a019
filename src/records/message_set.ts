import { crc32 } from 'node:zlib';
import { batchSizeAt, logAppendTimeBit } from './batch_header.js';
import { compressionOf, decompress, defaultMaxDecompressedBytes } from './compression.js';
import { RecordCursor } from './cursor.js';
import { corrupt, RecordBatchError } from './errors.js';
import type { DecodedRecord, DecodeOptions, RecordBatch, TimestampType } from './types.js';

/**
 * Messages of magic 0 and 1, from before Kafka 0.11: offset, length, CRC-32 (not CRC-32C), magic, attributes, from magic 1
 * on a timestamp, key, value. A compressed message holds a set of messages in its value: with absolute offsets in magic 0,
 * in magic 1 relative ones, and its own offset is that of the last one in it.
 */
const magicAt = 16;

interface Message {
  readonly offset: number;
  readonly crc: number;
  readonly magic: number;
  readonly attributes: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** Decodes one message, which `bytes` must hold exactly. @throws RecordBatchError */
export function decodeMessage(bytes: Uint8Array, options: DecodeOptions): RecordBatch {
  const outer = readMessage(bytes, options.checkCrc !== false);
  const compression = compressionOf(outer.attributes);
  const timestampType = timestampTypeOf(outer);
  let records: readonly DecodedRecord[];
  if (compression === 'none') records = [toRecord(outer, outer.offset, outer.timestampMs)];
  else {
    if (outer.value === null) return corrupt('compressed message without a value');
    const maxBytes = options.maxDecompressedBytes ?? defaultMaxDecompressedBytes;
    records = innerRecords(outer, decompress(compression, outer.value, maxBytes, outer.magic), options);
  }
  const baseOffset = records[0]?.offset ?? outer.offset;
  return {
    magic: outer.magic,
    baseOffset,
    lastOffset: outer.offset,
    sizeBytes: bytes.length,
    leaderEpoch: -1,
    crc: outer.crc,
    attributes: outer.attributes,
    compression,
    timestampType,
    isTransactional: false,
    isControl: false,
    hasDeleteHorizon: false,
    baseTimestampMs: records[0]?.timestampMs ?? -1,
    maxTimestampMs: outer.timestampMs,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    lastSequence: -1,
    recordCount: records.length,
    records,
  };
}

function innerRecords(outer: Message, bytes: Uint8Array, options: DecodeOptions): readonly DecodedRecord[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Message[] = [];
  for (let at = 0; at < buffer.length; ) {
    const sizeBytes = batchSizeAt(buffer, at);
    if (sizeBytes === undefined || sizeBytes > buffer.length - at) return corrupt('compressed messages are cut off');
    const inner = readMessage(buffer.subarray(at, at + sizeBytes), options.checkCrc !== false);
    if (inner.magic !== outer.magic || (inner.attributes & 7) !== 0)
      throw new RecordBatchError('INVALID', 'message of another magic, or compressed again, in a compressed one');
    messages.push(inner);
    at += sizeBytes;
  }
  const last = messages.at(-1);
  if (last === undefined) throw new RecordBatchError('INVALID', 'compressed message holds none');
  const shift = outer.magic === 0 ? 0 : outer.offset - last.offset;
  const logAppendTime = timestampTypeOf(outer) === 'LogAppendTime';
  return messages.map((inner) =>
    toRecord(inner, inner.offset + shift, logAppendTime ? outer.timestampMs : inner.timestampMs),
  );
}

function readMessage(bytes: Uint8Array, checkCrc: boolean): Message {
  const cursor = new RecordCursor(bytes);
  const offset = cursor.int64();
  cursor.int32();
  const crc = cursor.int32() >>> 0;
  const magic = cursor.uint8();
  if (magic > 1) corrupt(`magic ${magic} among messages of magic 0 and 1`);
  const attributes = cursor.uint8();
  if (checkCrc && crc32(bytes.subarray(magicAt)) !== crc) corrupt(`CRC does not match at offset ${offset}`);
  const timestampMs = magic === 0 ? -1 : cursor.int64();
  const key = cursor.bytes(cursor.int32());
  const value = cursor.bytes(cursor.int32());
  if (cursor.remaining > 0) corrupt('message has another length than it says');
  return { offset, crc, magic, attributes, timestampMs, key, value };
}

function timestampTypeOf(message: Message): TimestampType {
  if (message.magic === 0) return 'NoTimestampType';
  return (message.attributes & logAppendTimeBit) === 0 ? 'CreateTime' : 'LogAppendTime';
}

function toRecord(message: Message, offset: number, timestampMs: number): DecodedRecord {
  return { offset, timestampMs, key: message.key, value: message.value, headers: [] };
}
