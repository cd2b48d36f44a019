import type { Clock, TimerHandle, Timers } from '../common/ports/index.js';

export interface Expiring {
  onTimeout(): void;
}

/**
 * Timeouts of waiting requests. Nearly all of them are cancelled, so adding and cancelling cost a set operation and the loop has
 * one timer for all: an entry runs at the first tick at or after its time.
 */
export class TimeoutWheel {
  private readonly buckets = new Map<number, Set<Expiring>>();
  private timer: TimerHandle | undefined;
  private timerTick = Number.POSITIVE_INFINITY;
  /** Entries whose turn it is; one of them may cancel another. */
  private running: Set<Expiring> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly tickMs = 10,
  ) {}

  /** Returns the key for {@link cancel}. */
  add(entry: Expiring, delayMs: number): number {
    const tick = Math.ceil((this.clock.monotonicMs() + delayMs) / this.tickMs);
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) this.buckets.set(tick, new Set([entry]));
    else bucket.add(entry);
    if (tick < this.timerTick) this.schedule(tick);
    return tick;
  }

  cancel(entry: Expiring, tick: number): void {
    this.running?.delete(entry);
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) return;
    bucket.delete(entry);
    if (bucket.size > 0) return;
    this.buckets.delete(tick);
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
    for (const bucket of this.buckets.values()) sum += bucket.size;
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

  private runBucket(tick: number): void {
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) return;
    this.buckets.delete(tick);
    this.running = bucket;
    for (const entry of bucket) entry.onTimeout();
    this.running = undefined;
  }
}
