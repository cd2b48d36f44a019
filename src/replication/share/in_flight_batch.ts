import { assert } from '../../common/assert.js';
import { InFlightState, type RecordLocks } from './in_flight_state.js';
import { RecordState } from './states.js';

/** Records that were acquired together. They have one state until one of them is treated apart from the others. */
export class InFlightBatch {
  private whole: InFlightState | undefined;
  private single: InFlightState[] | undefined;

  constructor(
    readonly firstOffset: number,
    readonly lastOffset: number,
    state: InFlightState,
  ) {
    this.whole = state;
  }

  get recordCount(): number {
    return this.lastOffset - this.firstOffset + 1;
  }

  /** Undefined once the records have states of their own. */
  get batchState(): InFlightState | undefined {
    return this.whole;
  }

  /** The common state of a batch that has one. */
  get common(): InFlightState {
    assert(this.whole !== undefined, 'the batch has one state for each record');
    return this.whole;
  }

  stateOf(offset: number): InFlightState {
    const state = this.whole ?? this.single?.[offset - this.firstOffset];
    assert(state !== undefined, `offset ${offset} is not in the batch ${this.firstOffset}-${this.lastOffset}`);
    return state;
  }

  /** Each record by itself; the batch is split. */
  *offsets(fromOffset: number, toOffset: number): IterableIterator<readonly [number, InFlightState]> {
    const last = Math.min(this.lastOffset, toOffset);
    for (let offset = Math.max(this.firstOffset, fromOffset); offset <= last; offset += 1)
      yield [offset, this.stateOf(offset)];
  }

  /** From now on every record has a state, and its own lock for the time that is left. */
  split(locks: RecordLocks): void {
    const { whole } = this;
    if (whole === undefined) return;
    const remainingMs = whole.lock?.remainingMs;
    this.single = [];
    for (let offset = this.firstOffset; offset <= this.lastOffset; offset += 1) {
      const lock = remainingMs === undefined ? undefined : locks.lock(offset, offset, Math.max(0, remainingMs));
      this.single.push(new InFlightState(whole.state, whole.deliveryCount, whole.memberId, lock));
    }
    whole.unlock();
    this.whole = undefined;
  }

  /** A new batch of which only the records up to `lastAcquired` were wanted; the others have not been delivered. */
  splitAt(lastAcquired: number, locks: RecordLocks): void {
    const { state, deliveryCount, memberId } = this.common;
    this.single = [];
    for (let offset = this.firstOffset; offset <= this.lastOffset; offset += 1)
      this.single.push(
        offset <= lastAcquired
          ? new InFlightState(state, deliveryCount, memberId, locks.lock(offset, offset))
          : new InFlightState(RecordState.AVAILABLE, deliveryCount - 1, ''),
      );
    this.whole = undefined;
  }

  isWithin(firstOffset: number, lastOffset: number): boolean {
    return this.firstOffset >= firstOffset && this.lastOffset <= lastOffset;
  }

  /** Some of its records lie below `startOffset`, some not. */
  isCutBy(startOffset: number): boolean {
    return this.firstOffset < startOffset && this.lastOffset >= startOffset;
  }

  /** Stops all locks. */
  unlock(): void {
    this.whole?.unlock();
    for (const state of this.single ?? []) state.unlock();
  }
}
