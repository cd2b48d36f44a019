import type { Clock } from '../common/ports/index.js';

/** 16 buckets for each power of two: a quantile is off by at most 1/32 of its value. */
const SUB_BUCKETS = 16;
const SUB_BITS = 4;
const MAX_US = 2 ** 31 - 1;
const BUCKETS = SUB_BUCKETS * 28;

/**
 * Distribution of durations with a bounded relative error. Recording is a few integer operations and no allocation. Quantiles
 * are over the last one to two windows, `count` and `sumMs` over everything; windows change when quantiles are read.
 */
export class DurationHistogram {
  #current = new Uint32Array(BUCKETS);
  #previous = new Uint32Array(BUCKETS);
  #windowStartMs: number;
  #count = 0;
  #sumMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly windowMs = 60_000,
  ) {
    this.#windowStartMs = clock.monotonicMs();
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  /** Longer durations than 35 minutes count as that. */
  record(durationMs: number): void {
    this.#count += 1;
    this.#sumMs += durationMs;
    const bucket = bucketOf(Math.min(MAX_US, Math.max(0, Math.round(durationMs * 1000))));
    this.#current[bucket] = (this.#current[bucket] ?? 0) + 1;
  }

  /** Durations in ms below which these shares (0 to 1, ascending) of the recent ones lie; 0 when there are none. */
  quantiles(shares: readonly number[]): number[] {
    this.#rotate();
    let total = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) total += this.#at(bucket);
    if (total === 0) return shares.map(() => 0);
    let bucket = -1;
    let seen = 0;
    return shares.map((share) => {
      const wanted = Math.max(1, Math.ceil(share * total));
      while (seen < wanted && bucket < BUCKETS - 1) {
        bucket += 1;
        seen += this.#at(bucket);
      }
      return middleUs(bucket) / 1000;
    });
  }

  #at(bucket: number): number {
    return (this.#current[bucket] ?? 0) + (this.#previous[bucket] ?? 0);
  }

  #rotate(): void {
    const nowMs = this.clock.monotonicMs();
    const passedMs = nowMs - this.#windowStartMs;
    if (passedMs < this.windowMs) return;
    const spare = this.#previous.fill(0);
    this.#previous = this.#current;
    this.#current = spare;
    this.#windowStartMs = nowMs;
  }
}

function bucketOf(us: number): number {
  if (us < SUB_BUCKETS) return us;
  const exponent = 31 - Math.clz32(us);
  const shift = exponent - SUB_BITS;
  return shift * SUB_BUCKETS + (us >>> shift);
}

function middleUs(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  const lowest = (SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1))) * 2 ** shift;
  return lowest + (2 ** shift - 1) / 2;
}
