import { crc32c } from '../common/crc32c.js';
import { attributesAt, batchHeaderBytes, batchSizeAt, decodeBatchHeader, magicAt } from './batch_header.js';
import { decompress, defaultMaxDecompressedBytes } from './compression.js';
import { RecordCursor } from './cursor.js';
import { corrupt, RecordBatchError } from './errors.js';
import { decodeMessage } from './message_set.js';
import type { DecodedRecord, DecodeOptions, RecordBatch, RecordBatchHeader, RecordHeader } from './types.js';

/** Length, attributes, two deltas, two lengths and a count, a byte each. */
const minRecordBytes = 7;
const noHeaders: readonly RecordHeader[] = [];

/**
 * Decodes the batch (magic 0, 1 or 2) at the start of `bytes`; what follows it is not looked at. A message of magic 0 or 1
 * is a batch of one record, or of those compressed in it.
 *
 * @throws RecordBatchError
 */
export function decodeBatch(bytes: Uint8Array, options: DecodeOptions = {}): RecordBatch {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeBytes = batchSizeAt(buffer, 0);
  if (sizeBytes === undefined || sizeBytes > buffer.length) corrupt('batch is cut off');
  const magic = buffer[magicAt] as number;
  if (magic === 0 || magic === 1) return decodeMessage(buffer.subarray(0, sizeBytes), options);
  const header = decodeBatchHeader(buffer);
  if (options.checkCrc !== false) {
    const found = crc32c(buffer.subarray(attributesAt, sizeBytes));
    if (found !== header.crc) corrupt(`CRC is ${found}, the batch at offset ${header.baseOffset} says ${header.crc}`);
  }
  const payload = decompress(
    header.compression,
    buffer.subarray(batchHeaderBytes, sizeBytes),
    options.maxDecompressedBytes ?? defaultMaxDecompressedBytes,
  );
  return { ...header, records: decodeRecords(header, payload) };
}

/**
 * The batches of a fetch response or of a segment, in order. A batch that is cut off at the end is left out, as Kafka's
 * clients do: a fetch may end in the middle of one.
 *
 * @throws RecordBatchError when a whole batch is malformed
 */
export function* decodeBatches(bytes: Uint8Array, options: DecodeOptions = {}): Generator<RecordBatch, void, void> {
  for (const batch of splitBatches(bytes)) yield decodeBatch(batch, options);
}

/** Views of the whole batches in `bytes`, of any magic; nothing but their lengths is looked at. */
export function* splitBatches(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (;;) {
    const sizeBytes = batchSizeAt(buffer, at);
    if (sizeBytes === undefined || sizeBytes > buffer.length - at) return;
    yield buffer.subarray(at, at + sizeBytes);
    at += sizeBytes;
  }
}

function decodeRecords(header: RecordBatchHeader, payload: Uint8Array): readonly DecodedRecord[] {
  const { recordCount, baseOffset, lastOffset } = header;
  const lastOffsetDelta = lastOffset - baseOffset;
  if (lastOffsetDelta < 0 || recordCount < 0)
    invalid(`last offset delta ${lastOffsetDelta}, record count ${recordCount}`);
  if (recordCount * minRecordBytes > payload.length)
    invalid(`${recordCount} records cannot be in ${payload.length} bytes`);
  const cursor = new RecordCursor(payload);
  const records: DecodedRecord[] = [];
  let previousDelta = -1;
  for (let index = 0; index < recordCount; index += 1) {
    const record = decodeRecord(cursor, header);
    const delta = record.offset - baseOffset;
    if (delta <= previousDelta || delta > lastOffsetDelta)
      invalid(`record ${index} has offset delta ${delta} after ${previousDelta}, last ${lastOffsetDelta}`);
    previousDelta = delta;
    records.push(record);
  }
  if (cursor.remaining > 0) invalid(`${cursor.remaining} bytes after the last record`);
  return records;
}

function decodeRecord(cursor: RecordCursor, header: RecordBatchHeader): DecodedRecord {
  const length = cursor.varint();
  const end = cursor.position + length;
  if (length < minRecordBytes - 1 || end > cursor.end) invalid(`record length ${length}`);
  cursor.uint8(); // attributes: none is defined
  const timestampDelta = cursor.varlong();
  const offset = header.baseOffset + cursor.varint();
  const key = cursor.bytes(cursor.varint());
  const value = cursor.bytes(cursor.varint());
  const headers = decodeHeaders(cursor);
  if (cursor.position !== end) invalid('record has another length than it says');
  const timestampMs =
    header.timestampType === 'LogAppendTime' ? header.maxTimestampMs : header.baseTimestampMs + timestampDelta;
  return { offset, timestampMs, key, value, headers };
}

function decodeHeaders(cursor: RecordCursor): readonly RecordHeader[] {
  const count = cursor.varint();
  if (count === 0) return noHeaders;
  if (count < 0 || count * 2 > cursor.remaining) invalid(`${count} headers`);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = cursor.text(cursor.varint());
    headers.push({ key, value: cursor.bytes(cursor.varint()) });
  }
  return headers;
}

function invalid(message: string): never {
  throw new RecordBatchError('INVALID', message);
}
