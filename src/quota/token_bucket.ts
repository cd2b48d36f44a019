import type { RateWindow } from './rate.js';

/**
 * Kafka's bucket for changes of topics: fills with `limit` tokens a second up to the window's worth; a change may be larger than what is
 * in it, and is paid for by those that come after.
 */
export class TokenBucket {
  private tokens = 0;
  private filledMs = 0;

  constructor(private readonly window: RateWindow) {}

  /** What is there now; negative: owed. */
  available(limit: number, nowMs: number): number {
    const burst = (this.window.samples * this.window.sampleMs * limit) / 1000;
    this.tokens = Math.min(burst, this.tokens + (limit * (nowMs - this.filledMs)) / 1000);
    this.filledMs = nowMs;
    return this.tokens;
  }

  take(count: number, limit: number, nowMs: number): void {
    this.tokens = this.available(limit, nowMs) - count;
  }

  /** Until nothing is owed any more. */
  delayMs(limit: number, nowMs: number): number {
    const tokens = this.available(limit, nowMs);
    return tokens < 0 ? Math.ceil((-tokens * 1000) / limit) : 0;
  }
}
