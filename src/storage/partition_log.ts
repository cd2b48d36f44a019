import { assert } from '../common/assert.js';
import { INT64_MAX, type Uuid } from '../common/ids.js';
import type { BatchInfo, FileSystem, LogStore, SegmentedLog } from '../common/ports/index.js';
import { LogStoreError } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';
import { encodeEndTxnMarker } from '../records/index.js';
import type { Logger } from '../telemetry/logger.js';
import { type AppendRefusal, type Failure, refusal, statusRefusal, validateBatch } from './append_validation.js';
import { BackgroundWrites } from './background_writes.js';
import { formatEpochs, leaderEpochFile } from './checkpoints.js';
import type { DiskSpace } from './disk_space.js';
import type { LeaderEpochCache } from './leader_epochs.js';
import type { LogConfig } from './log_config.js';
import type { LogMirror } from './mirror.js';
import { emptyBatchInfo } from './native_log.js';
import type { TransactionMarker } from './partition_transactions.js';
import { reloadProducers } from './producer_replay.js';
import { encodeProducerSnapshot } from './producer_snapshot.js';
import type { ProducerStateManager } from './producer_state.js';
import { type PrepareContext, type PreparedBatch, prepareBatch } from './recompression.js';
import { rollIfRoom } from './roll_if_room.js';
import { TurnedAway } from './turned_away.js';

export interface AppendContext {
  readonly leaderEpoch: number;
  readonly nowMs: number;
  readonly produceVersion: number;
  /** The batch went through {@link PartitionLog.prepare}. */
  readonly recordsSeen?: boolean;
  /**
   * A transaction may only begin here once its coordinator has said that the partition is part of it
   * (`transaction.partition.verification.enable`): then `verification` is the one under way.
   */
  readonly verifiesTransactions?: boolean;
  readonly verification?: object | undefined;
}

export interface AppendAnswer {
  readonly errorCode: typeof ErrorCode.NONE;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** -1 unless the topic stamps append times; of a duplicate the largest timestamp of the batch, as in Kafka. */
  readonly logAppendTimeMs: number;
  readonly recordCount: number;
  /** The batch was here already. */
  readonly duplicate: boolean;
}

export type AppendResult = AppendAnswer | AppendRefusal;

/** How a coordinator ends a producer's transaction. */
export interface EndTransaction extends TransactionMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** `transaction.version` of the coordinator: from 2 on a marker bears a higher epoch than the records it ends. */
  readonly transactionVersion: number;
}

/** What a partition's log is made of; `LogManager` puts it together. */
export interface PartitionLogParts {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly directoryPath: string;
  readonly log: SegmentedLog;
  readonly store: LogStore;
  readonly producers: ProducerStateManager;
  readonly epochs: LeaderEpochCache;
  readonly config: LogConfig;
  readonly files: FileSystem;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * The log of one partition as Kafka understands it: what may be appended, what producers have sent, which leader wrote what.
 * The bytes are the engine's (`SegmentedLog`); nothing here waits for the medium.
 */
export class PartitionLog {
  // What an append looks at comes first and together: of ten thousand partitions each line of it is a miss of the cache.
  readonly log: SegmentedLog;
  config: LogConfig;
  /** Timestamp that `segment.ms` counts from; -1 when the active segment is empty. Set by the log manager at load. */
  firstTimestampMs = -1;
  private rollJitterMs: number;
  /** Of the last append, for which there is nothing to be noted any more; -1: look at the epochs. */
  private lastEpoch = -1;
  /** Most have never seen a transaction. */
  private markersWait = true;
  /** Room on its file system; undefined: nobody looks, and only failed writes tell. */
  space: DiskSpace | undefined;
  /** Undefined while nobody was. */
  turnedAway: TurnedAway | undefined;
  /** While the log is moved to another directory. */
  mirror: LogMirror | undefined;
  readonly store: LogStore;

  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly producers: ProducerStateManager;
  readonly epochs: LeaderEpochCache;
  private readonly beside: BackgroundWrites;
  private readonly parts: PartitionLogParts;

