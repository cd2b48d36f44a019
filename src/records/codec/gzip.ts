import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { corrupt, RecordBatchError } from '../errors.js';

export function gzipCompress(input: Uint8Array, level: number | undefined): Uint8Array {
  return gzipSync(input, { level: level ?? constants.Z_DEFAULT_COMPRESSION });
}

/** @throws RecordBatchError `CORRUPT`, `TOO_LARGE` */
export function gzipDecompress(input: Uint8Array, maxBytes: number): Uint8Array {
  return zlibBounded(() => gunzipSync(input, { maxOutputLength: maxBytes }), 'gzip', maxBytes);
}

/** Runs a decompressor of node:zlib and types its errors. */
export function zlibBounded(run: () => Uint8Array, codec: string, maxBytes: number): Uint8Array {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw new RecordBatchError('TOO_LARGE', `decompresses to more than ${maxBytes} bytes`);
    return corrupt(`${codec} data is malformed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
