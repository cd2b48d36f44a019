import type { Clock, TimerHandle, Timers } from '../../../common/ports/index.js';

/** Timers of the event loop may be late by more than this never, by a millisecond often. */
const spinMs = 2;

/**
 * Timers that are due to the loop turn instead of to the millisecond: the last two milliseconds are spent turning the event loop.
 * Costs one core while something is due soon; only for a client that must send at its instants.
 */
export function preciseTimers(clock: Clock, timers: Timers): Timers {
  return {
    soon: (run) => timers.soon(run),
    after: (delayMs, run): TimerHandle => {
      const dueMs = clock.monotonicMs() + delayMs;
      let cancelled = false;
      let waiting: TimerHandle | undefined;
      const spin = (): void => {
        if (cancelled) return;
        if (clock.monotonicMs() >= dueMs) run();
        else timers.soon(spin);
      };
      if (delayMs > spinMs) waiting = timers.after(delayMs - spinMs, spin);
      else timers.soon(spin);
      return {
        cancel: () => {
          cancelled = true;
          waiting?.cancel();
        },
      };
    },
  };
}
