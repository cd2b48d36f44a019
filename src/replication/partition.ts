import { assert } from '../common/assert.js';
import type { Uuid } from '../common/ids.js';
import { ErrorCode } from '../protocol/errors.js';
import type { AppendContext, AppendResult, EndTransaction, PartitionLog } from '../storage/partition_log.js';
import type { PrepareContext, PreparedBatch } from '../storage/recompression.js';
import { TurnedAway } from '../storage/turned_away.js';
import { CommitQueue, type CommitWaiter } from './commit_queue.js';

/**
 * Called after the high watermark grew, in a turn of its own or inside the append that made it grow; and when the partition goes
 * offline, with the high watermark as it was.
 */
export type HighWatermarkListener = (highWatermark: number) => void;

/**
 * One partition as its leader sees it: who leads in which epoch, which replicas are in sync, and up to where records are committed.
 * With one replica the high watermark follows the local log alone: what is durable (`millrace.flush.mode=group`) or what is
 * appended (`os`). Consumers never see anything above it.
 */
export class Partition {
  /** Undefined while the log is being loaded, and for good when it cannot be (damage, a failed directory). */
  log: PartitionLog | undefined;
  private unusable = false;
  private withoutRoom = false;
  private committed = 0;
  /** Undefined while nobody listens: an append to a partition that was long idle then looks at nothing. */
  private listeners: Set<HighWatermarkListener> | undefined;
  /** Producers that wait; made for the first one. */
  private waiters: CommitQueue | undefined;
  /** Batches refused while the log is loaded; its own from then on. */
  private turnedAway: TurnedAway | undefined;
  /** Its log is kept told what may be given without a look here. */
  private offers = false;
  private notifying = false;
  private notifyAgain = false;

  constructor(
    readonly topic: string,
    readonly topicId: Uuid,
    readonly partition: number,
    public leaderEpoch: number,
    public leader: number,
    public isr: readonly number[],
    public replicas: readonly number[] = isr,
  ) {}

  /** End of what is committed; below it nothing is ever lost or changed. */
  get highWatermark(): number {
    return this.committed;
  }

  /** Its log cannot be used: damage, a failed directory, or the partition is gone, all for good; or there is no room to make it. */
  get offline(): boolean {
    return this.unusable || this.withoutRoom;
  }

  /** Why clients are not served: KAFKA_STORAGE_ERROR, or NOT_LEADER_OR_FOLLOWER while its log is loaded; both are retried. */
  get unavailable(): typeof ErrorCode.KAFKA_STORAGE_ERROR | typeof ErrorCode.NOT_LEADER_OR_FOLLOWER | undefined {
    if (this.offline) return ErrorCode.KAFKA_STORAGE_ERROR;
    return this.log === undefined ? ErrorCode.NOT_LEADER_OR_FOLLOWER : undefined;
  }

  /** Tells those that wait, so that they answer instead of running into their timeouts. */
  goOffline(): void {
    if (this.unusable) return;
    this.unusable = true;
    if (this.offers) this.offer();
    this.notify();
  }

  /** There is no room for its log's files; until {@link opened} it is as good as offline. Whether that was known. */
  lacksRoom(): boolean {
    const known = this.withoutRoom;
    this.withoutRoom = true;
    if (!known) this.notify();
    return known;
  }

  /** End of what is committed and of no open transaction; readers of committed records see nothing above it. It moves with the high watermark. */
  get lastStableOffset(): number {
    const { log, committed } = this;
    if (log === undefined) return committed;
    const unstable = log.producers.transactions.firstUnstableOffset;
    return unstable >= committed ? committed : Math.max(unstable, log.log.logStartOffset);
  }

  /** From here on consumers may be given what its log has without a look here, as long as all of it is committed and stable. */
  offer(): void {
    this.offers = true;
    const { log, committed } = this;
    log?.log.offer(this.unusable || this.lastStableOffset !== committed ? -1 : committed);
  }

  opened(log: PartitionLog): void {
    this.log = log;
    this.withoutRoom = false;
    if (this.turnedAway !== undefined) log.turnedAway = this.turnedAway;
    this.turnedAway = undefined;
    log.stableOffset = () => this.lastStableOffset;
    log.committedOffset = () => this.highWatermark;
    log.startEpoch(this.leaderEpoch);
    this.committed = Math.max(log.log.logStartOffset, this.localCommit(log));
    log.highWatermarkReached(this.committed);
    if (this.committed < log.log.logEndOffset) log.log.requestFlush();
  }

  private localCommit(log: PartitionLog): number {
    return log.config.groupFlush ? log.durableOffset : log.log.logEndOffset;
  }

  /** Its log is in another log directory from here on: the same records, of which everything committed is on the medium. */
  moved(log: PartitionLog): void {
    if (this.log !== undefined) log.turnedAway = this.log.turnedAway;
    this.log?.log.offer(-1);
    this.log = log;
    log.stableOffset = () => this.lastStableOffset;
    log.committedOffset = () => this.highWatermark;
    log.highWatermarkReached(this.committed);
    this.reconfigured();
    this.flushed();
  }

