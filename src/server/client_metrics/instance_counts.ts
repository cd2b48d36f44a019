import type { Uuid } from '../../common/ids.js';

/** What one client asked for. */
export interface InstanceCount {
  throttled: number;
  received: number;
  failed: number;
  /** In receivers. */
  totalMs: number;
  maxMs: number;
}

/** Numbers for /metrics, of the clients that are known. */
export class InstanceCounts {
  /** Pushes with a subscription that is not, or no more, the client's. */
  unknownSubscriptions = 0;
  private readonly counts = new Map<Uuid, InstanceCount>();

  add(id: Uuid): void {
    if (!this.counts.has(id)) this.counts.set(id, { throttled: 0, received: 0, failed: 0, totalMs: 0, maxMs: 0 });
  }

  remove(id: Uuid): void {
    this.counts.delete(id);
  }

  throttled(id: Uuid): void {
    const count = this.counts.get(id);
    if (count !== undefined) count.throttled += 1;
  }

  failed(id: Uuid): void {
    const count = this.counts.get(id);
    if (count !== undefined) count.failed += 1;
  }

  received(id: Uuid, tookMs: number): void {
    const count = this.counts.get(id);
    if (count === undefined) return;
    count.received += 1;
    count.totalMs += tookMs;
    count.maxMs = Math.max(count.maxMs, tookMs);
  }

  all(): ReadonlyMap<Uuid, InstanceCount> {
    return this.counts;
  }
}
