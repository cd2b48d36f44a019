import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { corrupt, RecordBatchError } from '../errors.js';
import { zlibBounded } from './gzip.js';
import { checkedFrames } from './zstd_frames.js';

/**
 * zstd of node:zlib where it has it (Node ≥ 22.15). Below that two small packages stand in, loaded when first needed: fzstd
 * (plain JavaScript) reads, zstd-wasm (libzstd itself) writes.
 */
interface ZlibWithZstd {
  readonly zstdCompressSync?: (input: Uint8Array, options?: { params?: Record<number, number> }) => Buffer;
  readonly zstdDecompressSync?: (input: Uint8Array, options?: { maxOutputLength?: number }) => Buffer;
}
const native = zlib as typeof zlib & ZlibWithZstd;
/** ZSTD_c_compressionLevel */
const levelParameter = 100;
const defaultLevel = 3;

type Compress = (input: Uint8Array, level: number) => Uint8Array;
let wasmCompress: Compress | undefined;

/** Must have resolved before {@link zstdCompress} is called. */
export async function prepareZstd(): Promise<void> {
  if (native.zstdCompressSync !== undefined || wasmCompress !== undefined) return;
  const wasm = await import('@bokuweb/zstd-wasm');
  await wasm.init();
  wasmCompress = wasm.compress;
}

export function zstdCompress(input: Uint8Array, level: number = defaultLevel): Uint8Array {
  if (native.zstdCompressSync !== undefined)
    return native.zstdCompressSync(input, { params: { [levelParameter]: level } });
  if (wasmCompress === undefined)
    throw new RecordBatchError('UNSUPPORTED_CODEC', 'zstd is not loaded: await prepareCompression("zstd") first');
  return wasmCompress(input, level);
}

/** @throws RecordBatchError `CORRUPT`, `TOO_LARGE` */
export function zstdDecompress(input: Uint8Array, maxBytes: number): Uint8Array {
  const { zstdDecompressSync } = native;
  if (zstdDecompressSync !== undefined)
    return zlibBounded(() => zstdDecompressSync(input, { maxOutputLength: maxBytes }), 'zstd', maxBytes);
  return javascriptDecompress(input, maxBytes);
}

/** What is used of fzstd. */
interface Fzstd {
  readonly Decompress: new (
    onData: (chunk: Uint8Array, isLast?: boolean) => void,
  ) => { push(chunk: Uint8Array, isLast?: boolean): void };
}
let fzstd: Fzstd | undefined;

/** The reader for Node without zstd; apart from {@link zstdDecompress} so that every Node can test it. */
export function javascriptDecompress(input: Uint8Array, maxBytes: number): Uint8Array {
  const frames = checkedFrames(input, maxBytes);
  fzstd ??= createRequire(import.meta.url)('fzstd') as Fzstd;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = new fzstd.Decompress((chunk) => {
      length += chunk.length;
      if (length > maxBytes) throw new RecordBatchError('TOO_LARGE', `decompresses to more than ${maxBytes} bytes`);
      // The window the chunk is a view of is written again.
      chunks.push(chunk.slice());
    });
    stream.push(frames, true);
  } catch (error) {
    if (error instanceof RecordBatchError) throw error;
    return corrupt(`zstd data is malformed: ${error instanceof Error ? error.message : String(error)}`);
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, length);
}
