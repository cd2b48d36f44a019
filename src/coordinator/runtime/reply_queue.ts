import type { Clock, TimerHandle, Timers } from '../../common/ports/index.js';

interface Waiting {
  readonly untilHighWatermark: number;
  readonly deadlineMs: number;
  readonly deliver: (committed: boolean) => void;
}

/**
 * Replies in the order of the log, each held back until the high watermark has reached what it depends on, or for at most
 * `timeoutMs` (`offsets.commit.timeout.ms`). One timer for all: the deadlines are in order too.
 */
export class ReplyQueue {
  private waiting: Waiting[] = [];
  private head = 0;
  private timer: TimerHandle | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly timeoutMs: number,
  ) {}

  get size(): number {
    return this.waiting.length - this.head;
  }

  /** `untilHighWatermark` never goes back from one call to the next. */
  add(untilHighWatermark: number, deliver: (committed: boolean) => void): void {
    this.waiting.push({ untilHighWatermark, deadlineMs: this.clock.monotonicMs() + this.timeoutMs, deliver });
    if (this.timer === undefined) this.timer = this.timers.after(this.timeoutMs, () => this.expire());
  }

  advance(highWatermark: number): void {
    for (let next = this.first(); next !== undefined && next.untilHighWatermark <= highWatermark; next = this.first()) {
      this.head += 1;
      next.deliver(true);
    }
    this.compact();
  }

  /** Forgets what waits without delivering it. */
  clear(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.waiting = [];
    this.head = 0;
  }

  private first(): Waiting | undefined {
    return this.waiting[this.head];
  }

  private expire(): void {
    this.timer = undefined;
    const nowMs = this.clock.monotonicMs();
    for (let next = this.first(); next !== undefined && next.deadlineMs <= nowMs; next = this.first()) {
      this.head += 1;
      next.deliver(false);
    }
    this.compact();
    const next = this.first();
    if (next !== undefined) this.timer = this.timers.after(next.deadlineMs - nowMs, () => this.expire());
  }

  /** The timer stays armed when the queue empties: on a busy shard it would be made anew for every batch. */
  private compact(): void {
    if (this.head === this.waiting.length) {
      this.waiting.length = 0;
      this.head = 0;
    } else if (this.head > 1024) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
  }
}
