import { assert } from '../../common/assert.js';
import type { InFlightBatch } from './in_flight_batch.js';
import type { InFlightState, RecordLocks } from './in_flight_state.js';
import { SortedMap } from './sorted_map.js';
import { isTerminal, RecordState } from './states.js';

/** What was persisted had holes: offsets of which nothing is known, up to `endOffset`. */
interface GapWindow {
  startOffset: number;
  readonly endOffset: number;
}

/**
 * The records of a share partition that are in flight: from `startOffset` (everything below is done with) to `endOffset` (nothing behind
 * has been acquired). Batches do not overlap. Decides nothing.
 */
export class InFlightRecords {
  readonly batches = new SortedMap<InFlightBatch>();
  startOffset = 0;
  endOffset = 0;
  /** Acknowledged or archived records that are still in flight. */
  deliveryCompleteCount = 0;
  /** There may be records that are available again. */
  private mayHaveAvailable = false;
  private gaps: GapWindow | undefined;

  constructor(readonly locks: RecordLocks) {}

  get count(): number {
    return this.batches.size === 0 ? 0 : this.endOffset - this.startOffset + 1;
  }

  /** Begins with what was persisted; `gapStartOffset`: the first offset that is missing in it. */
  begin(startOffset: number, batches: readonly InFlightBatch[], gapStartOffset: number | undefined): void {
    this.startOffset = startOffset;
    this.endOffset = startOffset;
    for (const batch of batches) {
      this.batches.set(batch.firstOffset, batch);
      this.endOffset = batch.lastOffset;
      if (isTerminal(batch.common.state)) this.deliveryCompleteCount += batch.recordCount;
    }
    if (batches.length === 0) return;
    this.mayHaveAvailable = true;
    if (gapStartOffset !== undefined) this.gaps = { startOffset: gapStartOffset, endOffset: this.endOffset };
    this.moveStart();
  }

  /** Something is available again. */
  lookAgain(): void {
    this.mayHaveAvailable = true;
  }

  get gapStartOffset(): number | undefined {
    return this.gaps?.endOffset === this.endOffset ? this.gaps.startOffset : undefined;
  }

  /** Gaps below `offset` are filled now. */
  filledTo(offset: number): void {
    const { gaps } = this;
    if (gaps === undefined) return;
    if (gaps.endOffset !== this.endOffset || offset > gaps.endOffset) this.gaps = undefined;
    // What is available again may lie before gaps that are filled already.
    else gaps.startOffset = Math.max(gaps.startOffset, offset);
  }

  /** Where to read next: at the first record that is available, or in a gap, or behind everything. */
  nextFetchOffset(): number {
    const { batches, startOffset } = this;
    const { last } = batches;
    const isFresh = last === undefined || startOffset > last.lastOffset;
    if (isFresh) {
      this.mayHaveAvailable = false;
      return this.endOffset;
    }
    if (!this.mayHaveAvailable) return this.endOffset + 1;
    const found = this.firstAvailable();
    if (found !== undefined) return found;
    this.mayHaveAvailable = false;
    if (this.gaps === undefined) return this.endOffset + 1;
    // No gap is left: what is done behind where they were need not stay.
    this.gaps = undefined;
    this.moveStart();
    return this.nextFetchOffset();
  }

  private firstAvailable(): number | undefined {
    let gapStart = this.gapStartOffset;
    for (const batch of this.batches) {
      if (gapStart !== undefined) {
        if (batch.firstOffset > gapStart) return gapStart;
        gapStart = Math.max(batch.lastOffset + 1, gapStart);
      }
      if (batch.batchState !== undefined) {
        if (batch.batchState.isAvailable) return batch.firstOffset;
        continue;
      }
      for (const [offset, state] of batch.offsets(batch.firstOffset, batch.lastOffset))
        if (state.isAvailable) return offset;
    }
    return undefined;
  }

  /** Of a run of records what lies at or above the start. */
  countInFlight(firstOffset: number, lastOffset: number): number {
    return lastOffset < this.startOffset ? 0 : lastOffset - Math.max(this.startOffset, firstOffset) + 1;
  }

  /** Forgets records at the front whose delivery is over. True when the start has moved. */
  moveStart(): boolean {
    const { lastOffset, terminalCount } = this.doneAtFront();
    if (lastOffset === undefined) return false;
    const { batches } = this;
    const last = batches.last;
    if (lastOffset === last?.lastOffset) {
      this.startOffset = lastOffset + 1;
      this.endOffset = lastOffset + 1;
      this.dropAll();
      return true;
    }
    const cut = batches.floor(lastOffset);
    assert(cut !== undefined, 'the last record that is done is in a batch');
    if (lastOffset === cut.lastOffset) {
      const nextOffset = batches.higherKey(lastOffset);
      if (nextOffset !== undefined && nextOffset > this.startOffset) this.startOffset = nextOffset;
      const gapStart = this.gapStartOffset;
      if (gapStart !== undefined) this.startOffset = Math.min(gapStart, this.startOffset);
      this.drop(cut.firstOffset);
    } else {
      this.startOffset = Math.max(this.startOffset, lastOffset + 1);
      const before = batches.lowerKey(cut.firstOffset);
      if (before !== undefined) this.drop(before);
    }
    this.deliveryCompleteCount -= terminalCount;
    return true;
  }

  private dropAll(): void {
    for (const batch of this.batches) batch.unlock();
    this.batches.clear();
    this.deliveryCompleteCount = 0;
  }

