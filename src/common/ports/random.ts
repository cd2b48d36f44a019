import type { Uuid } from '../ids.js';

/** Randomness; seeded in simulation and tests. */
export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1). */
  float(): number;
  /** A random (version 4) id as Kafka makes them: never the zero id, never starting with '-'. */
  uuid(): Uuid;
}
