import { expect, it } from 'vitest';
import { LoadTimes } from '../../../src/coordinator/runtime/load_times.js';

it('has the longest and the average load of the last 30 s, and totals', () => {
  const loads = new LoadTimes();
  expect(loads.times(0)).toEqual({ maxMs: Number.NaN, averageMs: Number.NaN });
  loads.add({ records: 3, bytes: 100, tookMs: 40 }, 1_000);
  loads.add({ records: 0, bytes: 0, tookMs: 10 }, 20_000);
  expect(loads.times(20_000)).toEqual({ maxMs: 40, averageMs: 25 });
  expect(loads.times(31_000)).toEqual({ maxMs: 10, averageMs: 10 });
  expect(loads.times(50_000).maxMs).toBeNaN();
  expect(loads.totals).toEqual({ partitions: 2, records: 3, bytes: 100, tookMs: 50 });
});
