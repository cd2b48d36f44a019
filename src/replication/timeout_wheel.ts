import type { Clock, TimerHandle, Timers } from '../common/ports/index.js';

export interface Expiring {
  onTimeout(): void;
}

/** Entries of one tick, in the order they were added. A list: what a set takes to hash and to grow is felt at a hundred thousand requests a second. */
class Bucket {
  first: Timeout | undefined;
  private last: Timeout | undefined;

  constructor(readonly tick: number) {}

  append(timeout: Timeout): void {
    timeout.bucket = this;
    timeout.previous = this.last;
    if (this.last === undefined) this.first = timeout;
    else this.last.next = timeout;
    this.last = timeout;
  }

  remove(timeout: Timeout): void {
    const { previous, next } = timeout;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    timeout.bucket = undefined;
    timeout.previous = undefined;
    timeout.next = undefined;
  }
}

/** An entry that waits, for {@link TimeoutWheel.cancel}. */
export class Timeout {
  /** Undefined: it ran, or was cancelled. */
  bucket: Bucket | undefined;
  previous: Timeout | undefined;
  next: Timeout | undefined;

  constructor(readonly entry: Expiring) {}
}

/**
 * Timeouts of waiting requests. Nearly all of them are cancelled, so adding and cancelling cost a few assignments and the loop has
 * one timer for all: an entry runs at the first tick at or after its time.
 */
export class TimeoutWheel {
  private readonly buckets = new Map<number, Bucket>();
  private timer: TimerHandle | undefined;
  private timerTick = Number.POSITIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly tickMs = 10,
  ) {}

  add(entry: Expiring, delayMs: number): Timeout {
    const tick = Math.ceil((this.clock.monotonicMs() + delayMs) / this.tickMs);
    let bucket = this.buckets.get(tick);
    if (bucket === undefined) {
      bucket = new Bucket(tick);
      this.buckets.set(tick, bucket);
    }
    const timeout = new Timeout(entry);
    bucket.append(timeout);
    if (tick < this.timerTick) this.schedule(tick);
    return timeout;
  }

  /** Nothing happens when it ran, or was cancelled before. */
  cancel(timeout: Timeout): void {
    const { bucket } = timeout;
    if (bucket === undefined) return;
    bucket.remove(timeout);
    // One that is being run is not in the map any more, and its tick may have a new one.
    if (bucket.first !== undefined || this.buckets.get(bucket.tick) !== bucket) return;
    this.buckets.delete(bucket.tick);
    if (this.buckets.size === 0) this.stop();
  }

  /** Runs everything that waits, now, and what is added meanwhile (a stopping broker answers its clients). */
  expireAll(): void {
    for (;;) {
      const [tick] = this.buckets.keys();
      if (tick === undefined) break;
      this.runBucket(tick);
    }
    this.stop();
  }

  get size(): number {
    let sum = 0;
    for (const bucket of this.buckets.values()) for (let at = bucket.first; at !== undefined; at = at.next) sum += 1;
    return sum;
  }

  private stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerTick = Number.POSITIVE_INFINITY;
  }

  private schedule(tick: number): void {
    this.timer?.cancel();
    this.timerTick = tick;
    this.timer = this.timers.after(Math.max(0, tick * this.tickMs - this.clock.monotonicMs()), () => this.run());
  }

  private run(): void {
    this.timerTick = Number.POSITIVE_INFINITY;
    const now = Math.floor(this.clock.monotonicMs() / this.tickMs + 1e-6);
    const due = [...this.buckets.keys()].filter((tick) => tick <= now).sort((a, b) => a - b);
    for (const tick of due) this.runBucket(tick);
    if (this.buckets.size === 0) {
      this.stop();
      return;
    }
    const next = Math.min(...this.buckets.keys());
    if (next < this.timerTick) this.schedule(next);
  }

  /** Each is taken out before it runs: it may cancel another one, or add one to a new bucket of the same tick. */
  private runBucket(tick: number): void {
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) return;
    this.buckets.delete(tick);
    for (let timeout = bucket.first; timeout !== undefined; timeout = bucket.first) {
      bucket.remove(timeout);
      timeout.entry.onTimeout();
    }
  }
}
