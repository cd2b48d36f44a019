import { expect, it } from 'vitest';
import { canTransform, runExactlyOnce } from '../support/exactly_once.js';

const rounds = Number(process.env.MILLRACE_EOS_ROUNDS ?? 100);
const seed = Number(process.env.MILLRACE_EOS_SEED ?? 1);

it.runIf(canTransform())(`consume, transform, produce: each record once in ${rounds} kills`, async () => {
  const { brokerKills, workerKills, records, restarts, ...wrong } = await runExactlyOnce(rounds, seed);
  console.log(
    `seed ${seed}: ${brokerKills} kills of the broker, ${workerKills} of workers, ${restarts} workers fenced or failed; ${records} records, ${wrong.repeated.length} repeated, ${wrong.missing.length} missing`,
  );
  expect(wrong).toEqual({ repeated: [], missing: [], strange: [], disordered: 0 });
  expect(brokerKills + workerKills).toBe(rounds);
});
