import { corrupt } from '../errors.js';
import { ByteSink } from './byte_sink.js';
import { xxhash32 } from './xxhash32.js';

/**
 * LZ4 frames as Kafka's clients write them: version 1, independent blocks of up to 64 KiB, no content checksum. Reading takes
 * any frame without a dictionary.
 */
const magic = 0x184d2204;
const blockBytes = 64 * 1024;
const uncompressedBit = 0x8000_0000;
/** Matches end at least 5 bytes before the end of a block and start at least 12 before it (LZ4 block format). */
const lastLiterals = 5;
const matchStartMargin = 12;
const minMatch = 4;
const hashBits = 14;

const table = new Int32Array(1 << hashBits);

export function lz4Compress(input: Uint8Array): Uint8Array {
  const blocks = Math.ceil(input.length / blockBytes);
  // A block that does not shrink is stored, so output never grows by more than its length prefix.
  const out = Buffer.allocUnsafe(7 + input.length + blocks * 4 + 4 + 64);
  out.writeUInt32LE(magic, 0);
  out[4] = 0x60; // version 1, blocks independent, no checksums
  out[5] = 0x40; // blocks of up to 64 KiB
  out[6] = (xxhash32(out, 4, 6) >>> 8) & 0xff;
  let position = 7;
  table.fill(0);
  for (let start = 0; start < input.length; start += blockBytes) {
    const end = Math.min(input.length, start + blockBytes);
    const size = compressBlock(input, start, end, out, position + 4);
    if (size < 0) {
      out.writeUInt32LE((uncompressedBit | (end - start)) >>> 0, position);
      out.set(input.subarray(start, end), position + 4);
      position += 4 + end - start;
    } else {
      out.writeUInt32LE(size, position);
      position += 4 + size;
    }
  }
  out.writeUInt32LE(0, position);
  return out.subarray(0, position + 4);
}

/** Compresses `input[start, end)`; the size, or -1 when that would not make it smaller. The table holds positions + 1. */
function compressBlock(input: Uint8Array, start: number, end: number, out: Uint8Array, outStart: number): number {
  const view = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const outLimit = outStart + (end - start) - 1;
  const searchEnd = end - matchStartMargin;
  let to = outStart;
  let literals = start;
  let at = start;
  let misses = 0;
  while (at <= searchEnd) {
    const four = view.readInt32LE(at);
    const slot = Math.imul(four, -1640531535) >>> (32 - hashBits);
    const candidate = (table[slot] as number) - 1;
    table[slot] = at + 1;
    if (candidate < start || at - candidate > 0xffff || view.readInt32LE(candidate) !== four) {
      // Give up faster in data that does not compress.
      at += 1 + (misses >> 6);
      misses += 1;
      continue;
    }
    misses = 0;
    let length = minMatch;
    const longest = end - lastLiterals - at;
    while (length < longest && input[candidate + length] === input[at + length]) length += 1;
    const run = at - literals;
    if (to + 8 + run + run / 255 + length / 255 > outLimit) return -1;
    to = writeLiterals(input, literals, run, length - minMatch, out, to);
    const distance = at - candidate;
    out[to] = distance;
    out[to + 1] = distance >> 8;
    to = writeLength(length - minMatch, out, to + 2);
    at += length;
    literals = at;
  }
  const run = end - literals;
  if (to + 2 + run + run / 255 > outLimit) return -1;
  return writeLiterals(input, literals, run, 0, out, to) - outStart;
}

function writeLiterals(
  input: Uint8Array,
  from: number,
  run: number,
  matchCode: number,
  out: Uint8Array,
  at: number,
): number {
  out[at] = (Math.min(run, 15) << 4) | Math.min(matchCode, 15);
  const to = writeLength(run, out, at + 1);
  if (run > 32) out.set(input.subarray(from, from + run), to);
  else for (let i = 0; i < run; i += 1) out[to + i] = input[from + i] as number;
  return to + run;
}

/** The bytes that follow a token's nibble of 15. */
function writeLength(value: number, out: Uint8Array, at: number): number {
  if (value < 15) return at;
  let to = at;
  let rest = value - 15;
  for (; rest >= 255; rest -= 255) out[to++] = 255;
  out[to++] = rest;
  return to;
}

/**
 * @param legacyChecksum accept the header checksum of Kafka's magic-0 messages too, which covers the frame's magic as well
 * @throws RecordBatchError `CORRUPT`, `TOO_LARGE`
 */
