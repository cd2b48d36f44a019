import { crc32c } from '../common/crc32c.js';
import type { ReadableFile } from '../common/ports/index.js';
import { attributesAt, batchHeaderBytes, crcAt, lengthAt, logOverheadBytes, magicAt } from '../records/batch_header.js';
import { readInt64 } from '../records/cursor.js';

/** A batch as it lies in a file; nothing is known of it but its length. */
export interface RawBatch {
  readonly position: number;
  /** A view that is good until the next batch is asked for. */
  readonly bytes: Buffer;
}

/** Where a walk ended before the end of the file. */
export interface WalkEnd {
  readonly position: number;
  readonly reason: 'cut-off' | 'length';
  /** What the length field says; undefined when not even that is there. */
  readonly length: number | undefined;
}

const windowBytes = 1024 * 1024;
/** Kafka refuses batches above 2^31; no topic allows anything near this. */
const maxBatchBytes = 512 * 1024 * 1024;
/** Length of the smallest message there ever was. */
const minLength = 14;

/** Reads a file of batches from the beginning, with a window that grows with the batches. */
export class BatchWalker {
  private window: Buffer = Buffer.alloc(0);
  private windowAt = 0;
  /** Set once the walk met something that is no whole batch. */
  end: WalkEnd | undefined;

  constructor(
    private readonly file: ReadableFile,
    public position = 0,
    private readonly limit = file.sizeBytes,
  ) {}

  /** Undefined at the end, and where no whole batch is; `end` tells which. Costs one read a megabyte. */
  async next(): Promise<RawBatch | undefined> {
    const left = this.limit - this.position;
    if (left === 0) return undefined;
    if (left < logOverheadBytes) return this.stop('cut-off', undefined);
    const head = await this.bytes(Math.min(left, batchHeaderBytes));
    const length = head.length < logOverheadBytes ? -1 : head.readInt32BE(lengthAt);
    if (length < minLength || length > maxBatchBytes) return this.stop('length', length);
    const sizeBytes = length + logOverheadBytes;
    if (sizeBytes > left) return this.stop('cut-off', length);
    const bytes = await this.bytes(sizeBytes);
    if (bytes.length < sizeBytes) return this.stop('cut-off', length);
    const { position } = this;
    this.position += sizeBytes;
    return { position, bytes };
  }

  private stop(reason: WalkEnd['reason'], length: number | undefined): undefined {
    this.end = { position: this.position, reason, length };
    return undefined;
  }

  private async bytes(sizeBytes: number): Promise<Buffer> {
    const from = this.position - this.windowAt;
    if (from >= 0 && from + sizeBytes <= this.window.length) return this.window.subarray(from, from + sizeBytes);
    const wanted = Math.min(Math.max(sizeBytes, windowBytes), this.limit - this.position);
    this.window = await this.file.read(this.position, wanted);
    this.windowAt = this.position;
    return this.window.subarray(0, sizeBytes);
  }
}

/** Whether the CRC of a whole magic-2 batch is right. */
export function hasGoodCrc(batch: Buffer): boolean {
  return batch.readUInt32BE(crcAt) === crc32c(batch.subarray(attributesAt));
}

/**
 * The first position from `from` on where a whole magic-2 batch with a good CRC begins whose base offset is at least `leastOffset`; undefined
 * when there is none. Looks at every byte; checks a CRC only where the header makes sense.
 */
export async function findBatch(file: ReadableFile, from: number, leastOffset: number): Promise<number | undefined> {
  const { sizeBytes } = file;
  for (let windowAt = from; windowAt + batchHeaderBytes <= sizeBytes; windowAt += windowBytes) {
    const window = await file.read(windowAt, Math.min(windowBytes + batchHeaderBytes, sizeBytes - windowAt));
    const last = Math.min(windowBytes, window.length - batchHeaderBytes + 1);
    for (let at = 0; at < last; at += 1) {
      if (window[at + magicAt] !== 2) continue;
      const length = window.readInt32BE(at + lengthAt);
      const position = windowAt + at;
      if (length < batchHeaderBytes - logOverheadBytes || position + length + logOverheadBytes > sizeBytes) continue;
      if (!plausible(window, at, leastOffset)) continue;
      if (hasGoodCrc(await file.read(position, length + logOverheadBytes))) return position;
    }
  }
  return undefined;
}

function plausible(window: Buffer, at: number, leastOffset: number): boolean {
  const high = window.readInt32BE(at);
  // Beyond 2^53, or negative: nothing that a log holds.
  if (high < 0 || high >= 2 ** 21) return false;
  return readInt64(window, at) >= leastOffset;
}
