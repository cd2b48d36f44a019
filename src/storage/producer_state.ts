import type { BatchInfo } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';
import { type CompletedTransaction, PartitionTransactions, type TransactionMarker } from './partition_transactions.js';
import {
  type TransactionVerification,
  TransactionVerifications,
  type VerifiedProducer,
} from './transaction_verification.js';

const maxSequence = 0x7fff_ffff;
const transactionalBit = 0x10;
const controlBit = 0x20;
/** Batches per producer that a repeated send is recognised in; clients have at most as many in flight. */
const keptBatches = 5;
/** From this version on a marker bears a higher epoch than the records it ends (KIP-890). */
const versionWithEpochBump = 2;

export interface ProducerBatch {
  readonly baseSequence: number;
  /** -1: a batch of the broker itself, without a sequence. */
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
  /** Largest timestamp of its last batch or marker, as snapshots have it. */
  lastTimestampMs: number;
  /** Of the last marker, -1: there was none. An older coordinator may not write any more. */
  coordinatorEpoch: number;
  /** Where its open transaction began, -1: there is none. */
  currentTxnFirstOffset: number;
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

function refused(errorCode: Exclude<ErrorCode, typeof ErrorCode.NONE>): SequenceCheck {
  return { kind: 'refused', errorCode };
}

/**
 * What a partition knows of its producers (KIP-98): epoch, last five batches and open transaction of each. Deciding (`check`,
 * `checkMarker`) changes nothing; `update` is called once the batch is in the log, or when it is replayed.
 */
export class ProducerStateManager {
  private readonly producers = new Map<number, ProducerEntry>();
  readonly transactions = new PartitionTransactions();
  private readonly verifications = new TransactionVerifications();

  get size(): number {
    return this.producers.size;
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.producers.values();
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.producers.get(producerId);
  }

  /** Timestamp of the last batch of the oldest open transaction, -1 when none is open. */
  get oldestTransactionTimestampMs(): number {
    const first = this.transactions.firstUndecided;
    return first === undefined ? -1 : (this.producers.get(first.producerId)?.lastTimestampMs ?? -1);
  }

  /** Whether a client's batch may be appended. Errors: INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE. */
  check(batch: BatchInfo): SequenceCheck {
    const entry = this.producers.get(batch.producerId);
    const pending = this.verifications.get(batch.producerId);
    // Nothing is known of it (new, expired, or its records are deleted): any sequence may begin.
    if (entry === undefined) return isAhead(batch, pending, true) ? outOfOrder : append;
    const lastSequence = addSequence(batch.baseSequence, batch.lastOffsetDelta);
    if (batch.producerEpoch < entry.producerEpoch) return refused(ErrorCode.INVALID_PRODUCER_EPOCH);
    if (batch.producerEpoch > entry.producerEpoch) {
      if (batch.baseSequence !== 0 || isAhead(batch, pending, false)) return outOfOrder;
      return checkTransaction(entry, batch);
    }
    const same = entry.batches.find(
      (known) => known.baseSequence === batch.baseSequence && known.lastSequence === lastSequence,
    );
    if (same !== undefined) return { kind: 'duplicate', batch: same };
    if (isAhead(batch, pending, false)) return outOfOrder;
    // After a marker that began an epoch the first batch is still to come, as number 0.
    const last = entry.batches.at(-1)?.lastSequence ?? -1;
    if (batch.baseSequence !== addSequence(last, 1)) return outOfOrder;
    return checkTransaction(entry, batch);
  }

  /** Whether the batch would begin a transaction, and nobody has said that it may (`verification` is not the one under way). */
  isUnverified(batch: BatchInfo, verification: object | undefined): boolean {
    if ((batch.attributes & transactionalBit) === 0 || this.hasOpenTransaction(batch)) return false;
    // An epoch that is gone is refused for that.
    if (batch.producerEpoch < (this.producers.get(batch.producerId)?.producerEpoch ?? -1)) return false;
    return verification === undefined || this.verifications.get(batch.producerId) !== verification;
  }

  private hasOpenTransaction({ producerId, producerEpoch }: Omit<VerifiedProducer, 'baseSequence'>): boolean {
    const entry = this.producers.get(producerId);
    return entry !== undefined && entry.currentTxnFirstOffset >= 0 && entry.producerEpoch === producerEpoch;
  }

  /**
   * The producer is about to write here in a transaction: what its coordinator has to confirm first. Undefined: nothing, the
   * transaction is open here. Error: INVALID_PRODUCER_EPOCH.
   */
  startVerification(
    producer: VerifiedProducer,
    raisesEpoch: boolean,
    nowMs: number,
  ): TransactionVerification | typeof ErrorCode.INVALID_PRODUCER_EPOCH | undefined {
    if (producer.producerEpoch < (this.producers.get(producer.producerId)?.producerEpoch ?? -1))
      return ErrorCode.INVALID_PRODUCER_EPOCH;
    if (this.hasOpenTransaction(producer)) return undefined;
    return this.verifications.start(producer, raisesEpoch, nowMs);
  }

  /** As `check`, for a batch that the broker itself makes in the name of a producer (offsets of a transaction): it bears no sequence. */
  checkInternal(batch: BatchInfo): SequenceCheck {
    const entry = this.producers.get(batch.producerId);
    if (entry === undefined) return append;
    if (batch.producerEpoch < entry.producerEpoch) return refused(ErrorCode.INVALID_PRODUCER_EPOCH);
    return checkTransaction(entry, batch);
  }

