import type { Clock, Dialer, Random, Timers } from '../common/ports/index.js';

/** What a client needs of the world. */
export interface ClientEnvironment {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}
