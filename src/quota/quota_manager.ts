import type { ClientQuotaImage } from '../metadata/image.js';
import { ClientQuotas } from './client_quotas.js';
import {
  CONNECTION_CREATION_RATE,
  type CONSUMER_BYTE_RATE,
  CONTROLLER_MUTATION_RATE,
  type PRODUCER_BYTE_RATE,
  REQUEST_PERCENTAGE,
} from './quota_keys.js';
import { type RateWindow, SampledRate } from './rate.js';
import { TokenBucket } from './token_bucket.js';

/** Whose requests these are. */
export interface QuotaUser {
  /** Of the principal, without its type. */
  readonly user: string;
  readonly clientId: string;
}

type RateKey = typeof PRODUCER_BYTE_RATE | typeof CONSUMER_BYTE_RATE | typeof REQUEST_PERCENTAGE;

/**
 * What those use who share a quota: Kafka's rate, which allows bursts, and what they owe. By the rate alone several connections that each
 * wait as they are told stay above the limit by what they send at once: the window forgets it before it is paid for.
 */
interface Use {
  readonly rate: SampledRate;
  readonly owed: TokenBucket;
}

/** More is forgotten, so that one huge request does not stop everybody who shares the quota for hours. */
const maxOwedWindows = 10;

/** What was not used for so long is forgotten. */
const idleMs = 3_600_000;

/** Measures what clients use, and says how long they have to wait. Costs nothing while there is no quota (`active`). */
export class QuotaManager {
  private quotas = new ClientQuotas([]);
  private loaded: readonly ClientQuotaImage[] | undefined;
  private rates = new Map<string, Use>();
  private buckets = new Map<string, TokenBucket>();
  private addresses = new Map<string, SampledRate>();
  private addressLimits: ReadonlyMap<string | null, number> = new Map();
  private sweptMs = 0;

  /** Some quota for users or clients is set. */
  active = false;

  constructor(
    private readonly window: RateWindow,
    private readonly controllerWindow: RateWindow,
  ) {}

  load(quotas: readonly ClientQuotaImage[]): void {
    if (quotas === this.loaded) return;
    this.loaded = quotas;
    this.quotas = new ClientQuotas(quotas);
    this.active = this.quotas.keys.size > 0;
    this.addressLimits = new Map(
      quotas.flatMap(({ entity, values }) => {
        const limit = values.get(CONNECTION_CREATION_RATE);
        return entity.ip === undefined || limit === undefined ? [] : [[entity.ip, limit] as const];
      }),
    );
    if (!this.active) this.rates.clear();
  }

  /** Counts `value` (bytes, or per cent of a second); how long the client is to wait, in ms. A request quota makes it wait one sample at most. */
  record(key: RateKey, who: QuotaUser, value: number, nowMs: number): number {
    const found = this.quotas.limit(key, who.user, who.clientId);
    if (found === undefined) return 0;
    const { rate, owed } = this.useOf(`${key} ${found.owner}`, nowMs);
    rate.record(value, nowMs);
    owed.take(value, found.limit, nowMs);
    const delayMs = Math.max(rate.delayMs(found.limit, nowMs), owed.delayMs(found.limit, nowMs));
    return key === REQUEST_PERCENTAGE ? Math.min(delayMs, this.window.sampleMs) : delayMs;
  }

  /** The most that can be used at once without a wait that is certain; Infinity without a quota. */
  burst(key: RateKey, who: QuotaUser): number {
    const found = this.quotas.limit(key, who.user, who.clientId);
    const { samples, sampleMs } = this.window;
    return found === undefined ? Number.POSITIVE_INFINITY : (found.limit * (samples - 1) * sampleMs) / 1000;
  }

  /** Changes of topics by this client; undefined: no quota. */
  mutations(who: QuotaUser, nowMs: number): Mutations | undefined {
    const found = this.quotas.limit(CONTROLLER_MUTATION_RATE, who.user, who.clientId);
    if (found === undefined) return undefined;
    let bucket = this.buckets.get(found.owner);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.controllerWindow);
      this.buckets.set(found.owner, bucket);
    }
    return new Mutations(bucket, found.limit, nowMs);
  }

  get limitsAddresses(): boolean {
    return this.addressLimits.size > 0;
  }

  /** Counts a connection from `address`; how long it is to be held before it is closed, 0: it is welcome. */
  recordConnection(address: string, nowMs: number): number {
    const limit = this.addressLimits.get(address) ?? this.addressLimits.get(null);
    if (limit === undefined) return 0;
    this.sweep(nowMs);
    let rate = this.addresses.get(address);
    if (rate === undefined) {
      rate = new SampledRate(this.window);
      this.addresses.set(address, rate);
    }
    rate.record(1, nowMs);
    const delayMs = rate.delayMs(limit, nowMs);
    // Not let in: it does not count.
    if (delayMs > 0) rate.record(-1, nowMs);
    return Math.min(delayMs, this.window.sampleMs);
  }

  private useOf(owner: string, nowMs: number): Use {
    this.sweep(nowMs);
    let use = this.rates.get(owner);
    if (use === undefined) {
      const { samples, sampleMs } = this.window;
      use = {
        rate: new SampledRate(this.window),
        owed: new TokenBucket(this.window, maxOwedWindows * samples * sampleMs),
      };
      this.rates.set(owner, use);
    }
    return use;
  }

  private sweep(nowMs: number): void {
    if (nowMs - this.sweptMs < idleMs) return;
    this.sweptMs = nowMs;
    for (const [owner, { rate }] of this.rates) if (nowMs - rate.lastMs >= idleMs) this.rates.delete(owner);
    for (const [address, rate] of this.addresses) if (nowMs - rate.lastMs >= idleMs) this.addresses.delete(address);
  }
}

/** What one request may change. */
export class Mutations {
  constructor(
    private readonly bucket: TokenBucket,
    private readonly limit: number,
    private readonly nowMs: number,
  ) {}

  /** False when earlier changes are not paid for yet; then nothing is taken. */
  tryTake(count: number): boolean {
    if (this.delayMs > 0) return false;
    this.take(count);
    return true;
  }

  take(count: number): void {
    this.bucket.take(count, this.limit, this.nowMs);
  }

  get delayMs(): number {
    return this.bucket.delayMs(this.limit, this.nowMs);
  }
}
