import { ErrorCode } from '../../protocol/errors.js';
import { beginAcknowledging, beginReleasing, expire } from './acknowledge.js';
import { type AcquireRequest, acquireRecords } from './acquire.js';
import { InFlightBatch } from './in_flight_batch.js';
import { InFlightRecords, type StateChange } from './in_flight_records.js';
import { InFlightState, type RecordLock, type RecordLocks } from './in_flight_state.js';
import type {
  AcknowledgementBatch,
  AcquiredRecords,
  RecordState,
  ShareFailure,
  ShareRules,
  StateBatch,
} from './states.js';

/** What is kept of a share partition, at the share coordinator. Never rejects. */
export interface SharePersister {
  read(leaderEpoch: number): Promise<PersistedState | ShareFailure>;
  write(write: PersistedWrite): Promise<ShareFailure | undefined>;
}

export interface PersistedState {
  readonly stateEpoch: number;
  /** -1: the group's reset strategy decides. */
  readonly startOffset: number;
  readonly stateBatches: readonly StateBatch[];
}

export interface PersistedWrite {
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
}

/** Runs something later; `TimeoutWheel` does. */
export interface LockTimers {
  start(delayMs: number, run: () => void): { readonly remainingMs: number; cancel(): void };
}

export interface SharePartitionPorts {
  readonly leaderEpoch: number;
  readonly timers: LockTimers;
  readonly persister: SharePersister;
  rules(): ShareRules;
  /** Where a group begins that has not read yet. */
  resetOffset(): Promise<number | ShareFailure>;
  /** There may be more for members to fetch. */
  changed(): void;
}

/**
 * One partition as a share group reads it (KIP-932): which records are with which member, which are done. Everything is decided at once, in
 * the order of the calls; what members say of their records counts when it is persisted, and an answer waits for that.
 * A record is with one member at a time; its lock gives it back.
 */
export class SharePartition {
  private phase: 'loading' | 'active' | 'failed' | 'fenced' = 'loading';
  private readonly records: InFlightRecords;
  private stateEpoch = 0;

  constructor(private readonly ports: SharePartitionPorts) {
    const locks: RecordLocks = {
      lock: (firstOffset, lastOffset, durationMs) => this.lock(firstOffset, lastOffset, durationMs),
    };
    this.records = new InFlightRecords(locks);
  }

  /** Members can fetch. */
  get isActive(): boolean {
    return this.phase === 'active';
  }

  get isLoading(): boolean {
    return this.phase === 'loading';
  }

  get leaderEpoch(): number {
    return this.ports.leaderEpoch;
  }

  get startOffset(): number {
    return this.records.startOffset;
  }

  /** The last offset that was acquired; the start while nothing is in flight. */
  get endOffset(): number {
    return this.records.endOffset;
  }

  get inFlightCount(): number {
    return this.records.count;
  }

  /** Of the records in flight, those that are acknowledged or archived. */
  get deliveryCompleteCount(): number {
    return this.records.deliveryCompleteCount;
  }

  /** Takes what was persisted. To be called once, before anything else; undefined: it is ready. */
  async load(): Promise<ShareFailure | undefined> {
    const read = await this.placed(await this.ports.persister.read(this.ports.leaderEpoch));
    if (this.phase !== 'loading') return fenced;
    const failure = 'errorCode' in read ? read : this.begin(read);
    this.phase = failure === undefined ? 'active' : 'failed';
    this.ports.changed();
    return failure;
  }

  /** A group that has not begun yet begins where its strategy says. */
  private async placed(read: PersistedState | ShareFailure): Promise<PersistedState | ShareFailure> {
    if ('errorCode' in read || read.startOffset !== -1) return read;
    const startOffset = await this.ports.resetOffset();
    return typeof startOffset === 'number' ? { ...read, startOffset } : startOffset;
  }

