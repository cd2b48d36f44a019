import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/common/duration.js';
import type { Random } from '../../src/common/ports/index.js';
import { seededRandom, systemClock, systemRandom, systemTimers } from '../../src/env/index.js';

describe('parseDuration', () => {
  it('reads numbers and texts', () => {
    const texts = ['250ms', '30s', '1h30m', '7d', '2w', '1.5h', ' 1 d 2 h '];
    expect(texts.map(parseDuration)).toEqual([
      250, 30_000, 5_400_000, 604_800_000, 1_209_600_000, 5_400_000, 93_600_000,
    ]);
    expect(parseDuration(12.5)).toBe(12.5);
  });

  it('refuses anything else', () => {
    for (const wrong of ['', '5', 'd', '-1s', '1y', '1s?', '1..5s', Number.NaN, -1, Number.POSITIVE_INFINITY])
      expect(() => parseDuration(wrong), String(wrong)).toThrow(RangeError);
  });

  it('adds up', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), fc.nat(100), (days, minutes, ms) => {
        expect(parseDuration(`${days}d${minutes}m${ms}ms`)).toBe(days * 86_400_000 + minutes * 60_000 + ms);
      }),
    );
  });
});

describe('system time', () => {
  it('has clocks that do not go back', () => {
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
    expect(Number.isInteger(systemClock.wallMs())).toBe(true);
  });

  it('never runs a timer early', async () => {
    for (const delayMs of [0, 0.4, 1, 3.7]) {
      const dueMs = systemClock.monotonicMs() + delayMs;
      const ranMs = await new Promise<number>((resolve) => {
        systemTimers.after(delayMs, () => resolve(systemClock.monotonicMs()));
      });
      expect(ranMs).toBeGreaterThanOrEqual(dueMs);
    }
  });

  it('cancels, also timers longer than Node can wait and timers that ran', async () => {
    const far = systemTimers.after(60 * 86_400_000, () => {
      throw new Error('sixty days are not over');
    });
    const near = systemTimers.after(0, () => {
      throw new Error('cancelled');
    });
    near.cancel();
    await new Promise<void>((resolve) => systemTimers.soon(resolve));
    await new Promise<void>((resolve) => {
      const handle = systemTimers.after(1, () => {
        handle.cancel();
        resolve();
      });
    });
    far.cancel();
    far.cancel();
  });
});

describe.each<[string, () => Random]>([
  ['systemRandom', () => systemRandom],
  ['seededRandom', () => seededRandom(42)],
])('%s', (_name, make) => {
  it('spreads evenly', () => {
    const random = make();
    const counts = new Array<number>(16).fill(0);
    const draws = 160_000;
    for (let draw = 0; draw < draws; draw += 1) {
      const high = random.uint32() >>> 28;
      counts[high] = (counts[high] ?? 0) + 1;
    }
    // Chi-squared with 15 degrees of freedom: above 60 happens once in 10^6.
    const expected = draws / 16;
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(60);
    const floats = Array.from({ length: 10_000 }, () => random.float());
    expect(floats.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = floats.reduce((sum, value) => sum + value, 0) / floats.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
  });

  it('makes version-4 ids that never start with a dash', () => {
    const random = make();
    const ids = Array.from({ length: 5_000 }, () => random.uuid());
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
      const bytes = Buffer.from(id, 'base64url');
      expect([(bytes[6] ?? 0) >> 4, (bytes[8] ?? 0) >> 6]).toEqual([4, 2]);
    }
  });
});

describe('seededRandom', () => {
  it('repeats itself for equal seeds and differs for others', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random.uint32());
    };
    expect(draw(7)).toEqual(draw(7));
    const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => draw(seed).join())).size).toBe(seeds.length);
    expect(() => seededRandom(-1)).toThrow(RangeError);
    expect(() => seededRandom(0.5)).toThrow(RangeError);
  });
});