  constructor(parts: PartitionLogParts) {
    this.parts = parts;
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.topicId = parts.topicId;
    this.log = parts.log;
    this.producers = parts.producers;
    this.epochs = parts.epochs;
    this.config = parts.config;
    this.store = parts.store;
    this.rollJitterMs = this.drawJitter();
    this.beside = new BackgroundWrites(this, parts.files, parts.logger);
    parts.producers.transactions.onMarkerWaiting = () => {
      this.markersWait = true;
    };
  }

  /**
   * Everything below may be cleaned for good: committed, and of no open transaction. Told by the partition; at first it is what
   * is on the medium.
   */
  stableOffset: () => number = () => this.log.flushedOffset;

  /** The high watermark. Told by the partition; at first it is what is on the medium. */
  committedOffset: () => number = () => this.log.flushedOffset;

  /** End of what a crash leaves, in whatever directory the log is then. */
  get durableOffset(): number {
    const { flushedOffset } = this.log;
    return this.mirror === undefined ? flushedOffset : this.mirror.durableOffset(flushedOffset);
  }

  /** Below it the log was cleaned (`cleaner-offset-checkpoint`); undefined: never. */
  cleanedOffset: number | undefined;

  /** Called when a segment was sealed. */
  onRoll: () => void = () => {};

  get name(): string {
    return this.log.name;
  }

  /** Markers of transactions below it are committed. */
  highWatermarkReached(highWatermark: number): void {
    if (this.markersWait) this.markersWait = this.producers.transactions.highWatermarkReached(highWatermark);
  }

  get directoryPath(): string {
    return this.parts.directoryPath;
  }

  /**
   * Appends one batch of a client, at the log's end. Refusals are values; LogStoreError (a failed directory) is turned into
   * KAFKA_STORAGE_ERROR. The bytes are patched in place. Cost: one CRC pass, one pwritev.
   */
  appendAsLeader(bytes: Uint8Array, context: AppendContext): AppendResult {
    const status = this.store.inspectBatch(bytes, batch);
    if (status !== 'ok') {
      const whole = status === 'more-than-one' ? withoutRemainder(bytes) : bytes;
      return whole === bytes ? statusRefusal(status, batch.attributes) : this.appendAsLeader(whole, context);
    }
    const refused = validateBatch(bytes, batch, this, context);
    if (refused !== undefined) return refused;
    if (batch.producerId >= 0) {
      const check = this.producers.check(batch);
      if (check.kind === 'duplicate') {
        this.turnedAway?.taken(batch.producerId);
        return {
          errorCode: ErrorCode.NONE,
          firstOffset: check.batch.baseOffset,
          lastOffset: check.batch.lastOffset,
          logAppendTimeMs: check.batch.timestampMs,
          recordCount: batch.recordCount,
          duplicate: true,
        };
      }
      if (this.isUnverified(context)) return unverified;
      if (check.kind === 'refused') return this.refusedSequence(check.errorCode, context.nowMs);
    }
    return this.withoutRoom(context.nowMs) ?? this.write(bytes, context);
  }

  private isUnverified({ verifiesTransactions, verification }: AppendContext): boolean {
    return verifiesTransactions === true && this.producers.isUnverified(batch, verification);
  }

  /** Records of clients stop short of the reserve. What was appended before is still answered as a duplicate. */
  private withoutRoom(nowMs: number): AppendRefusal | undefined {
    const reason = this.space?.refusal(batch.sizeBytes, nowMs);
    if (reason !== undefined) return this.noRoom(reason);
    if (this.turnedAway?.isAhead(batch) !== true) return undefined;
    return refusal(ErrorCode.KAFKA_STORAGE_ERROR, 'Sent behind a batch that was refused; that one comes first');
  }

  /** What was sent behind a batch that found no room is not out of order: it is to come again, like that one. */
  private refusedSequence(error: Failure, nowMs: number): AppendRefusal {
    const noRoom = error === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ? this.withoutRoom(nowMs) : undefined;
    return noRoom ?? refusal(error);
  }

  private noRoom(reason: string): AppendRefusal {
    if (batch.producerId >= 0) {
      this.turnedAway ??= new TurnedAway();
      this.turnedAway.add(batch);
    }
    return refusal(ErrorCode.KAFKA_STORAGE_ERROR, reason);
  }

