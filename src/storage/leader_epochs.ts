import type { EpochEntry } from './checkpoints.js';

export const undefinedEpoch = -1;
export const undefinedOffset = -1;

/**
 * Which leader epoch began at which offset (KIP-101). Both grow from entry to entry. A follower or consumer that asks where an
 * epoch ended learns where its log and the leader's part.
 */
export class LeaderEpochCache {
  private entries: EpochEntry[];

  constructor(entries: readonly EpochEntry[] = []) {
    this.entries = [...entries];
  }

  get all(): readonly EpochEntry[] {
    return this.entries;
  }

  get latestEpoch(): number {
    return this.entries.at(-1)?.epoch ?? undefinedEpoch;
  }

  /** What another copy of the log knows holds for this one. */
  replace(entries: readonly EpochEntry[]): void {
    this.entries = [...entries];
  }

  /** Notes that records from `startOffset` on were written in `epoch`. True when that is news. */
  assign(epoch: number, startOffset: number): boolean {
    const last = this.entries.at(-1);
    if (epoch < 0 || (last !== undefined && epoch <= last.epoch)) return false;
    // An epoch in which nothing was written leaves no trace.
    this.entries = this.entries.filter((entry) => entry.startOffset < startOffset);
    this.entries.push({ epoch, startOffset });
    return true;
  }

  /**
   * The largest epoch ≤ `epoch` and the offset at which the next one began; the log's end for the current epoch. Both undefined
   * (-1) for an epoch that is unknown or in the future.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    if (epoch === undefinedEpoch) return { epoch: undefinedEpoch, endOffset: undefinedOffset };
    if (epoch === this.latestEpoch) return { epoch, endOffset: logEndOffset };
    const higher = this.entries.find((entry) => entry.epoch > epoch);
    if (higher === undefined) return { epoch: undefinedEpoch, endOffset: undefinedOffset };
    const floor = this.entries.findLast((entry) => entry.epoch <= epoch);
    return { epoch: floor?.epoch ?? epoch, endOffset: higher.startOffset };
  }

  /** Epoch of the record at `offset`, undefined when nothing is known. */
  epochFor(offset: number): number | undefined {
    return this.entries.findLast((entry) => entry.startOffset <= offset)?.epoch;
  }

  /** Records at and above `offset` are gone. True when something changed. */
  truncateFromEnd(offset: number): boolean {
    const kept = this.entries.filter((entry) => entry.startOffset < offset);
    const changed = kept.length !== this.entries.length;
    this.entries = kept;
    return changed;
  }

  /** Records below `offset` are gone; the epoch at `offset` begins there now. True when something changed. */
  truncateFromStart(offset: number): boolean {
    const current = this.entries.findLast((entry) => entry.startOffset <= offset);
    if (current === undefined || (current === this.entries[0] && current.startOffset === offset)) return false;
    this.entries = [
      { epoch: current.epoch, startOffset: offset },
      ...this.entries.filter((entry) => entry.startOffset > offset),
    ];
    return true;
  }
}

export interface EpochEndOffset {
  readonly epoch: number;
  readonly endOffset: number;
}
