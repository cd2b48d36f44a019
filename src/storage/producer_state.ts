import type { BatchInfo } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';

const maxSequence = 0x7fff_ffff;
/** Batches per producer that a repeated send is recognised in; clients have at most as many in flight. */
const keptBatches = 5;

export interface ProducerBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
}

export interface ProducerEntry {
  readonly producerId: number;
  producerEpoch: number;
  /** Oldest first, at most five. */
  batches: ProducerBatch[];
  /** Wall time of the last append; expiry counts from it. */
  lastAppendMs: number;
}

export type SequenceCheck =
  | { readonly kind: 'append' }
  /** Sent before: the answer is that of the first time. */
  | { readonly kind: 'duplicate'; readonly batch: ProducerBatch }
  | { readonly kind: 'refused'; readonly errorCode: Exclude<ErrorCode, typeof ErrorCode.NONE> };

const append: SequenceCheck = { kind: 'append' };

/** Sequence numbers wrap from 2^31-1 to 0. */
export function addSequence(sequence: number, increment: number): number {
  return sequence > maxSequence - increment ? increment - (maxSequence - sequence) - 1 : sequence + increment;
}

/**
 * What a partition knows of its idempotent producers (KIP-98): the epoch and the last five batches of each. Deciding
 * (`check`) changes nothing; `update` is called once the batch is in the log, or when it is replayed.
 */
export class ProducerStateManager {
  private readonly producers = new Map<number, ProducerEntry>();

  get size(): number {
    return this.producers.size;
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.producers.values();
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.producers.get(producerId);
  }

  /** Whether a client's batch may be appended. Errors: INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER. */
  check(batch: BatchInfo): SequenceCheck {
    const entry = this.producers.get(batch.producerId);
    // Nothing is known of it (new, expired, or its records are deleted): any sequence may begin.
    if (entry === undefined) return append;
    const lastSequence = addSequence(batch.baseSequence, batch.lastOffsetDelta);
    if (batch.producerEpoch < entry.producerEpoch)
      return { kind: 'refused', errorCode: ErrorCode.INVALID_PRODUCER_EPOCH };
    if (batch.producerEpoch > entry.producerEpoch) {
      if (batch.baseSequence === 0) return append;
      return { kind: 'refused', errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER };
    }
    const same = entry.batches.find(
      (known) => known.baseSequence === batch.baseSequence && known.lastSequence === lastSequence,
    );
    if (same !== undefined) return { kind: 'duplicate', batch: same };
    const last = entry.batches.at(-1);
    if (last === undefined || batch.baseSequence === addSequence(last.lastSequence, 1)) return append;
    return { kind: 'refused', errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER };
  }

  /** A batch of a producer is in the log, with its final base offset. Control batches carry no sequence. */
  update(batch: BatchInfo, nowMs: number): void {
    if (batch.producerId < 0) return;
    let entry = this.producers.get(batch.producerId);
    if (entry === undefined) {
      entry = { producerId: batch.producerId, producerEpoch: batch.producerEpoch, batches: [], lastAppendMs: nowMs };
      this.producers.set(batch.producerId, entry);
    }
    if (batch.producerEpoch !== entry.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch;
      entry.batches = [];
    }
    entry.lastAppendMs = nowMs;
    if (batch.baseSequence < 0) return;
    entry.batches.push({
      baseSequence: batch.baseSequence,
      lastSequence: addSequence(batch.baseSequence, batch.lastOffsetDelta),
      baseOffset: batch.baseOffset,
      lastOffset: batch.baseOffset + batch.lastOffsetDelta,
      timestampMs: batch.maxTimestampMs,
    });
    if (entry.batches.length > keptBatches) entry.batches.shift();
  }

  /** From a snapshot. */
  restore(entry: ProducerEntry): void {
    this.producers.set(entry.producerId, entry);
  }

  clear(): void {
    this.producers.clear();
  }

  /** Forgets producers that were silent for `producer.id.expiration.ms`. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [id, entry] of this.producers) if (nowMs - entry.lastAppendMs >= expirationMs) this.producers.delete(id);
  }
}
