import { expect, it } from 'vitest';
import { playHistory } from '../coordinator/consumer_group/random_history.js';
import { Prng } from '../support/prng.js';

/** Of every history; undefined: mostly few, 50 in one of a hundred, which takes a twentieth of the time. */
const everyMembers = process.env.MILLRACE_MEMBERS === undefined ? undefined : Number(process.env.MILLRACE_MEMBERS);
const count = Number(process.env.MILLRACE_HISTORIES ?? 1_000);
const seed = Number(process.env.MILLRACE_SEED ?? 1_000_000);

it(`${count} histories of consumer groups: one owner each, balanced, sticky, replay equals live`, {
  timeout: 4 * 3_600_000,
}, () => {
  for (let i = 0; i < count; i += 1) {
    const random = new Prng(seed + i);
    const members = everyMembers ?? (i % 100 === 0 ? 50 : 1 + random.below(10));
    expect(playHistory(random, members, members * 6 + 20), `seed ${seed + i}`).toBeUndefined();
  }
});
