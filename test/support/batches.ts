import { crc32c } from '../../src/common/crc32c.js';

/** Minimal magic-2 batches for tests of layers that do not know records: `values` are opaque. */
export function makeBatch(options: {
  readonly count?: number;
  readonly payload?: Uint8Array;
  readonly timestampMs?: number;
  readonly baseOffset?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly attributes?: number;
}): Buffer {
  const payload = options.payload ?? Buffer.alloc(32, 7);
  const batch = Buffer.alloc(61 + payload.length);
  const count = options.count ?? 1;
  const timestamp = BigInt(options.timestampMs ?? 1_000);
  batch.writeBigInt64BE(BigInt(options.baseOffset ?? 0), 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch[16] = 2;
  batch.writeInt16BE(options.attributes ?? 0, 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(timestamp, 27);
  batch.writeBigInt64BE(timestamp, 35);
  batch.writeBigInt64BE(BigInt(options.producerId ?? -1), 43);
  batch.writeInt16BE(options.producerEpoch ?? -1, 51);
  batch.writeInt32BE(options.baseSequence ?? -1, 53);
  batch.writeInt32BE(count, 57);
  batch.set(payload, 61);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}
