/**
 * A transaction that is about to begin on a partition: its coordinator is being asked whether the partition is part of it. The object
 * itself is the proof. A marker takes it away, so that an answer from before the marker opens nothing after it (KIP-890).
 */
export interface TransactionVerification {
  readonly producerId: number;
  /** Each transaction has an epoch of its own (`transaction.version` 2). */
  readonly raisesEpoch: boolean;
  readonly startedMs: number;
  producerEpoch: number;
  /** What was sent behind it waits: its turn comes when this one is appended. */
  lowestSequence: number;
}

export interface VerifiedProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** The verifications under way on a partition, one for each producer at most. */
export class TransactionVerifications {
  private readonly pending = new Map<number, TransactionVerification>();

  get(producerId: number): TransactionVerification | undefined {
    return this.pending.get(producerId);
  }

  /** The one that is under way, or a new one. */
  start(producer: VerifiedProducer, raisesEpoch: boolean, nowMs: number): TransactionVerification {
    const { producerId, producerEpoch, baseSequence } = producer;
    const known = this.pending.get(producerId);
    if (known === undefined) {
      const begun = { producerId, raisesEpoch, startedMs: nowMs, producerEpoch, lowestSequence: baseSequence };
      this.pending.set(producerId, begun);
      return begun;
    }
    if (producerEpoch === known.producerEpoch) known.lowestSequence = Math.min(known.lowestSequence, baseSequence);
    else if (producerEpoch > known.producerEpoch) {
      known.producerEpoch = producerEpoch;
      known.lowestSequence = baseSequence;
    }
    return known;
  }

  /**
   * A transactional batch or a marker of the producer is in the log. A marker with the epoch of what is being verified ended the
   * transaction before that one: each has its own.
   */
  appended(producerId: number, producerEpoch: number, isMarker: boolean): void {
    const known = this.pending.get(producerId);
    if (known === undefined) return;
    const isNext = isMarker && known.raisesEpoch && known.producerEpoch === producerEpoch;
    if (!isNext) this.pending.delete(producerId);
  }

  /** Forgets those begun `expirationMs` ago or earlier: nobody came back. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, { startedMs }] of this.pending)
      if (nowMs - startedMs >= expirationMs) this.pending.delete(producerId);
  }

  clear(): void {
    this.pending.clear();
  }
}