  /** The leader epoch a client believes in, checked as Kafka does; -1 is not checked (KIP-320). */
  checkEpoch(clientEpoch: number): ErrorCode {
    if (clientEpoch === -1 || clientEpoch === this.leaderEpoch) return ErrorCode.NONE;
    return clientEpoch < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  /** What is to be awaited before {@link append}; undefined, as mostly: nothing. */
  prepare(bytes: Uint8Array, context: PrepareContext): Promise<PreparedBatch> | undefined {
    return this.unusable ? undefined : this.log?.prepare(bytes, context);
  }

  /** Appends one batch of a client. When it is durable is told by the high watermark. */
  append(bytes: Uint8Array, requiredAcks: number, context: Omit<AppendContext, 'leaderEpoch'>): AppendResult {
    const { log } = this;
    if (log === undefined || this.unusable) {
      // What was sent behind it may arrive when the log is there: that would be out of order.
      if (log === undefined) {
        this.turnedAway ??= new TurnedAway();
        this.turnedAway.addUnread(bytes);
      }
      return this.refused();
    }
    // A topic cannot ask for more replicas than it has.
    if (requiredAcks === -1 && this.isr.length < Math.min(log.config.minInsyncReplicas, this.replicas.length))
      return { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS, errorMessage: null, recordErrors: [] };
    const { nowMs, produceVersion, recordsSeen = false, verifiesTransactions = false, verification } = context;
    const { leaderEpoch } = this;
    return this.written(
      log,
      log.appendAsLeader(bytes, {
        nowMs,
        produceVersion,
        recordsSeen,
        leaderEpoch,
        verifiesTransactions,
        verification,
      }),
    );
  }

  /** Appends a batch of the broker itself. What it writes in a transaction is verified like a client's. */
  appendInternal(
    bytes: Uint8Array,
    nowMs: number,
    transaction?: Pick<AppendContext, 'verifiesTransactions' | 'verification'>,
  ): AppendResult {
    const { log } = this;
    if (log === undefined || this.unusable) return this.refused();
    const context = { ...transaction, nowMs, produceVersion: 13, leaderEpoch: this.leaderEpoch };
    return this.written(log, log.appendInternal(bytes, context));
  }

  /** Ends a transaction on behalf of its coordinator. */
  appendMarker(marker: EndTransaction, nowMs: number): AppendResult {
    const { log } = this;
    if (log === undefined || this.unusable) return this.refused();
    const context = { nowMs, produceVersion: 13, leaderEpoch: this.leaderEpoch };
    return this.written(log, log.appendMarker(marker, context));
  }

  private refused(): AppendResult {
    return this.unavailable === ErrorCode.NOT_LEADER_OR_FOLLOWER ? loading : offline;
  }

  private written(log: PartitionLog, result: AppendResult): AppendResult {
    if (result.errorCode !== ErrorCode.NONE) return result;
    if (log.config.groupFlush) {
      if (this.committed < log.log.logEndOffset) log.log.requestFlush();
    } else this.advance(log.log.logEndOffset);
    return result;
  }

  /** More of the log is on the medium. */
  flushed(): void {
    const { log } = this;
    if (log?.config.groupFlush === true && !this.unusable) this.advance(log.durableOffset);
  }

  /** After a change of the flush mode: what it means is different now. */
  reconfigured(): void {
    const { log } = this;
    if (log === undefined) return;
    if (log.config.groupFlush) log.log.requestFlush();
    else this.advance(log.log.logEndOffset);
  }

  private advance(offset: number): void {
    if (offset <= this.committed) return;
    assert(
      this.log !== undefined && offset <= this.log.log.logEndOffset,
      'the high watermark stays below the log end offset',
    );
    this.committed = offset;
    this.log.highWatermarkReached(offset);
    if (this.offers) this.offer();
    this.notify();
  }

  /** A listener may append, or leave: everybody that stays is told the last state. */
  private notify(): void {
    const { listeners, waiters } = this;
    if (waiters !== undefined) {
      if (this.unusable) waiters.releaseAll();
      else waiters.release(this.committed);
    }
    if (listeners === undefined) return;
    this.notifyAgain = true;
    if (this.notifying) return;
    this.notifying = true;
    try {
      while (this.notifyAgain) {
        this.notifyAgain = false;
        for (const listener of [...listeners]) if (listeners.has(listener)) listener(this.committed);
      }
    } finally {
      this.notifying = false;
    }
  }

  /** Tells `waiter` once: when its records are committed, or when the partition has gone offline; at once when that is so already. */
  awaitCommit(waiter: CommitWaiter): void {
    if (this.unusable || waiter.lastOffset < this.committed) {
      waiter.onCommitOrOffline();
      return;
    }
    this.waiters ??= new CommitQueue();
    this.waiters.add(waiter);
  }

  onHighWatermark(listener: HighWatermarkListener): () => void {
    const listeners = this.listeners ?? new Set();
    this.listeners = listeners;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners === listeners) this.listeners = undefined;
    };
  }

  /** DeleteRecords: nothing below `offset` is shown any more. -1 is the high watermark. */
  deleteRecords(offset: number): { readonly errorCode: ErrorCode; readonly lowWatermark: number } {
    const { log } = this;
    if (log === undefined || this.unusable)
      return { errorCode: this.unavailable ?? ErrorCode.KAFKA_STORAGE_ERROR, lowWatermark: -1 };
    const target = offset === -1 ? this.committed : offset;
    if (target < 0 || target > this.committed) return { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 };
    log.advanceLogStartOffset(target);
    return { errorCode: ErrorCode.NONE, lowWatermark: log.log.logStartOffset };
  }
}

const loading: AppendResult = {
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  errorMessage: 'The log of the partition is being loaded',
  recordErrors: [],
};

const offline: AppendResult = {
  errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
  errorMessage: 'The log of the partition is offline',
  recordErrors: [],
};
