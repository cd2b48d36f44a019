import { expect, it } from 'vitest';
import { canTransform, runExactlyOnce } from '../support/exactly_once.js';

// More of the same: test/long/exactly_once.test.ts.
const possible = canTransform();
if (!possible) console.log('compat: exactly once is skipped, not installed: python3-confluent-kafka');

it.runIf(possible)(
  'consume, transform, produce: each record once, whoever is killed',
  { timeout: 90_000 },
  async () => {
    const { brokerKills, workerKills, records, restarts: _, ...wrong } = await runExactlyOnce(5, 3);
    expect(brokerKills + workerKills).toBe(5);
    expect(records).toBe(300);
    expect(wrong).toEqual({ repeated: [], missing: [], strange: [], disordered: 0 });
  },
);
