import { corrupt, RecordBatchError } from '../errors.js';
import { ByteSink } from './byte_sink.js';

/**
 * Snappy as Kafka's clients write it: the Java library's framing (a magic of 8 bytes, two versions, then blocks each with a
 * length before it) or one raw block (librdkafka). Written in the framing, read in both.
 */
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const javaHeaderBytes = 16;
const javaBlockBytes = 32 * 1024;
const hashBits = 13;

const table = new Int32Array(1 << hashBits);

export function snappyCompress(input: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(input.length / javaBlockBytes));
  // Worst case of a raw block: its length (3 bytes), and a tag of up to 3 bytes before literals.
  const out = Buffer.allocUnsafe(javaHeaderBytes + input.length + Math.ceil(input.length / 6) + blocks * 64);
  out.set(javaMagic, 0);
  out.writeInt32BE(1, 8);
  out.writeInt32BE(1, 12);
  let position = javaHeaderBytes;
  table.fill(0);
  for (let start = 0; start < input.length; start += javaBlockBytes) {
    const end = Math.min(input.length, start + javaBlockBytes);
    const size = compressBlock(input, start, end, out, position + 4) - position - 4;
    out.writeInt32BE(size, position);
    position += 4 + size;
  }
  return out.subarray(0, position);
}

/** Writes `input[start, end)` as one raw block; where it ends. The table holds positions + 1. */
function compressBlock(input: Uint8Array, start: number, end: number, out: Buffer, outStart: number): number {
  const view = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  let to = outStart;
  for (let rest = end - start; ; rest >>>= 7) {
    out[to++] = rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest;
    if (rest < 0x80) break;
  }
  let literals = start;
  let at = start;
  let misses = 0;
  while (at + 15 < end) {
    const four = view.readInt32LE(at);
    const slot = Math.imul(four, 0x1e35a7bd) >>> (32 - hashBits);
    const candidate = (table[slot] as number) - 1;
    table[slot] = at + 1;
    if (candidate < start || view.readInt32LE(candidate) !== four) {
      at += 1 + (misses >> 5);
      misses += 1;
      continue;
    }
    misses = 0;
    let length = 4;
    while (at + length < end && input[candidate + length] === input[at + length]) length += 1;
    to = writeLiterals(input, literals, at, out, to);
    to = writeCopy(at - candidate, length, out, to);
    at += length;
    literals = at;
  }
  return writeLiterals(input, literals, end, out, to);
}

function writeLiterals(input: Uint8Array, from: number, end: number, out: Buffer, at: number): number {
  const run = end - from;
  if (run === 0) return at;
  let to = at;
  if (run <= 60) out[to++] = (run - 1) << 2;
  else if (run <= 256) {
    out[to++] = 60 << 2;
    out[to++] = run - 1;
  } else {
    out[to++] = 61 << 2;
    out[to++] = run - 1;
    out[to++] = (run - 1) >> 8;
  }
  if (run > 32) out.set(input.subarray(from, end), to);
  else for (let i = 0; i < run; i += 1) out[to + i] = input[from + i] as number;
  return to + run;
}

function writeCopy(distance: number, length: number, out: Buffer, at: number): number {
  let to = at;
  let rest = length;
  while (rest > 0) {
    // A rest of 1 to 3 bytes would not fit the short form: leave at least 4.
    const part = rest <= 64 ? rest : rest < 68 ? 60 : 64;
    if (part >= 4 && part <= 11 && distance < 2048) {
      out[to++] = ((distance >> 8) << 5) | ((part - 4) << 2) | 1;
      out[to++] = distance;
    } else {
      out[to++] = ((part - 1) << 2) | 2;
      out[to++] = distance;
      out[to++] = distance >> 8;
    }
    rest -= part;
  }
  return to;
}

/** @throws RecordBatchError `CORRUPT`, `TOO_LARGE` */
export function snappyDecompress(input: Uint8Array, maxBytes: number): Uint8Array {
  const view = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const framed = view.length >= javaHeaderBytes && javaMagic.compare(view, 0, javaMagic.length) === 0;
  const sink = new ByteSink(input.length * 3, maxBytes);
  if (!framed) {
    decodeBlock(view, 0, view.length, sink, maxBytes);
    return sink.result();
  }
  let at = javaHeaderBytes;
  while (at < view.length) {
    if (view.length - at < 4) corrupt('snappy block length is cut off');
    const size = view.readInt32BE(at);
    at += 4;
    if (size < 0 || size > view.length - at) corrupt('snappy block is longer than its frame');
    if (size > 0) decodeBlock(view, at, at + size, sink, maxBytes);
    at += size;
  }
  return sink.result();
}

function decodeBlock(view: Buffer, start: number, end: number, sink: ByteSink, maxBytes: number): void {
  let at = start;
  let expected = 0;
  for (let factor = 1; ; factor *= 128) {
    if (at >= end || factor > 2 ** 28) corrupt('snappy length is malformed');
    const byte = view[at++] as number;
    expected += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (sink.length + expected > maxBytes)
    throw new RecordBatchError('TOO_LARGE', `decompresses to more than ${maxBytes} bytes`);
  // At most 64 bytes come out of 3: a block that claims more lies, and is not given the memory.
  if (expected > (end - at) * 22) corrupt('snappy block claims more bytes than it can hold');
  const blockStart = sink.length;
  sink.ensure(expected);
  while (at < end) at = decodeElement(view, at, end, sink, blockStart, expected);
  if (sink.length - blockStart !== expected) corrupt('snappy block has another length than it claims');
}

function decodeElement(
  view: Buffer,
  start: number,
  end: number,
  sink: ByteSink,
  blockStart: number,
  expected: number,
): number {
  let at = start;
  const tag = view[at++] as number;
  const kind = tag & 3;
  let length: number;
  let distance = 0;
  if (kind === 0) {
    length = (tag >> 2) + 1;
    if (length > 60) {
      const extra = length - 60;
      if (end - at < extra) corrupt('snappy literal is cut off');
      length = view.readUIntLE(at, extra) + 1;
      at += extra;
    }
    if (length > end - at) corrupt('snappy literal runs past its block');
  } else {
    const extra = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (end - at < extra) corrupt('snappy copy is cut off');
    distance = view.readUIntLE(at, extra) + (kind === 1 ? (tag >> 5) << 8 : 0);
    length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    at += extra;
    if (distance === 0 || distance > sink.length - blockStart) corrupt('snappy copy reaches before its block');
  }
  if (sink.length - blockStart + length > expected) corrupt('snappy block is longer than it claims');
  if (kind !== 0) {
    sink.repeat(distance, length);
    return at;
  }
  sink.append(view, at, at + length);
  return at + length;
}