  private begin({ stateEpoch, startOffset: start, stateBatches }: PersistedState): ShareFailure | undefined {
    this.stateEpoch = stateEpoch;
    let gapStart: number | undefined;
    let before = start - 1;
    const batches: InFlightBatch[] = [];
    for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of stateBatches) {
      if (firstOffset < start || lastOffset < firstOffset) return damaged;
      if (firstOffset > before + 1) gapStart ??= before + 1;
      before = lastOffset;
      const state = new InFlightState(deliveryState as RecordState, deliveryCount, '');
      batches.push(new InFlightBatch(firstOffset, lastOffset, state));
    }
    this.records.begin(start, batches, gapStart);
    return undefined;
  }

  /** Where to read for the next member. */
  nextFetchOffset(): number {
    return this.records.nextFetchOffset();
  }

  /** Whether a member can be given anything: records that are available again, or new ones while there are locks left. */
  canAcquire(): boolean {
    if (this.phase !== 'active') return false;
    if (this.nextFetchOffset() !== this.records.endOffset + 1) return true;
    return this.records.count < this.ports.rules().partitionMaxRecordLocks;
  }

  /** Gives records that were read to a member. */
  acquire(request: AcquireRequest): readonly AcquiredRecords[] {
    if (this.phase !== 'active') return [];
    return acquireRecords(this.records, request, this.ports.rules());
  }

  /** Acquired records that no member is to see (of aborted transactions): they are done with. */
  archive(firstOffset: number, lastOffset: number): void {
    const batches = this.records.touching(firstOffset, lastOffset);
    this.records.archive(firstOffset, lastOffset + 1, batches, acquired, true);
  }

  /** INVALID_RECORD_STATE or INVALID_REQUEST, then nothing of it counts; or why it could not be persisted. */
  acknowledge(memberId: string, batches: readonly AcknowledgementBatch[]): Promise<ShareFailure | undefined> {
    const { changes, failure } = beginAcknowledging(this.records, memberId, batches, this.ports.rules());
    if (failure === undefined) return this.persist(changes);
    for (const change of changes) this.records.completed(change, false);
    return Promise.resolve(failure);
  }

  /** A member is gone: what it has is available again, once that is persisted. */
  release(memberId: string): Promise<ShareFailure | undefined> {
    return this.persist(beginReleasing(this.records, memberId, this.ports.rules()));
  }

  /** The log now begins at `logStartOffset`. */
  logStartMoved(logStartOffset: number): void {
    this.records.logStartMoved(logStartOffset);
  }

  /** Given up: who waits for it looks elsewhere. Nothing more is persisted. */
  fence(): void {
    if (this.phase === 'fenced') return;
    this.phase = 'fenced';
    this.records.unlock();
    this.ports.changed();
  }

  private async persist(changes: readonly StateChange[]): Promise<ShareFailure | undefined> {
    if (changes.length === 0) return undefined;
    const failure = await this.write(changes);
    for (const change of changes) this.records.completed(change, failure === undefined);
    if (failure === undefined) this.records.moveStart();
    if (this.phase !== 'fenced') this.ports.changed();
    return failure;
  }

  private write(changes: readonly StateChange[]): Promise<ShareFailure | undefined> {
    const { startOffset, deliveryCompleteCount } = this.records;
    const { leaderEpoch } = this.ports;
    const { stateEpoch } = this;
    const stateBatches = changes.map(({ firstOffset, lastOffset, newState, deliveryCount }) => ({
      firstOffset,
      lastOffset,
      deliveryState: newState,
      deliveryCount,
    }));
    return this.ports.persister.write({ stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount, stateBatches });
  }

  private lock(firstOffset: number, lastOffset: number, durationMs?: number): RecordLock {
    const delayMs = durationMs ?? this.ports.rules().recordLockDurationMs;
    const lock = new Lock();
    lock.timer = this.ports.timers.start(delayMs, () => {
      lock.expired = true;
      void this.lockExpired(firstOffset, lastOffset);
    });
    return lock;
  }

  /** Records are available at once; that they were released is persisted for the delivery count. */
  private async lockExpired(firstOffset: number, lastOffset: number): Promise<void> {
    const changes = expire(this.records, firstOffset, lastOffset, this.ports.rules());
    if (changes.length === 0) return;
    const written = this.write(changes);
    this.ports.changed();
    await written;
    if (this.records.moveStart() && this.phase !== 'fenced') this.ports.changed();
  }
}

class Lock implements RecordLock {
  expired = false;
  timer: { readonly remainingMs: number; cancel(): void } | undefined;

  get remainingMs(): number {
    return this.timer?.remainingMs ?? 0;
  }

  cancel(): void {
    this.timer?.cancel();
  }
}

const acquired = 1;
const fenced: ShareFailure = { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, message: 'Share partition is fenced' };
const damaged: ShareFailure = {
  errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
  message: 'Failed to initialize the share partition: its state makes no sense',
};
