import type { Clock, Timers } from '../common/ports/index.js';

/** Keeps all rounds of cleaning together below a rate: who has moved bytes waits until they would have been allowed. */
export class CleanerThrottle {
  private freeAtMs = 0;

  constructor(private readonly ports: { readonly clock: Clock; readonly timers: Timers }) {}

  /** Resolves when `bytes` more have their time at `bytesPerSecond`. `onWait` is given the function that ends the wait at once. */
  async pass(bytes: number, bytesPerSecond: number, onWait: (end: () => void) => void): Promise<void> {
    const nowMs = this.ports.clock.monotonicMs();
    this.freeAtMs = Math.max(this.freeAtMs, nowMs) + (bytes / bytesPerSecond) * 1000;
    const waitMs = this.freeAtMs - nowMs;
    // Timers are no finer than that; what is owed is kept.
    if (waitMs < 1) return;
    await new Promise<void>((resolve) => {
      const timer = this.ports.timers.after(waitMs, resolve);
      onWait(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
