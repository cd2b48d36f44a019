import type { Histogram } from 'hdr-histogram-js';

type Library = typeof import('hdr-histogram-js');

/** Three digits: a value read back is at most 0.1 % above what was recorded. */
const significantDigits = 3;
/** An hour. Longer latencies count as this. */
export const maxLatencyUs = 3_600_000_000;
/** Points of a curve for each halving of what is left above it. */
const pointsPerHalving = 4;

export interface LatencySummary {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

/** Percentile (0 to 100) and the latency that so many per cent do not exceed, µs. */
export type CurvePoint = readonly [percentile: number, us: number];

/** What a report keeps of the latencies of one server in one workload. */
export interface LatencyRecord {
  readonly curve: readonly CurvePoint[];
  /** HdrHistogram V2, deflated, base64: what HdrHistogram's own tools read. */
  readonly hdr?: string;
}

/** Latencies in whole µs from 0 to an hour; 95 kB whatever is recorded, 0.2 µs a record. */
export class LatencyHistogram {
  readonly #library: Library;
  readonly #histogram: Histogram;

  constructor(library: Library, histogram: Histogram) {
    this.#library = library;
    this.#histogram = histogram;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Values outside the range count as its nearest end. */
  record(us: number, count = 1): void {
    const value = Math.min(maxLatencyUs, Math.max(0, Math.round(us)));
    if (count === 1) this.#histogram.recordValue(value);
    else this.#histogram.recordValueWithCount(value, count);
  }

  merge(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** The latency that `percentile` (0 to 100) per cent do not exceed, 0 when nothing is recorded. */
  percentileUs(percentile: number): number {
    return this.count === 0 ? 0 : Math.min(maxLatencyUs, this.#histogram.getValueAtPercentile(percentile));
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      p50Us: this.percentileUs(50),
      p99Us: this.percentileUs(99),
      p999Us: this.percentileUs(99.9),
      maxUs: this.percentileUs(100),
    };
  }

  /** Denser towards 100, as far as the count carries; the last point is the maximum. Empty when nothing is recorded. */
  curve(): readonly CurvePoint[] {
    if (this.count === 0) return [];
    const points: CurvePoint[] = [];
    for (let step = 0; ; step += 1) {
      const above = 2 ** (-step / pointsPerHalving);
      if (above * this.count < 1) break;
      const percentile = 100 * (1 - above);
      points.push([Number(percentile.toFixed(6)), this.percentileUs(percentile)]);
    }
    points.push([100, this.percentileUs(100)]);
    return points;
  }

  serialise(): string {
    return this.#library.encodeIntoCompressedBase64(this.#histogram);
  }

  toRecord(): LatencyRecord {
    return { curve: this.curve(), hdr: this.serialise() };
  }
}

export interface Histograms {
  create(): LatencyHistogram;
  /** Takes what `serialise` gave. @throws Error for anything else */
  parse(text: string): LatencyHistogram;
}

/** Loads the library at the first call. */
export async function loadHistograms(): Promise<Histograms> {
  const library: Library = await import('hdr-histogram-js');
  const create = (): LatencyHistogram =>
    new LatencyHistogram(
      library,
      library.build({
        bitBucketSize: 32,
        autoResize: false,
        lowestDiscernibleValue: 1,
        highestTrackableValue: maxLatencyUs,
        numberOfSignificantValueDigits: significantDigits,
      }),
    );
  return {
    create,
    parse: (text) => {
      const histogram = create();
      // Decoding alone gives a histogram of the bounds that the text names; adding brings it to ours.
      histogram.merge(new LatencyHistogram(library, library.decodeFromCompressedBase64(text, 32, false)));
      return histogram;
    },
  };
}
