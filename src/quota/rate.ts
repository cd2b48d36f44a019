/** What a rate is measured over: `quota.window.num` samples of `quota.window.size.seconds`. */
export interface RateWindow {
  readonly samples: number;
  readonly sampleMs: number;
}

interface Sample {
  startedMs: number;
  lastMs: number;
  value: number;
}

/**
 * Kafka's sampled rate: values per second over the last samples, of which all but one always count as elapsed, so that what was quiet may
 * take a burst. Memory: one sample more than the window has.
 */
export class SampledRate {
  private samples: Sample[] = [];

  constructor(private readonly window: RateWindow) {}

  record(value: number, nowMs: number): void {
    const last = this.samples.at(-1);
    if (last === undefined || nowMs - last.startedMs >= this.window.sampleMs)
      this.samples.push({ startedMs: nowMs, lastMs: nowMs, value });
    else {
      last.value += value;
      last.lastMs = nowMs;
    }
    if (this.samples.length > this.window.samples + 1) this.samples.shift();
  }

  /** Per second. */
  perSecond(nowMs: number): number {
    this.forget(nowMs);
    const sum = this.samples.reduce((total, { value }) => total + value, 0);
    return (sum * 1000) / this.spanMs(nowMs);
  }

  /** How long nothing may come so that the rate is at `limit` again; 0 when it is not above. */
  delayMs(limit: number, nowMs: number): number {
    const rate = this.perSecond(nowMs);
    return rate > limit ? Math.round(((rate - limit) / limit) * this.spanMs(nowMs)) : 0;
  }

  /** When something was recorded last; negative: never. */
  get lastMs(): number {
    return this.samples.at(-1)?.lastMs ?? -1;
  }

  private spanMs(nowMs: number): number {
    const { samples, sampleMs } = this.window;
    const elapsedMs = nowMs - (this.samples[0]?.startedMs ?? nowMs);
    const missing = Math.max(0, samples - 1 - Math.floor(elapsedMs / sampleMs));
    return Math.max(1, elapsedMs + missing * sampleMs);
  }

  private forget(nowMs: number): void {
    const { samples, sampleMs } = this.window;
    while (this.samples[0] !== undefined && nowMs - this.samples[0].lastMs >= samples * sampleMs) this.samples.shift();
  }
}