  private drop(upToKey: number): void {
    for (const batch of this.batches.between(Number.NEGATIVE_INFINITY, upToKey)) batch.unlock();
    this.batches.removeUpTo(upToKey);
  }

  /** The last record of those at the front that are done with, and how many of them lie at or above the start. */
  private doneAtFront(): { readonly lastOffset: number | undefined; readonly terminalCount: number } {
    let lastOffset: number | undefined;
    let terminalCount = 0;
    const gapStart = this.gapStartOffset;
    for (const batch of this.batches) {
      if (gapStart !== undefined && batch.lastOffset >= gapStart) break;
      if (batch.batchState !== undefined) {
        if (!batch.batchState.isTerminal) break;
        lastOffset = batch.lastOffset;
        terminalCount += this.countInFlight(batch.firstOffset, batch.lastOffset);
        continue;
      }
      for (const [offset, state] of batch.offsets(batch.firstOffset, batch.lastOffset)) {
        if (!state.isTerminal) return { lastOffset, terminalCount };
        lastOffset = offset;
        if (offset >= this.startOffset) terminalCount += 1;
      }
    }
    return { lastOffset, terminalCount };
  }

  /** The log now begins at `logStartOffset`: what is available below it is gone; what members hold, they keep until they are done. */
  logStartMoved(logStartOffset: number): void {
    if (logStartOffset <= this.startOffset) return;
    if (this.batches.size === 0) {
      this.startOffset = logStartOffset;
      this.endOffset = logStartOffset;
      this.deliveryCompleteCount = 0;
      return;
    }
    const done = this.countDone(this.startOffset, logStartOffset);
    const archived = this.archive(this.startOffset, logStartOffset, [...this.batches], RecordState.AVAILABLE, false);
    if (archived) this.mayHaveAvailable = true;
    this.startOffset = logStartOffset;
    this.deliveryCompleteCount -= done;
    if (this.endOffset < this.startOffset) this.endOffset = this.startOffset;
  }

  private countDone(fromOffset: number, toOffset: number): number {
    let count = 0;
    for (const batch of this.batches.between(Number.NEGATIVE_INFINITY, toOffset - 1)) {
      if (batch.batchState !== undefined) {
        if (!isTerminal(batch.batchState.state)) continue;
        const [first, last] = [Math.max(fromOffset, batch.firstOffset), Math.min(toOffset - 1, batch.lastOffset)];
        if (first <= last) count += last - first + 1;
        continue;
      }
      for (const [, state] of batch.offsets(fromOffset, toOffset - 1)) if (isTerminal(state.state)) count += 1;
    }
    return count;
  }

  /** Offsets that a read at `fetchOffset` did not find, because compaction took them: its first batch begins at `baseOffset`. */
  archiveStale(fetchOffset: number, baseOffset: number): void {
    if (this.batches.size === 0 || fetchOffset >= baseOffset) return;
    const floor = this.batches.floor(fetchOffset);
    const from = floor !== undefined && floor.lastOffset >= fetchOffset ? floor.firstOffset : fetchOffset;
    const stale = this.batches.between(from, baseOffset - 1);
    if (this.archive(fetchOffset, baseOffset, stale, RecordState.AVAILABLE, true)) this.mayHaveAvailable = true;
  }

  /** Archives the records of `batches` in [fromOffset, toOffset) that are in `state`. `counts`: they count as delivered. */
  archive(
    fromOffset: number,
    toOffset: number,
    batches: readonly InFlightBatch[],
    state: RecordState,
    counts: boolean,
  ): boolean {
    let any = false;
    for (const batch of batches) {
      if (batch.firstOffset >= toOffset) break;
      const { batchState } = batch;
      if (batchState !== undefined && batch.isWithin(fromOffset, toOffset - 1)) {
        if (batchState.state !== state) continue;
        batchState.archive();
        if (counts) this.deliveryCompleteCount += batch.recordCount;
        any = true;
        continue;
      }
      if (batchState !== undefined) {
        if (batchState.state !== state) continue;
        batch.split(this.locks);
      }
      for (const [, one] of batch.offsets(fromOffset, toOffset - 1)) {
        if (one.state !== state) continue;
        one.archive();
        if (counts) this.deliveryCompleteCount += 1;
        any = true;
      }
    }
    return any;
  }

  /** Batches that hold records of [firstOffset, lastOffset], also when the first one begins before. */
  touching(firstOffset: number, lastOffset: number): InFlightBatch[] {
    const floor = this.batches.floor(firstOffset);
    const from = floor !== undefined && floor.lastOffset >= firstOffset ? floor.firstOffset : firstOffset;
    return this.batches.between(from, lastOffset);
  }

  /** A change that was begun is persisted, or is not. */
  completed(change: StateChange, persisted: boolean): void {
    const { state, firstOffset, lastOffset } = change;
    state.complete(persisted);
    if (state.state === RecordState.AVAILABLE) this.mayHaveAvailable = true;
    if (!persisted && isTerminal(change.newState) && !isTerminal(state.state))
      this.deliveryCompleteCount -= this.countInFlight(firstOffset, lastOffset);
  }

  /** Stops all locks: the partition is given up. */
  unlock(): void {
    for (const batch of this.batches) batch.unlock();
  }
}

/** A change of state under way. */
export interface StateChange {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly state: InFlightState;
  readonly newState: RecordState;
  readonly deliveryCount: number;
}
