import { beforeAll, describe, expect, it } from 'vitest';
import { bundled, record } from '../support/crash/recording.js';
import { met } from './power/contents.js';
import { cutPower } from './power/cut_power.js';
import { recordedDirectories } from './power/settings.js';

/** `MILLRACE_POWER_SEED`, `MILLRACE_POWER_COUNT`: other lives; `MILLRACE_POWER_EVERY`: images of all calls (1), or of some. */
const first = Number(process.env.MILLRACE_POWER_SEED ?? 1);
const count = Number(process.env.MILLRACE_POWER_COUNT ?? 6);
const every = Number(process.env.MILLRACE_POWER_EVERY ?? 8);

let program = '';
beforeAll(async () => {
  program = await bundled(new URL('power/life.ts', import.meta.url).pathname, 'life');
});

describe('power lost at any call of a broker that makes, moves and deletes topics', () => {
  let images = 0;
  it.each(Array.from({ length: count }, (_, index) => first + index))(
    'seed %i',
    async (seed) => {
      images += await cutPower(seed, record(program, String(seed), recordedDirectories), every);
    },
    600_000,
  );

  it('counts what was tried', () => {
    console.log(
      `power cuts: ${images} images of ${count} lives, with ${met.aborted} aborted and ${met.openTransactions} open transactions, ${met.cleanedAway} records cleaned away`,
    );
    expect(images).toBeGreaterThan(count * 10);
    for (const times of Object.values(met)) expect(times).toBeGreaterThan(0);
  });
});