  /**
   * Whether a transaction coordinator's marker may be appended. A repeated one may be: it ends nothing. Errors:
   * INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED.
   */
  checkMarker(
    marker: { readonly producerId: number; readonly producerEpoch: number; readonly coordinatorEpoch: number },
    transactionVersion: number,
  ): ErrorCode {
    const entry = this.producers.get(marker.producerId);
    if (entry === undefined) return ErrorCode.NONE;
    const repeated = marker.producerEpoch === entry.producerEpoch && entry.currentTxnFirstOffset < 0;
    const lowestEpoch =
      transactionVersion >= versionWithEpochBump && !repeated ? entry.producerEpoch + 1 : entry.producerEpoch;
    if (marker.producerEpoch < lowestEpoch) return ErrorCode.INVALID_PRODUCER_EPOCH;
    return marker.coordinatorEpoch < entry.coordinatorEpoch ? ErrorCode.TRANSACTION_COORDINATOR_FENCED : ErrorCode.NONE;
  }

  /** The transaction that a marker at `lastOffset` would end. */
  completionOf(producerId: number, marker: TransactionMarker, lastOffset: number): CompletedTransaction | undefined {
    const firstOffset = this.producers.get(producerId)?.currentTxnFirstOffset ?? -1;
    if (firstOffset < 0) return undefined;
    const lastStableOffset = this.transactions.lastStableOffsetAfter(producerId, lastOffset);
    return { producerId, firstOffset, lastOffset, aborted: marker.type === 'ABORT', lastStableOffset };
  }

  /**
   * A batch of a producer is in the log, with its final base offset. Control batches carry no sequence; without a marker they were
   * emptied by compaction, and say no more than the epoch.
   */
  update(batch: BatchInfo, nowMs: number, marker?: TransactionMarker): void {
    if (batch.producerId < 0) return;
    let entry = this.producers.get(batch.producerId);
    if (entry === undefined) {
      entry = emptyEntry(batch.producerId, batch.producerEpoch);
      this.producers.set(batch.producerId, entry);
    }
    if (batch.producerEpoch !== entry.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch;
      entry.batches = [];
    }
    entry.lastAppendMs = nowMs;
    entry.lastTimestampMs = batch.maxTimestampMs;
    if ((batch.attributes & transactionalBit) !== 0)
      this.verifications.appended(batch.producerId, batch.producerEpoch, (batch.attributes & controlBit) !== 0);
    if ((batch.attributes & controlBit) !== 0) {
      if (marker !== undefined) this.end(entry, marker, batch.baseOffset);
      return;
    }
    entry.batches.push({
      baseSequence: batch.baseSequence,
      lastSequence: batch.baseSequence < 0 ? -1 : addSequence(batch.baseSequence, batch.lastOffsetDelta),
      baseOffset: batch.baseOffset,
      lastOffset: batch.baseOffset + batch.lastOffsetDelta,
      timestampMs: batch.maxTimestampMs,
    });
    if (entry.batches.length > keptBatches) entry.batches.shift();
    if ((batch.attributes & transactionalBit) === 0 || entry.currentTxnFirstOffset >= 0) return;
    entry.currentTxnFirstOffset = batch.baseOffset;
    this.transactions.begin(batch.producerId, batch.baseOffset);
  }

  private end(entry: ProducerEntry, marker: TransactionMarker, offset: number): void {
    if (entry.currentTxnFirstOffset >= 0) this.transactions.complete(entry.currentTxnFirstOffset, offset);
    entry.currentTxnFirstOffset = -1;
    entry.coordinatorEpoch = marker.coordinatorEpoch;
  }

  /** From a snapshot: nothing was known before. */
  restore(entries: readonly ProducerEntry[]): void {
    this.clear();
    for (const entry of entries) this.producers.set(entry.producerId, entry);
    const open = entries.filter(({ currentTxnFirstOffset }) => currentTxnFirstOffset >= 0);
    this.transactions.restore(
      open.map(({ producerId, currentTxnFirstOffset }) => ({ producerId, firstOffset: currentTxnFirstOffset })),
    );
  }

  /** Becomes what another copy of the same log has, markers that are not committed among it. */
  adopt(other: ProducerStateManager): void {
    this.restore([...other.entries()].map((entry) => ({ ...entry, batches: [...entry.batches] })));
    this.transactions.adopt(other.transactions);
  }

  clear(): void {
    this.producers.clear();
    this.transactions.clear();
    this.verifications.clear();
  }

  /** Forgets producers that were silent for `producer.id.expiration.ms`; not those with an open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    this.verifications.expire(nowMs, expirationMs);
    for (const [id, entry] of this.producers)
      if (entry.currentTxnFirstOffset < 0 && nowMs - entry.lastAppendMs >= expirationMs) this.producers.delete(id);
  }
}

function emptyEntry(producerId: number, producerEpoch: number): ProducerEntry {
  return {
    producerId,
    producerEpoch,
    batches: [],
    lastAppendMs: 0,
    lastTimestampMs: -1,
    coordinatorEpoch: -1,
    currentTxnFirstOffset: -1,
  };
}

const outOfOrder = refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);

/** Whether what was sent before the batch is still to be verified; of a new producer with an epoch for each transaction also what begins in its middle. */
function isAhead(batch: BatchInfo, pending: TransactionVerification | undefined, isNew: boolean): boolean {
  if (pending === undefined) return false;
  return batch.baseSequence > pending.lowestSequence || (isNew && pending.raisesEpoch && batch.baseSequence !== 0);
}

/** While a transaction is open its producer writes nothing else. */
function checkTransaction(entry: ProducerEntry, batch: BatchInfo): SequenceCheck {
  const isOpen = entry.currentTxnFirstOffset >= 0;
  return isOpen && (batch.attributes & transactionalBit) === 0 ? refused(ErrorCode.INVALID_TXN_STATE) : append;
}
