interface Sample {
  startedMs: number;
  count: number;
}

/** What a rate is measured over: `quota.window.num` samples of `quota.window.size.seconds`. */
export interface RateWindow {
  readonly samples: number;
  readonly sampleMs: number;
}

export const usualRateWindow: RateWindow = { samples: 11, sampleMs: 1000 };

/**
 * Connections per second, measured as Kafka's quotas do: over the last samples, of which all but one always count as elapsed (so a
 * quiet listener may take a burst of ten seconds' worth). Above the limit a delay is owed, at most one sample long.
 */
export class ConnectionRate {
  private readonly samples: Sample[] = [];
  limit = Number.POSITIVE_INFINITY;

  constructor(private readonly window: RateWindow = usualRateWindow) {}

  get limited(): boolean {
    return this.limit !== Number.POSITIVE_INFINITY;
  }

  record(nowMs: number): void {
    if (!this.limited) return;
    const last = this.samples.at(-1);
    if (last === undefined || nowMs - last.startedMs >= this.window.sampleMs)
      this.samples.push({ startedMs: nowMs, count: 1 });
    else last.count += 1;
    while (this.samples.length > this.window.samples) this.samples.shift();
  }

  /** How long the next connection has to wait so that the limit is kept with it; 0 when it is. */
  delayMs(nowMs: number): number {
    if (!this.limited) return 0;
    const { samples, sampleMs } = this.window;
    while (this.samples[0] !== undefined && nowMs - this.samples[0].startedMs >= samples * sampleMs)
      this.samples.shift();
    const elapsedMs = nowMs - (this.samples[0]?.startedMs ?? nowMs);
    const missing = Math.max(0, samples - 1 - Math.floor(elapsedMs / sampleMs));
    const spanMs = elapsedMs + missing * sampleMs;
    const count = this.samples.reduce((sum, sample) => sum + sample.count, 1);
    const rate = (count * 1000) / Math.max(spanMs, sampleMs);
    if (rate <= this.limit) return 0;
    const owedMs = this.limit === 0 ? sampleMs : ((rate - this.limit) / this.limit) * spanMs;
    return Math.min(sampleMs, Math.round(owedMs));
  }
}
