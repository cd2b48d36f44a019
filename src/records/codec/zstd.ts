import * as zlib from 'node:zlib';
import { RecordBatchError } from '../errors.js';
import { zlibBounded } from './gzip.js';
import { decodeZstd } from './zstd_decoder.js';

/**
 * zstd of node:zlib where it has it (Node ≥ 22.15). Below that our own decoder reads, and zstd-wasm (libzstd itself), loaded
 * when first needed, writes.
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
  if (zstdDecompressSync === undefined) return decodeZstd(input, maxBytes);
  return zlibBounded(() => zstdDecompressSync(input, { maxOutputLength: maxBytes }), 'zstd', maxBytes);
}
