// Not the global: that one is a getter, which every call would go through.
import { performance } from 'node:perf_hooks';
import type { Clock, TimerHandle, Timers } from '../common/ports/index.js';

/** The machine's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A Node timer cannot wait longer than this (2^31 − 1 ms); longer waits are cut into pieces. */
const MAX_TIMEOUT_MS = 2_147_483_647;

class SystemTimer implements TimerHandle {
  #timeout: NodeJS.Timeout | undefined;

  constructor(
    readonly dueMs: number,
    readonly run: () => void,
  ) {
    this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #arm(): void {
    // Node counts whole milliseconds from the start of the loop turn, so it can be early by up to one: wait for the rest.
    const waitMs = Math.min(MAX_TIMEOUT_MS, Math.max(0, Math.ceil(this.dueMs - performance.now())));
    this.#timeout = setTimeout(() => {
      if (performance.now() < this.dueMs) return this.#arm();
      this.#timeout = undefined;
      this.run();
    }, waitMs);
  }
}

/** Timers of the event loop. */
export const systemTimers: Timers = {
  after: (delayMs, run) => new SystemTimer(performance.now() + delayMs, run),
  soon: (run) => {
    setImmediate(run);
  },
};
