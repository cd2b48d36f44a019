/** Records that were appended and wait to be committed. */
export interface CommitWaiter {
  readonly lastOffset: number;
  /** Their client has been answered (its timeout): nobody waits any more. */
  readonly gaveUp: boolean;
  /** Called once, also when the partition went offline: look at it. */
  onCommitOrOffline(): void;
}

/** Kept in the array before they are moved together. */
const mostDone = 1024;

/** Waiters of one partition in the order of its log: a higher high watermark looks at those it releases and at no others. */
export class CommitQueue {
  private waiting: CommitWaiter[] = [];
  private head = 0;

  get size(): number {
    return this.waiting.length - this.head;
  }

  /** Nearly always in the order of the log; a request that appends to several partitions may come late. */
  add(waiter: CommitWaiter): void {
    let at = this.waiting.length;
    while (at > this.head && (this.waiting[at - 1] as CommitWaiter).lastOffset > waiter.lastOffset) at -= 1;
    if (at === this.waiting.length) this.waiting.push(waiter);
    else this.waiting.splice(at, 0, waiter);
  }

  /** A waiter may append, and so release others, from inside its call. */
  release(highWatermark: number): void {
    for (let next = this.first(); next !== undefined && next.lastOffset < highWatermark; next = this.first()) {
      this.take();
      if (!next.gaveUp) next.onCommitOrOffline();
    }
  }

  releaseAll(): void {
    this.release(Number.POSITIVE_INFINITY);
  }

  private first(): CommitWaiter | undefined {
    return this.waiting[this.head];
  }

  private take(): void {
    this.head += 1;
    if (this.head === this.waiting.length) {
      this.waiting = [];
      this.head = 0;
    } else if (this.head >= mostDone) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
  }
}
