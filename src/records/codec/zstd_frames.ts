import { corrupt, RecordBatchError } from '../errors.js';

/** RFC 8878: no block decompresses to more. */
const maxBlockBytes = 128 * 1024;
const frameMagic = 0xfd2fb528;

/**
 * Walks the frames and block headers of zstd data without decompressing: refuses what is cut off or claims more than
 * `maxBytes`, and returns the data with each window cut down to what its blocks can fill, because fzstd allocates the window
 * that a frame claims before it reads a block.
 *
 * @throws RecordBatchError `CORRUPT`, `TOO_LARGE`
 */
export function checkedFrames(input: Uint8Array, maxBytes: number): Uint8Array {
  const frames = Buffer.from(input);
  let at = 0;
  let totalBytes = 0;
  while (at < frames.length) {
    if (frames.length - at < 8) corrupt('zstd frame is cut off');
    const magic = frames.readUInt32LE(at);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + frames.readUInt32LE(at + 4);
      if (at > frames.length) corrupt('zstd skippable frame is cut off');
      continue;
    }
    if (magic !== frameMagic) corrupt('no zstd frame');
    const frame = walkFrame(frames, at);
    totalBytes += frame.leastBytes;
    if (totalBytes > maxBytes) throw new RecordBatchError('TOO_LARGE', `decompresses to more than ${maxBytes} bytes`);
    at = frame.end;
  }
  return frames;
}

function walkFrame(frames: Buffer, start: number): { readonly end: number; readonly leastBytes: number } {
  const descriptor = frames[start + 4] as number;
  if ((descriptor & 0x08) !== 0) corrupt('zstd frame uses a reserved bit');
  if ((descriptor & 0x03) !== 0) corrupt('zstd frame needs a dictionary');
  const singleSegment = (descriptor & 0x20) !== 0;
  const windowAt = start + 5;
  const sizeAt = singleSegment ? windowAt : windowAt + 1;
  const sizeCode = descriptor >> 6;
  const sizeBytes = sizeCode === 0 ? (singleSegment ? 1 : 0) : 1 << sizeCode;
  if (frames.length < sizeAt + sizeBytes) corrupt('zstd frame is cut off');
  const contentBytes = sizeBytes === 0 ? undefined : readContentBytes(frames, sizeAt, sizeBytes);
  const blocks = walkBlocks(frames, sizeAt + sizeBytes);
  if (contentBytes !== undefined && (contentBytes > blocks.mostBytes || contentBytes < blocks.leastBytes))
    corrupt('zstd frame claims another size than its blocks have');
  if (!singleSegment) frames[windowAt] = Math.min(frames[windowAt] as number, windowFor(blocks.mostBytes));
  const end = blocks.end + ((descriptor & 0x04) !== 0 ? 4 : 0);
  if (end > frames.length) corrupt('zstd frame is cut off');
  return { end, leastBytes: contentBytes ?? blocks.leastBytes };
}

function readContentBytes(frames: Buffer, at: number, count: number): number {
  if (count === 1) return frames[at] as number;
  if (count === 2) return frames.readUInt16LE(at) + 256;
  if (count === 4) return frames.readUInt32LE(at);
  return frames.readUInt32LE(at) + frames.readUInt32LE(at + 4) * 2 ** 32;
}

/** The descriptor of a power of two ≥ `bytes`, at least one whole block. */
function windowFor(bytes: number): number {
  return (Math.max(17, Math.ceil(Math.log2(Math.max(1, bytes)))) - 10) << 3;
}

interface Blocks {
  readonly end: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
}

function walkBlocks(frames: Buffer, start: number): Blocks {
  let at = start;
  let leastBytes = 0;
  let mostBytes = 0;
  for (;;) {
    if (frames.length - at < 3) corrupt('zstd frame has no last block');
    const header = frames.readUIntLE(at, 3);
    const size = header >> 3;
    const type = (header >> 1) & 3;
    if (type === 3 || size > maxBlockBytes) corrupt('zstd block is malformed');
    at += 3 + (type === 1 ? 1 : size);
    if (at > frames.length) corrupt('zstd block is cut off');
    mostBytes += type === 2 ? maxBlockBytes : size;
    if (type !== 2) leastBytes += size;
    if ((header & 1) === 1) return { end: at, leastBytes, mostBytes };
  }
}
