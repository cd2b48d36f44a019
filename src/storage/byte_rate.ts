import type { Clock, Timers } from '../common/ports/index.js';

/** A change of the rate, or a stop, is noticed at least so often. */
const longestWaitMs = 250;

/** Keeps everybody who moves bytes through it below one rate together: who has moved some waits until they are paid for. */
export class ByteRate {
  private owedBytes = 0;
  private paidUntilMs = 0;
  /** How many wait now. */
  waiting = 0;

  constructor(
    private readonly ports: { readonly clock: Clock; readonly timers: Timers },
    private readonly bytesPerSecond: () => number,
  ) {}

  /** What may be moved at once: small at a low rate, so that it is used evenly. */
  stepBytes(largestBytes: number): number {
    return Math.max(4096, Math.min(largestBytes, Math.floor(this.bytesPerSecond() / 10)));
  }

  /** `bytes` were moved. Resolves when there is time for more, or `isStopped`. */
  async pass(bytes: number, isStopped: () => boolean): Promise<void> {
    this.settle();
    this.owedBytes += bytes;
    for (;;) {
      this.settle();
      const waitMs = Math.min(longestWaitMs, (this.owedBytes / Math.max(this.bytesPerSecond(), 0)) * 1000);
      // Timers are no finer than that; what is owed is kept.
      if (!(waitMs >= 1) || isStopped()) return;
      this.waiting += 1;
      await new Promise<void>((resolve) => {
        this.ports.timers.after(Math.ceil(waitMs), resolve);
      });
      this.waiting -= 1;
    }
  }

  private settle(): void {
    const nowMs = this.ports.clock.monotonicMs();
    const rate = this.bytesPerSecond();
    const paid = ((nowMs - this.paidUntilMs) / 1000) * rate;
    this.owedBytes = Number.isFinite(rate) ? Math.max(0, this.owedBytes - paid) : 0;
    this.paidUntilMs = nowMs;
  }
}