  /** What is to be awaited before {@link appendAsLeader}, see `prepareBatch`; mostly nothing. */
  prepare(bytes: Uint8Array, context: PrepareContext): Promise<PreparedBatch> | undefined {
    return prepareBatch(bytes, this, context);
  }

  /**
   * Appends a batch that the broker itself made (coordinator records): checked for its bytes, and what it writes for a transactional
   * producer for that one's epoch.
   */
  appendInternal(bytes: Uint8Array, context: AppendContext): AppendResult {
    const status = this.store.inspectBatch(bytes, batch);
    if (status !== 'ok') return statusRefusal(status, batch.attributes);
    if (batch.producerId >= 0) {
      if (this.isUnverified(context)) return unverified;
      const check = this.producers.checkInternal(batch);
      if (check.kind === 'refused') return refusal(check.errorCode);
    }
    return this.write(bytes, context);
  }

  /**
   * Ends the producer's transaction here, if one is open (WriteTxnMarkers). Aborted ones go into the transaction index. Errors:
   * INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR.
   */
  appendMarker(marker: EndTransaction, context: AppendContext): AppendResult {
    const errorCode = this.producers.checkMarker(marker, marker.transactionVersion);
    if (errorCode !== ErrorCode.NONE) return refusal(errorCode);
    const bytes = encodeEndTxnMarker({ ...marker, timestampMs: context.nowMs });
    const status = this.store.inspectBatch(bytes, batch);
    return status === 'ok' ? this.write(bytes, context, marker) : statusRefusal(status, batch.attributes);
  }

  private write(bytes: Uint8Array, context: AppendContext, marker?: TransactionMarker): AppendResult {
    const { log } = this;
    const firstOffset = log.logEndOffset;
    const ended =
      marker === undefined ? undefined : this.producers.completionOf(batch.producerId, marker, log.logEndOffset);
    const activeBefore = log.activeBaseOffset;
    const appendTimeMs = this.config.logAppendTime ? context.nowMs : -1;
    const timestampMs = appendTimeMs >= 0 ? appendTimeMs : batch.maxTimestampMs;
    try {
      log.append(bytes, {
        baseOffset: firstOffset,
        leaderEpoch: context.leaderEpoch,
        appendTimeMs,
        rollFirst: this.isRollDue(timestampMs, context.nowMs),
        aborted: ended?.aborted === true ? ended : undefined,
      });
    } catch (error) {
      if (!(error instanceof LogStoreError)) throw error;
      if (error.kind !== 'NO_SPACE') return refusal(ErrorCode.KAFKA_STORAGE_ERROR, error.message);
      this.space?.exhausted(error.message);
      return this.noRoom(error.message);
    }
    this.space?.appended(batch.sizeBytes);
    if (log.activeBaseOffset !== activeBefore) {
      this.rolled();
      // The batch just written is the first one of the new segment.
      this.firstTimestampMs = timestampMs >= 0 ? timestampMs : context.nowMs;
    }
    batch.baseOffset = firstOffset;
    if (appendTimeMs >= 0) batch.maxTimestampMs = appendTimeMs;
    if (context.leaderEpoch !== this.lastEpoch) this.noteEpoch(context.leaderEpoch, firstOffset);
    if (batch.producerId >= 0) {
      this.producers.update(batch, context.nowMs, marker);
      this.turnedAway?.taken(batch.producerId);
    }
    this.mirror?.appended(bytes, marker);
    return {
      errorCode: ErrorCode.NONE,
      firstOffset,
      lastOffset: log.logEndOffset - 1,
      logAppendTimeMs: appendTimeMs,
      recordCount: batch.recordCount,
      duplicate: false,
    };
  }

