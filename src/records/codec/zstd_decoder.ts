import { corrupt } from '../errors.js';
import { ByteSink } from './byte_sink.js';
import { BlockDecoder, maxBlockBytes } from './zstd_block.js';

const frameMagic = 0xfd2fb528;

/**
 * zstd frames (RFC 8878) in plain JavaScript, for Node without zstd in node:zlib. No dictionaries. Content checksums are not
 * checked: what is read here lies under the CRC of its batch. Memory grows with what was decoded, not with what a frame claims.
 *
 * @throws RecordBatchError `CORRUPT`, `TOO_LARGE`
 */
export function decodeZstd(input: Uint8Array, maxBytes: number): Uint8Array {
  const view = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const sink = new ByteSink(input.length * 4, maxBytes);
  let at = 0;
  while (at < view.length) {
    if (view.length - at < 8) corrupt('zstd frame is cut off');
    const magic = view.readUInt32LE(at);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + view.readUInt32LE(at + 4);
      if (at > view.length) corrupt('zstd skippable frame is cut off');
    } else if (magic === frameMagic) at = decodeFrame(view, at, sink);
    else corrupt('no zstd frame');
  }
  return sink.result();
}

function decodeFrame(view: Buffer, start: number, sink: ByteSink): number {
  const descriptor = view[start + 4] as number;
  if ((descriptor & 0x08) !== 0) corrupt('zstd frame uses a reserved bit');
  if ((descriptor & 0x03) !== 0) corrupt('zstd frame needs a dictionary');
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeAt = start + (singleSegment ? 5 : 6);
  const sizeCode = descriptor >> 6;
  const sizeBytes = sizeCode === 0 ? (singleSegment ? 1 : 0) : 1 << sizeCode;
  if (view.length < sizeAt + sizeBytes) corrupt('zstd frame is cut off');
  const contentBytes = sizeBytes === 0 ? undefined : readContentBytes(view, sizeAt, sizeBytes);
  const frameStart = sink.length;
  const decoder = new BlockDecoder(view, sink);
  let at = sizeAt + sizeBytes;
  for (let last = false; !last; ) {
    if (view.length - at < 3) corrupt('zstd frame has no last block');
    const header = view.readUIntLE(at, 3);
    last = (header & 1) === 1;
    at = decodeBlock(view, at + 3, header, decoder, sink);
  }
  if (contentBytes !== undefined && contentBytes !== sink.length - frameStart)
    corrupt('zstd frame claims another size than it has');
  const end = at + ((descriptor & 0x04) !== 0 ? 4 : 0);
  return end > view.length ? corrupt('zstd frame is cut off') : end;
}

function decodeBlock(view: Buffer, start: number, header: number, decoder: BlockDecoder, sink: ByteSink): number {
  const size = header >> 3;
  const type = (header >> 1) & 3;
  const end = start + (type === 1 ? 1 : size);
  if (size > maxBlockBytes || type === 3) corrupt('zstd block is malformed');
  if (end > view.length) corrupt('zstd block is cut off');
  if (type === 0) sink.append(view, start, end);
  else if (type === 2) decoder.decode(start, end);
  else if (size > 0) {
    sink.append(view, start, end);
    if (size > 1) sink.repeat(1, size - 1);
  }
  return end;
}

function readContentBytes(view: Buffer, at: number, count: number): number {
  if (count === 1) return view[at] as number;
  if (count === 2) return view.readUInt16LE(at) + 256;
  if (count === 4) return view.readUInt32LE(at);
  return view.readUInt32LE(at) + view.readUInt32LE(at + 4) * 2 ** 32;
}
