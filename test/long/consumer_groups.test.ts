import { expect, it } from 'vitest';
import { type Played, playHistory } from '../coordinator/consumer_group/random_history.js';
import { Prng } from '../support/prng.js';

/** Of every history. */
const members = Number(process.env.MILLRACE_MEMBERS ?? 50);
const count = Number(process.env.MILLRACE_HISTORIES ?? 400);
const seed = Number(process.env.MILLRACE_SEED ?? 1_000_000);

it(`${count} histories of consumer groups of ${members}: one owner each, balanced, sticky, replay equals live`, {
  timeout: 4 * 3_600_000,
}, () => {
  const did = new Map<string, number>();
  let fewest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i += 1) {
    const played: Played = playHistory(new Prng(seed + i), members);
    expect(played.failure, `seed ${seed + i}`).toBeUndefined();
    for (const [kind, times] of Object.entries(played.did)) did.set(kind, (did.get(kind) ?? 0) + times);
    fewest = Math.min(fewest, played.mostMembers);
  }
  // All of them were in the group at once, and did whatever members do.
  expect(fewest).toBeGreaterThanOrEqual(members);
  for (const kind of ['joins', 'leaves', 'stalls', 'changes', 'crashes'])
    expect(did.get(kind)).toBeGreaterThanOrEqual(count);
  console.log(`seeds ${seed} to ${seed + count - 1}, at least ${fewest} members at once:`, Object.fromEntries(did));
});
