import { advanceSequence } from '../../records/index.js';
import type { ProducerBatch, ProducerIdentity } from './batch.js';

/**
 * The batches of one partition: those to be sent, in order, and those in flight.
 *
 * When idempotent, a batch gets its sequence number when it is first sent and keeps it in every retry, so that the broker can
 * tell a repetition. Batches go out in sequence order; one that failed goes back to its place in the queue and is only sent
 * again when nothing before it is in flight. When a sequence number was used but its batch will never be written (it was
 * refused or gave up), the broker would refuse all that follow: the queue asks for a reset, and once nothing is in flight all
 * batches are numbered anew from 0 in a new epoch (KIP-360).
 */
export class PartitionQueue {
  readonly #queue: ProducerBatch[] = [];
  readonly #inFlight = new Set<ProducerBatch>();
  #identity: ProducerIdentity | undefined;
  #nextSequence = 0;
  #needsReset = false;
  /** Not before this time (monotonic): the last attempt failed. */
  retryAtMs = 0;
  consecutiveFailures = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#inFlight.size === 0;
  }

  get first(): ProducerBatch | undefined {
    return this.#queue[0];
  }

  get last(): ProducerBatch | undefined {
    return this.#queue.at(-1);
  }

  get queued(): number {
    return this.#queue.length;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get needsReset(): boolean {
    return this.#needsReset;
  }

  get identity(): ProducerIdentity | undefined {
    return this.#identity;
  }

  append(batch: ProducerBatch): void {
    this.#queue.push(batch);
  }

  /** Whether order and sequence numbers allow the first batch to go out now. */
  get mayStart(): boolean {
    const first = this.#queue[0];
    if (first === undefined) return false;
    if (this.#needsReset) return this.#inFlight.size === 0;
    return !first.wasSent || this.#isLowest(first);
  }

  /** Nothing in flight was meant to come before `batch`. Without sequence numbers: nothing is in flight. */
  #isLowest(batch: ProducerBatch): boolean {
    if (batch.baseSequence < 0) return this.#inFlight.size === 0;
    for (const other of this.#inFlight) if (sequenceBefore(other.baseSequence, batch.baseSequence)) return false;
    return true;
  }

  /** Whether every batch numbered before `batch` was written, so that a gap before it is real. */
  isNextUnresolved(batch: ProducerBatch): boolean {
    const before = (other: ProducerBatch): boolean =>
      other !== batch && other.baseSequence >= 0 && sequenceBefore(other.baseSequence, batch.baseSequence);
    return !this.#queue.some(before) && ![...this.#inFlight].some(before);
  }

  /** Takes the first batch to be sent. The caller encodes it when it is new. */
  start(): ProducerBatch | undefined {
    const batch = this.#queue.shift();
    if (batch === undefined) return undefined;
    this.#inFlight.add(batch);
    batch.attempts += 1;
    return batch;
  }

  /** The next number of the sequence, for a batch sent the first time. */
  assignSequence(
    batch: ProducerBatch,
    current: ProducerIdentity,
  ): ProducerIdentity & { readonly baseSequence: number } {
    // A partition with batches in flight stays in its epoch; the others take up the current one.
    if (this.#identity === undefined || (this.#identity !== current && this.#inFlight.size <= 1)) {
      this.#identity = current;
      this.#nextSequence = 0;
    }
    const baseSequence = this.#nextSequence;
    this.#nextSequence = advanceSequence(baseSequence, batch.recordCount);
    return { ...this.#identity, baseSequence };
  }

  finish(batch: ProducerBatch): void {
    this.#inFlight.delete(batch);
  }

  /** Puts a batch that failed back where its sequence number belongs (to the front without one). */
  putBack(batch: ProducerBatch): void {
    this.#inFlight.delete(batch);
    let at = 0;
    for (; at < this.#queue.length; at += 1) {
      const other = this.#queue[at];
      if (other === undefined || other.baseSequence < 0 || batch.baseSequence < 0) break;
      if (sequenceBefore(batch.baseSequence, other.baseSequence)) break;
    }
    this.#queue.splice(at, 0, batch);
  }

  /** A number of this epoch was used up without its batch being written. */
  requestReset(): void {
    this.#needsReset = true;
  }

  /** Numbers everything anew from 0 in `identity`. Nothing may be in flight. */
  reset(identity: ProducerIdentity): void {
    this.#identity = identity;
    this.#needsReset = false;
    this.#nextSequence = 0;
    for (const batch of this.#queue) {
      if (batch.baseSequence < 0) continue;
      batch.resequence({ ...identity, baseSequence: this.#nextSequence });
      this.#nextSequence = advanceSequence(this.#nextSequence, batch.recordCount);
    }
  }

  /** Removes the queued batches that were made before `atMs`. */
  takeOlderThan(atMs: number): readonly ProducerBatch[] {
    const expired = this.#queue.filter((batch) => batch.createdAtMs <= atMs);
    if (expired.length > 0) {
      const kept = this.#queue.filter((batch) => batch.createdAtMs > atMs);
      this.#queue.splice(0, this.#queue.length, ...kept);
    }
    return expired;
  }

  takeAll(): readonly ProducerBatch[] {
    return this.#queue.splice(0);
  }
}

/** In the order of sequence numbers that wrap at 2^31. */
function sequenceBefore(a: number, b: number): boolean {
  const distance = (b - a + 2 ** 31) % 2 ** 31;
  return distance !== 0 && distance < 2 ** 30;
}
