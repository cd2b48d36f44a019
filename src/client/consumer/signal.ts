import type { Timers } from '../../common/ports/index.js';

/** Wakes whoever waits. A notification without a waiter is kept for the next one. */
export class Signal {
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(private readonly timers: Timers) {}

  notify(): void {
    const wake = this.#wake;
    if (wake === undefined) this.#pending = true;
    else {
      this.#wake = undefined;
      wake();
    }
  }

  /** Resolves at the next notification, at the latest after `ms`. One waiter at a time. */
  wait(ms: number): Promise<void> {
    if (this.#pending) {
      this.#pending = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = ms === Number.POSITIVE_INFINITY ? undefined : this.timers.after(ms, () => this.notify());
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
  }
}