export function lz4Decompress(input: Uint8Array, maxBytes: number, legacyChecksum: boolean): Uint8Array {
  const view = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  // No LZ4 block gets more than 255 times smaller.
  const sink = new ByteSink(Math.min(input.length * 4, input.length * 255), maxBytes);
  let at = 0;
  while (at < view.length) at = readFrame(view, at, sink, legacyChecksum);
  return sink.result();
}

interface FrameFlags {
  readonly independentBlocks: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly maxBlockBytes: number;
  /** Where the first block starts. */
  readonly position: number;
}

function readFrame(view: Buffer, start: number, sink: ByteSink, legacyChecksum: boolean): number {
  if (view.length - start < 7) corrupt('LZ4 frame is cut off');
  const found = view.readUInt32LE(start);
  if (found >>> 4 === 0x184d2a5) {
    const end = view.length - start < 8 ? Number.POSITIVE_INFINITY : start + 8 + view.readUInt32LE(start + 4);
    return end > view.length ? corrupt('LZ4 skippable frame is cut off') : end;
  }
  if (found !== magic) corrupt('no LZ4 frame');
  const flags = readFlags(view, start, legacyChecksum);
  const frameStart = sink.length;
  let at = flags.position;
  for (;;) {
    if (view.length - at < 4) corrupt('LZ4 frame ends without an end mark');
    const word = view.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fff_ffff;
    const end = at + size;
    if (size > flags.maxBlockBytes || end > view.length) corrupt('LZ4 block is longer than its frame');
    const blockStart = sink.length;
    if (word >= uncompressedBit) sink.append(view, at, end);
    else decodeBlock(view, at, end, sink, flags.independentBlocks ? blockStart : frameStart);
    if (sink.length - blockStart > flags.maxBlockBytes) corrupt('LZ4 block decompresses to more than the frame allows');
    at = end;
    if (flags.blockChecksums) at = checkHash(view, at, xxhash32(view, end - size, end));
  }
  return flags.contentChecksum ? checkHash(view, at, xxhash32(sink.bytes, frameStart, sink.length)) : at;
}

function checkHash(view: Buffer, at: number, expected: number): number {
  if (view.length - at < 4 || view.readUInt32LE(at) !== expected) corrupt('LZ4 checksum does not match');
  return at + 4;
}

function readFlags(view: Buffer, start: number, legacyChecksum: boolean): FrameFlags {
  const flags = view[start + 4] as number;
  const descriptor = view[start + 5] as number;
  if (flags >> 6 !== 1) corrupt(`LZ4 frame version ${flags >> 6}`);
  if ((flags & 0x01) !== 0) corrupt('LZ4 frame needs a dictionary');
  const sizeCode = (descriptor >> 4) & 7;
  if (sizeCode < 4) corrupt('LZ4 block size out of range');
  const checksumAt = start + 6 + ((flags & 0x08) !== 0 ? 8 : 0);
  if (checksumAt >= view.length) corrupt('LZ4 frame is cut off');
  const checksum = view[checksumAt];
  const matches = (from: number): boolean => ((xxhash32(view, from, checksumAt) >>> 8) & 0xff) === checksum;
  if (!matches(start + 4) && !(legacyChecksum && matches(start))) corrupt('LZ4 header checksum does not match');
  return {
    independentBlocks: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    maxBlockBytes: 1 << (8 + 2 * sizeCode),
    position: checksumAt + 1,
  };
}

/** Matches may not reach back before `historyStart` of the output. */
function decodeBlock(view: Buffer, start: number, end: number, sink: ByteSink, historyStart: number): void {
  let at = start;
  while (at < end) {
    const token = view[at++] as number;
    let run = token >> 4;
    if (run === 15) {
      let more: number;
      do {
        if (at >= end) corrupt('LZ4 block is cut off');
        more = view[at++] as number;
        run += more;
      } while (more === 255);
    }
    if (run > end - at) corrupt('LZ4 literals run past the block');
    sink.append(view, at, at + run);
    at += run;
    if (at === end) return;
    if (end - at < 2) corrupt('LZ4 block is cut off');
    const distance = (view[at] as number) | ((view[at + 1] as number) << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let more: number;
      do {
        if (at >= end) corrupt('LZ4 block is cut off');
        more = view[at++] as number;
        length += more;
      } while (more === 255);
    }
    if (distance === 0 || distance > sink.length - historyStart) corrupt('LZ4 match reaches before its block');
    sink.repeat(distance, length + minMatch);
  }
}
