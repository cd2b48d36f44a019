import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Histograms, loadHistograms, maxLatencyUs } from '../../../src/cli/bench/index.js';

const histograms: Histograms = await loadHistograms();

/** The smallest recorded value that at least so many per cent do not exceed. */
function exact(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length - 1e-9) - 1)] ?? 0;
}

const latencies = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: 0, max: 10_000_000 }),
    fc.integer({ min: 0, max: maxLatencyUs }),
  ),
  { minLength: 1, maxLength: 400 },
);

function filled(values: readonly number[]) {
  const histogram = histograms.create();
  for (const value of values) histogram.record(value);
  return histogram;
}

function isClose(found: number, wanted: number): boolean {
  return found >= wanted && found <= Math.min(maxLatencyUs, wanted * 1.001 + 1);
}

describe('a latency histogram', () => {
  test('has the quantiles of what was recorded, to three digits', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = filled(values);
        for (const percentile of [0.5, 10, 50, 90, 99, 99.9, 100])
          expect(isClose(histogram.percentileUs(percentile), exact(values, percentile))).toBe(true);
        const { count, p50Us, maxUs } = histogram.summary();
        expect(count).toBe(values.length);
        expect(isClose(p50Us, exact(values, 50))).toBe(true);
        expect(isClose(maxUs, Math.max(...values))).toBe(true);
      }),
    );
  });

  test('merged and carried as text is as if recorded in one', () => {
    fc.assert(
      fc.property(latencies, latencies, (one, two) => {
        const merged = histograms.parse(filled(one).serialise());
        merged.merge(filled(two));
        expect(merged.curve()).toEqual(filled([...one, ...two]).curve());
      }),
      { numRuns: 40 },
    );
  });

  test('a curve goes up, and ends at the maximum as far out as the count carries', () => {
    const histogram = filled(Array.from({ length: 1000 }, (_, index) => index + 1));
    const curve = histogram.curve();
    expect(curve[0]).toEqual([0, 1]);
    expect(curve.at(-1)).toEqual([100, 1000]);
    expect(curve.at(-2)?.[0]).toBeCloseTo(99.89, 1);
    for (const [index, [percentile, us]] of curve.entries()) {
      expect(percentile).toBeGreaterThan(curve[index - 1]?.[0] ?? -1);
      expect(us).toBeGreaterThanOrEqual(curve[index - 1]?.[1] ?? 0);
    }
  });

  test('counts what is out of range as its end, and knows nothing of nothing', () => {
    const empty = histograms.create();
    expect(empty.summary()).toEqual({ count: 0, p50Us: 0, p99Us: 0, p999Us: 0, maxUs: 0 });
    expect(empty.curve()).toEqual([]);
    const histogram = filled([-5, maxLatencyUs * 3]);
    histogram.record(7, 98);
    expect(histogram.summary()).toEqual({ count: 100, p50Us: 7, p99Us: 7, p999Us: maxLatencyUs, maxUs: maxLatencyUs });
    histogram.reset();
    expect(histogram.count).toBe(0);
    expect(() => histograms.parse('nonsense')).toThrow();
  });
});
