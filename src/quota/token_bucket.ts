import type { RateWindow } from './rate.js';

/**
 * Kafka's bucket for changes of topics: fills with `limit` tokens a second up to the window's worth; a change may be larger than what is
 * in it, and is paid for by those that come after.
 */
export class TokenBucket {
  private tokens = Number.POSITIVE_INFINITY;
  private filledMs = 0;

  /** `mostOwedMs`: what would take longer than this to be paid for is forgotten. */
  constructor(
    private readonly window: RateWindow,
    private readonly mostOwedMs = Number.POSITIVE_INFINITY,
  ) {}

  /** What is there now; negative: owed. */
  available(limit: number, nowMs: number): number {
    const burst = (this.window.samples * this.window.sampleMs * limit) / 1000;
    this.tokens = Math.min(burst, this.tokens + (limit * (nowMs - this.filledMs)) / 1000);
    this.filledMs = nowMs;
    return this.tokens;
  }

  take(count: number, limit: number, nowMs: number): void {
    this.tokens = Math.max(this.available(limit, nowMs) - count, (-limit * this.mostOwedMs) / 1000);
  }

  /** Until nothing is owed any more. */
  delayMs(limit: number, nowMs: number): number {
    const tokens = this.available(limit, nowMs);
    return tokens < 0 ? Math.ceil((-tokens * 1000) / limit) : 0;
  }
}
