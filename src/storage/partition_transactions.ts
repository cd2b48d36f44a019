import { INT64_MAX } from '../common/ids.js';

/** What a commit or abort marker says. */
export interface TransactionMarker {
  readonly type: 'COMMIT' | 'ABORT';
  readonly coordinatorEpoch: number;
}

/** A transaction that its marker ended on a partition. */
export interface CompletedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of the marker. */
  readonly lastOffset: number;
  readonly aborted: boolean;
  /** Where the last stable offset lies once the marker is committed and nothing else has changed. */
  readonly lastStableOffset: number;
}

/**
 * The transactions of a partition that keep readers of committed records from going on: those without a marker, and those whose
 * marker is not committed yet (Kafka's ongoing and unreplicated transactions). A change costs O(1), the high watermark's passing
 * markers one look at each that waits for it.
 */
export class PartitionTransactions {
  /** Producer by first offset. Transactions begin at the log's end, so the order of insertion is that of offsets. */
  private ongoing = new Map<number, number>();
  /** Offset of the marker by first offset. */
  private readonly undelivered = new Map<number, number>();
  private undeliveredFirst = INT64_MAX;
  private unstable = INT64_MAX;
  /** A marker waits for {@link highWatermarkReached}. */
  onMarkerWaiting: () => void = () => {};

  /** The first offset of all these transactions; INT64_MAX when there is none. */
  get firstUnstableOffset(): number {
    return this.unstable;
  }

  /** The first offset without a marker behind it, and who wrote there; undefined when every transaction has one. */
  get firstUndecided(): { readonly offset: number; readonly producerId: number } | undefined {
    for (const [offset, producerId] of this.ongoing) return { offset, producerId };
    return undefined;
  }

  /** `firstOffset` lies above that of every transaction begun before. */
  begin(producerId: number, firstOffset: number): void {
    this.ongoing.set(firstOffset, producerId);
    this.unstable = Math.min(this.unstable, firstOffset);
  }

  /** From a snapshot, in any order. */
  restore(transactions: ReadonlyArray<{ readonly producerId: number; readonly firstOffset: number }>): void {
    const sorted = [...transactions].sort((a, b) => a.firstOffset - b.firstOffset);
    this.ongoing = new Map(sorted.map(({ producerId, firstOffset }) => [firstOffset, producerId]));
    this.findUnstable();
  }

  /** Of the transaction of `producerId` that a marker at `lastOffset` ends. */
  lastStableOffsetAfter(producerId: number, lastOffset: number): number {
    for (const [offset, producer] of this.ongoing) if (producer !== producerId) return offset;
    return lastOffset + 1;
  }

  complete(firstOffset: number, lastOffset: number): void {
    this.ongoing.delete(firstOffset);
    this.undelivered.set(firstOffset, lastOffset);
    this.undeliveredFirst = Math.min(this.undeliveredFirst, firstOffset);
    this.findUnstable();
    this.onMarkerWaiting();
  }

  /** Markers below it are committed. Whether others wait. */
  highWatermarkReached(highWatermark: number): boolean {
    if (this.undelivered.size === 0) return false;
    let first = INT64_MAX;
    for (const [firstOffset, lastOffset] of this.undelivered) {
      if (lastOffset < highWatermark) this.undelivered.delete(firstOffset);
      else first = Math.min(first, firstOffset);
    }
    this.undeliveredFirst = first;
    this.findUnstable();
    return this.undelivered.size > 0;
  }

  adopt(other: PartitionTransactions): void {
    this.clear();
    this.ongoing = new Map(other.ongoing);
    for (const [firstOffset, lastOffset] of other.undelivered) this.undelivered.set(firstOffset, lastOffset);
    this.undeliveredFirst = other.undeliveredFirst;
    this.findUnstable();
    this.onMarkerWaiting();
  }

  clear(): void {
    this.ongoing.clear();
    this.undelivered.clear();
    this.undeliveredFirst = INT64_MAX;
    this.unstable = INT64_MAX;
  }

  private findUnstable(): void {
    this.unstable = this.undeliveredFirst;
    for (const firstOffset of this.ongoing.keys()) {
      this.unstable = Math.min(this.unstable, firstOffset);
      break;
    }
  }
}
