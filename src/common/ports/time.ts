/** Wall and monotonic time. The only source of "now" in the broker. */
export interface Clock {
  /** Milliseconds since the epoch, whole. May jump. */
  wallMs(): number;
  /** Milliseconds since an arbitrary point, never goes back. May have a fraction. */
  monotonicMs(): number;
}

export interface TimerHandle {
  /** Idempotent. After it returns the callback is never run. */
  cancel(): void;
}

/** Timers on the monotonic clock. A pending timer keeps the process alive until it ran or was cancelled. */
export interface Timers {
  /** Runs `run` once, at the earliest `delayMs` (≥ 0) from now. `run` must not throw. */
  after(delayMs: number, run: () => void): TimerHandle;
  /** Runs `run` in a later turn of the event loop, before any timer that is not due yet. */
  soon(run: () => void): void;
}
