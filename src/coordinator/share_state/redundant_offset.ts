/**
 * Where the part of a share state log begins that is still needed: at the oldest of the last snapshots of its share partitions. What
 * lies before can be deleted (`share.coordinator.state.topic.prune.interval.ms`). Cost: one look at all partitions when asked.
 */
export class RedundantOffset {
  private readonly lastSnapshots = new Map<string, number>();
  private newest = 0;

  /** A snapshot or tombstone of `key` lies at `offset`. */
  placed(key: string, offset: number, isTombstone: boolean): void {
    this.newest = offset;
    if (isTombstone) this.lastSnapshots.delete(key);
    else this.lastSnapshots.set(key, offset);
  }

  /** Everything below is of no use; 0: nothing. */
  get offset(): number {
    let oldest = this.newest;
    for (const offset of this.lastSnapshots.values()) if (offset < oldest) oldest = offset;
    return oldest;
  }
}
