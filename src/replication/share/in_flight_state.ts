import { isTerminal, RecordState } from './states.js';

/** The time that records stay with the member that acquired them. */
export interface RecordLock {
  /** It ran out, although a change under way kept it from taking effect. */
  readonly expired: boolean;
  /** Time left, ms. */
  readonly remainingMs: number;
  cancel(): void;
}

/** Starts locks; they run out by themselves. */
export interface RecordLocks {
  /** `durationMs` undefined: as long as the group's records are locked. */
  lock(firstOffset: number, lastOffset: number, durationMs?: number): RecordLock;
}

interface Rollback {
  readonly state: RecordState;
  readonly deliveryCount: number;
  readonly memberId: string;
  readonly deliveryCountLimit: number;
}

/**
 * State of a record, or of a batch of them that have always been treated alike. A change that has to be persisted is begun, and later
 * completed: until then the record is spoken for.
 */
export class InFlightState {
  private rollback: Rollback | undefined;
  /** Archived while a change was under way: nothing brings it back. */
  private isArchivedForGood = false;

  constructor(
    public state: RecordState,
    public deliveryCount: number,
    /** Empty: nobody has it. */
    public memberId: string,
    public lock?: RecordLock,
  ) {}

  get hasOngoingChange(): boolean {
    return this.rollback !== undefined;
  }

  get isAvailable(): boolean {
    return this.state === RecordState.AVAILABLE && this.rollback === undefined;
  }

  get isTerminal(): boolean {
    return this.rollback === undefined && isTerminal(this.state);
  }

  /** Somebody gets it: one delivery more. */
  acquire(memberId: string): void {
    this.state = RecordState.ACQUIRED;
    this.deliveryCount += 1;
    this.memberId = memberId;
  }

  /**
   * Nobody has it any more. What was delivered as often as allowed is not available again, but archived. The state it is in now;
   * undefined when nobody had it, or a change is under way.
   */
  end(state: RecordState, deliveryCountLimit: number): RecordState | undefined {
    if (this.rollback !== undefined || this.state !== RecordState.ACQUIRED) return undefined;
    const givenUp = state === RecordState.AVAILABLE && this.deliveryCount >= deliveryCountLimit;
    this.state = givenUp ? RecordState.ARCHIVED : state;
    this.memberId = '';
    return this.state;
  }

  /** As {@link end}, but to be completed. The lock goes on until then. */
  begin(state: RecordState, deliveryCountLimit: number): RecordState | undefined {
    const before = { state: this.state, deliveryCount: this.deliveryCount, memberId: this.memberId };
    const begun = this.end(state, deliveryCountLimit);
    if (begun !== undefined) this.rollback = { ...before, deliveryCountLimit };
    return begun;
  }

  /** The change was persisted, or was not: then it is as before, unless the lock ran out meanwhile. */
  complete(persisted: boolean): void {
    const { rollback } = this;
    this.rollback = undefined;
    if (persisted || this.isArchivedForGood || rollback === undefined) {
      this.unlock();
      return;
    }
    if (this.lock?.expired === true) {
      const givenUp = rollback.deliveryCount >= rollback.deliveryCountLimit;
      this.state = givenUp ? RecordState.ARCHIVED : RecordState.AVAILABLE;
      this.memberId = '';
      this.unlock();
      return;
    }
    this.state = rollback.state;
    this.memberId = rollback.memberId;
  }

  /** The record is gone from the log, or is none that members see. */
  archive(): void {
    this.isArchivedForGood = true;
    this.state = RecordState.ARCHIVED;
    this.memberId = '';
    this.unlock();
  }

  unlock(): void {
    this.lock?.cancel();
    this.lock = undefined;
  }
}