  /**
   * Appends a batch of another copy of this log as it is there, with its offsets, epoch and timestamps. `marker`: what it says when it
   * ends a transaction. @throws LogStoreError
   */
  appendReplica(bytes: Uint8Array, nowMs: number, marker?: TransactionMarker): void {
    const { log } = this;
    const status = this.store.inspectBatch(bytes, batch);
    // Compaction leaves fewer records than offsets.
    if (status !== 'ok' && status !== 'bad-offsets')
      throw new LogStoreError(
        'CORRUPT',
        'append',
        this.name,
        '',
        `the batch at offset ${batch.baseOffset} is ${status}`,
      );
    const { baseOffset, leaderEpoch } = batch;
    const activeBefore = log.activeBaseOffset;
    const ended = marker === undefined ? undefined : this.producers.completionOf(batch.producerId, marker, baseOffset);
    const aborted = ended?.aborted === true ? ended : undefined;
    log.append(bytes, { baseOffset, leaderEpoch, appendTimeMs: -1, rollFirst: false, aborted });
    this.space?.appended(batch.sizeBytes);
    if (log.activeBaseOffset !== activeBefore) this.rolled();
    if (this.firstTimestampMs < 0) this.firstTimestampMs = batch.maxTimestampMs >= 0 ? batch.maxTimestampMs : nowMs;
    this.epochs.assign(leaderEpoch, baseOffset);
    if (batch.producerId >= 0) this.producers.update(batch, nowMs, marker);
  }

  /** What is known in memory of another copy with the same end holds for this one, too. */
  adoptState(other: PartitionLog): void {
    assert(this.log.logEndOffset === other.log.logEndOffset, 'copies have the same end');
    this.producers.adopt(other.producers);
    this.epochs.replace(other.epochs.all);
    this.cleanedOffset = other.cleanedOffset;
    this.firstTimestampMs = other.firstTimestampMs;
  }

  /** Writes what is known of producers and epochs beside the log; resolves when it is there, as far as it can be written. */
  async storeState(): Promise<void> {
    if (this.log.logEndOffset > 0) {
      this.epochsUnwritten = true;
      this.storeSnapshot(this.log.logEndOffset);
    } else this.storeEpochs();
    await this.beside.settled;
  }

  /** `segment.ms` counts from the first record's timestamp, as in Kafka; without timestamps from nothing. */
  private isRollDue(timestampMs: number, nowMs: number): boolean {
    // A record may not wait longer for compaction than that, and the active segment is never cleaned.
    const { compact, maxCompactionLagMs } = this.config;
    const segmentMs = compact ? Math.min(this.config.segmentMs, maxCompactionLagMs) : this.config.segmentMs;
    if (this.firstTimestampMs < 0) {
      this.firstTimestampMs = timestampMs >= 0 ? timestampMs : nowMs;
      return false;
    }
    const waitedMs = (timestampMs >= 0 ? timestampMs : nowMs) - this.firstTimestampMs;
    return waitedMs > segmentMs - Math.min(this.rollJitterMs, segmentMs);
  }

  /** Rolls when the active segment is older than `segment.ms`, although nothing is being appended. */
  rollIfDue(nowMs: number): void {
    if (this.log.activeBaseOffset === this.log.logEndOffset || !this.isRollDue(-1, nowMs)) return;
    this.roll();
  }

  /** Begins a new segment, unless the active one is empty. False when there is no room for it. @throws LogStoreError */
  roll(): boolean {
    const before = this.log.activeBaseOffset;
    if (!rollIfRoom(this.log)) return false;
    if (this.log.activeBaseOffset !== before) this.rolled();
    return true;
  }

  /** Rolls when DeleteRecords took everything, so that retention can remove the segment that appends go to as well. */
  rollIfEmptied(): void {
    const { logStartOffset, logEndOffset, activeBaseOffset, flushedOffset } = this.log;
    if (!this.config.deleteOld || logStartOffset < logEndOffset || activeBaseOffset === logEndOffset) return;
    if (flushedOffset >= logEndOffset) this.roll();
    else this.log.requestFlush();
  }

  /** A new segment has begun: what producers had sent up to its base is written beside it, as Kafka does. */
  private rolled(): void {
    this.firstTimestampMs = -1;
    this.rollJitterMs = this.drawJitter();
    this.log.requestFlush();
    this.storeSnapshot(this.log.activeBaseOffset);
    this.onRoll();
  }

  private drawJitter(): number {
    return Math.floor(this.parts.random() * Math.min(this.config.segmentJitterMs, this.config.segmentMs));
  }

  /** Of the newest producer snapshot, as far as it is known. */
  snapshotOffset: number | undefined;

