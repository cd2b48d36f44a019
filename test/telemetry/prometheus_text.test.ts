import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Metrics, parseExposition } from '../../src/telemetry/index.js';

it('gives back what was printed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom('topic', 'client_id', 'le'), fc.string({ unit: 'binary', maxLength: 20 }), {
        minKeys: 1,
      }),
      fc.double({ noNaN: true, min: 0 }),
      async (labels, value) => {
        const metrics = new Metrics();
        metrics.gauge('a_value', 'A value.', () => [{ labels, value }]);
        metrics.gauge('plain', 'Plain.', () => 3);
        expect([...parseExposition(await metrics.exposition())]).toEqual([
          { name: 'a_value', labels, value },
          { name: 'plain', labels: {}, value: 3 },
        ]);
      },
    ),
    { numRuns: 20 },
  );
});

it('passes over comments and what is no sample', () => {
  const text = '# HELP a b\n\na{x="1"} 2 1700000000\nno value\n<html>\nb +Inf\nc -Inf\nd NaN\n';
  expect([...parseExposition(text)]).toEqual([
    { name: 'a', labels: { x: '1' }, value: 2 },
    { name: 'b', labels: {}, value: Number.POSITIVE_INFINITY },
    { name: 'c', labels: {}, value: Number.NEGATIVE_INFINITY },
    { name: 'd', labels: {}, value: Number.NaN },
  ]);
});
