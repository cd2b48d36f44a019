import type { CoordinatorLog, EndOfTransaction } from '../../../src/coordinator/runtime/log.js';
import type { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeEndTxnMarker } from '../../../src/records/index.js';

interface Batch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Uint8Array;
}

/** A partition in memory whose commits and failures a test decides. */
export class MemoryLog implements CoordinatorLog {
  readonly batches: Batch[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  highWatermark = 0;
  maxBatchBytes = 1_048_588;
  /** While true nothing is committed. */
  held = false;
  /** Answer of the appends to come. */
  failWith: ErrorCode | undefined;
  appends = 0;
  readonly markers: EndOfTransaction[] = [];
  private readonly listeners = new Set<(highWatermark: number) => void>();

  append(bytes: Uint8Array): { baseOffset: number; lastOffset: number } | ErrorCode {
    this.appends += 1;
    if (this.failWith !== undefined) return this.failWith;
    const batch = Buffer.from(bytes);
    const baseOffset = this.logEndOffset;
    batch.writeBigInt64BE(BigInt(baseOffset), 0);
    const lastOffset = baseOffset + batch.readInt32BE(23);
    this.batches.push({ baseOffset, lastOffset, bytes: batch });
    this.logEndOffset = lastOffset + 1;
    if (!this.held) setImmediate(() => this.commit());
    return { baseOffset, lastOffset };
  }

  appendMarker({ type, ...marker }: EndOfTransaction): { baseOffset: number; lastOffset: number } | ErrorCode {
    this.markers.push({ type, ...marker });
    return this.append(encodeEndTxnMarker({ type, ...marker, timestampMs: 0 }));
  }

  /** Commits what was appended so far. */
  commit(upTo = this.logEndOffset): void {
    if (this.held || upTo <= this.highWatermark) return;
    this.highWatermark = upTo;
    for (const listener of this.listeners) listener(upTo);
  }

  release(): void {
    this.held = false;
    this.commit();
  }

  onHighWatermark(listener: (highWatermark: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get subscribers(): number {
    return this.listeners.size;
  }

  read(fromOffset: number, maxBytes: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (const batch of this.batches) {
      if (batch.lastOffset < fromOffset) continue;
      if (parts.length > 0 && size + batch.bytes.length > maxBytes) break;
      parts.push(batch.bytes);
      size += batch.bytes.length;
    }
    return Buffer.concat(parts);
  }
}
