/** As long back Kafka's `partition-load-time-*` go. */
const windowMs = 30_000;

export interface Load {
  readonly records: number;
  readonly bytes: number;
  readonly tookMs: number;
}

/** What a coordinator has loaded since the broker started, and how long each of the last partitions took. For metrics. */
export class LoadTimes {
  private recent: Array<{ readonly atMs: number; readonly tookMs: number }> = [];
  private sum = { partitions: 0, records: 0, bytes: 0, tookMs: 0 };

  add({ records, bytes, tookMs }: Load, nowMs: number): void {
    this.forgetOld(nowMs);
    this.recent.push({ atMs: nowMs, tookMs });
    this.sum.partitions += 1;
    this.sum.records += records;
    this.sum.bytes += bytes;
    this.sum.tookMs += tookMs;
  }

  get totals(): Readonly<LoadTimes['sum']> {
    return this.sum;
  }

  /** Of the partitions loaded in the last 30 seconds; NaN when there are none, as in Kafka. */
  times(nowMs: number): { readonly maxMs: number; readonly averageMs: number } {
    this.forgetOld(nowMs);
    const took = this.recent.map(({ tookMs }) => tookMs);
    if (took.length === 0) return { maxMs: Number.NaN, averageMs: Number.NaN };
    return { maxMs: Math.max(...took), averageMs: took.reduce((a, b) => a + b, 0) / took.length };
  }

  private forgetOld(nowMs: number): void {
    this.recent = this.recent.filter(({ atMs }) => atMs > nowMs - windowMs);
  }
}
