import { unreachable } from '../common/assert.js';
import { gzipCompress, gzipDecompress } from './codec/gzip.js';
import { lz4Compress, lz4Decompress } from './codec/lz4.js';
import { snappyCompress, snappyDecompress } from './codec/snappy.js';
import { prepareZstd, zstdCompress, zstdDecompress } from './codec/zstd.js';
import { RecordBatchError } from './errors.js';

/** By the number in the attributes of a batch. */
export const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** What decompressing one batch may give unless the caller says otherwise. */
export const defaultMaxDecompressedBytes = 128 * 1024 * 1024;

/** @throws RecordBatchError `UNSUPPORTED_CODEC` for bits above 4 */
export function compressionOf(attributes: number): Compression {
  const compression = compressions[attributes & 7];
  if (compression === undefined)
    throw new RecordBatchError('UNSUPPORTED_CODEC', `compression type ${attributes & 7} does not exist`);
  return compression;
}

export function compressionId(compression: Compression): number {
  return compressions.indexOf(compression);
}

/** Loads what compressing needs; only zstd on a Node without it takes time. Await it before {@link compress}. */
export async function prepareCompression(compression: Compression): Promise<void> {
  if (compression === 'zstd') await prepareZstd();
}

/** `level`: gzip -1..9, zstd 1..22; the others have none. Undefined: the codec's default, as in Kafka. */
export function compress(compression: Compression, input: Uint8Array, level?: number): Uint8Array {
  switch (compression) {
    case 'none':
      return input;
    case 'gzip':
      return gzipCompress(input, level);
    case 'snappy':
      return snappyCompress(input);
    case 'lz4':
      return lz4Compress(input);
    case 'zstd':
      return zstdCompress(input, level);
    default:
      return unreachable(compression);
  }
}

/**
 * Never allocates much more than `maxBytes` or than the input can give, whatever the input claims.
 *
 * @param magic of the batch the input is from: LZ4 frames in magic 0 have a checksum of their own kind
 * @throws RecordBatchError `CORRUPT`, `TOO_LARGE`
 */
export function decompress(compression: Compression, input: Uint8Array, maxBytes: number, magic = 2): Uint8Array {
  switch (compression) {
    case 'none':
      return input;
    case 'gzip':
      return gzipDecompress(input, maxBytes);
    case 'snappy':
      return snappyDecompress(input, maxBytes);
    case 'lz4':
      return lz4Decompress(input, maxBytes, magic === 0);
    case 'zstd':
      return zstdDecompress(input, maxBytes);
    default:
      return unreachable(compression);
  }
}
