import { describe, expect, it } from 'vitest';
import { Prng } from '../../support/prng.js';
import { playHistory } from './random_history.js';
import { Simulation } from './simulation.js';

// Mostly of few members; the long suite plays those of 50: test/long/consumer_groups.test.ts.
const count = Number(process.env.MILLRACE_HISTORIES ?? 1_000);
const seed = Number(process.env.MILLRACE_SEED ?? 1);

describe('histories of consumer groups', () => {
  it(`no partition has two owners, none is without one, balanced and sticky, replay equals live (${count} histories)`, () => {
    for (let i = 0; i < count; i += 1) {
      const random = new Prng(seed + i);
      const members = i % 50 === 0 ? 50 : 1 + random.below(8);
      expect(playHistory(random, members).failure, `seed ${seed + i}`).toBeUndefined();
    }
  });

  it('1,000 members converge in three heartbeats', () => {
    const world = new Simulation(new Prng(1), { t: 4_000 });
    for (let i = 0; i < 1_000; i += 1) world.add();
    world.settle(3);
    expect(world.group?.state).toBe('Stable');
    expect(new Set(world.loads())).toEqual(new Set([4]));
    expect(world.doubles()).toEqual([]);
  });
});