  /** Writes the producer state as of `offset`; it is current when called. */
  private storeSnapshot(offset: number): void {
    if (this.epochsUnwritten) this.storeEpochs();
    const bytes = encodeProducerSnapshot(this.producers.entries());
    this.beside.add({
      file: `${String(offset).padStart(20, '0')}.snapshot`,
      bytes,
      sync: false,
      // What is replayed after a crash begins at the snapshot: epochs from before it are known from their file alone.
      isWanted: () => !this.epochsUnwritten,
      written: () => {
        this.snapshotOffset = offset;
      },
    });
  }

  /**
   * This broker leads in `epoch` from here on. Of an empty log nothing is written: the next leader says the same again.
   */
  startEpoch(epoch: number): void {
    this.lastEpoch = -1;
    if (this.epochs.assign(epoch, this.log.logEndOffset)) this.epochsUnwritten = true;
    const isEmpty = this.log.logEndOffset === this.log.logStartOffset;
    if (this.epochsUnwritten && !isEmpty) this.storeEpochs();
  }

  private noteEpoch(epoch: number, firstOffset: number): void {
    if (this.epochs.assign(epoch, firstOffset) || this.epochsUnwritten) this.storeEpochs();
    this.lastEpoch = epoch;
  }

  /** The file does not say yet what is known: it is written with the next record, snapshot or stop. Set at load when the log knew more. */
  epochsUnwritten = false;

  private storeEpochs(): void {
    const { all } = this.epochs;
    this.epochsUnwritten = true;
    this.beside.add({
      file: leaderEpochFile,
      bytes: formatEpochs(all),
      sync: true,
      written: () => {
        if (this.epochs.all === all) this.epochsUnwritten = false;
      },
    });
  }

  reconfigure(config: LogConfig): void {
    this.config = config;
    this.log.reconfigure(config);
  }

  /** DeleteRecords. `offset` ≤ high watermark was checked by the caller. */
  advanceLogStartOffset(offset: number): void {
    this.lastEpoch = -1;
    this.log.advanceLogStartOffset(offset);
    this.mirror?.startRaised(offset);
    if (this.epochs.truncateFromStart(this.log.logStartOffset)) this.storeEpochs();
  }

  /**
   * What producers did behind the new end is forgotten; nothing may be appended until this resolves. Requires `offset` ≥
   * `highWatermark`.
   */
  async truncateTo(offset: number, highWatermark: number): Promise<void> {
    const { log, producers, epochs } = this;
    if (offset >= log.logEndOffset) return;
    this.lastEpoch = -1;
    this.snapshotOffset = undefined;
    this.mirror?.diverged();
    log.truncateTo(offset);
    if (this.cleanedOffset !== undefined) this.cleanedOffset = Math.min(this.cleanedOffset, log.logEndOffset);
    if (epochs.truncateFromEnd(log.logEndOffset)) this.storeEpochs();
    await this.beside.settled;
    const path = `${this.directoryPath}/${this.name}`;
    const { files, logger } = this.parts;
    this.snapshotOffset = await reloadProducers(
      { log, path, producers, epochs, files, logger },
      INT64_MAX,
      highWatermark,
    );
  }

  /** Closes in an orderly way: everything on the medium, producer state beside it. */
  async close(options: { readonly sync: boolean }): Promise<void> {
    const { logEndOffset } = this.log;
    await this.beside.settled;
    if (options.sync && logEndOffset > 0 && this.snapshotOffset !== logEndOffset) this.storeSnapshot(logEndOffset);
    await this.beside.settled;
    await this.log.close(options);
  }
}

/** Of the batch in hand. One for all logs, since no append waits: it stays in the cache however many logs there are. */
const batch: BatchInfo = emptyBatchInfo();

const unverified = refusal(ErrorCode.INVALID_TXN_STATE, 'Record was not part of an ongoing transaction');

const logOverheadBytes = 12;

/** The first batch alone when what follows it is too short to be another one: Kafka cuts such bytes off. */
function withoutRemainder(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeAt = (position: number) => logOverheadBytes + view.getInt32(position + 8);
  const end = sizeAt(0);
  const leftBytes = bytes.length - end;
  return leftBytes < logOverheadBytes || leftBytes < sizeAt(end) ? bytes.subarray(0, end) : bytes;
}
