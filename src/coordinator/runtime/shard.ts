import { assert } from '../../common/assert.js';
import type { Clock, TimerHandle, Timers } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import { EncodeError } from '../../protocol/writer.js';
import { batchHeaderBytes, encodeBatch, recordSizeBound } from '../../records/index.js';
import type { Logger } from '../../telemetry/logger.js';
import type { LoadTimes } from './load_times.js';
import { loadRecords } from './loader.js';
import type { CoordinatorLog, EndOfTransaction } from './log.js';
import {
  type BatchProducer,
  brokerToken,
  type CoordinatorMachine,
  type Decision,
  type Outcome,
  type ReplyToken,
  type UndoLog,
} from './machine.js';
import { OpenBatch, type Pending, type WrittenRecord } from './open_batch.js';
import { ReplyQueue } from './reply_queue.js';
import { TimerTable } from './timer_table.js';

export type ShardLogger = Pick<Logger, 'info' | 'warn' | 'error'>;

export interface ShardOptions {
  /** For the operator's log, e.g. `__consumer_offsets-7`. */
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: ShardLogger;
  /** `group.coordinator.append.linger.ms`: how long a batch stays open; ≤ 0: until the turn of the event loop ends. */
  readonly appendLingerMs: number;
  /** `offsets.commit.timeout.ms`: how long a reply waits for its commit. */
  readonly commitTimeoutMs: number;
  /** Bytes read per turn while loading (`offsets.load.buffer.size` at most). */
  readonly loadBufferBytes: number;
  /** Told when the log is loaded. */
  readonly loads?: LoadTimes;
  /** What its batches say of a sequence: as Kafka's coordinator of the kind. Default: 0. */
  readonly baseSequence?: number;
}

/** `failed`: its log could not be read. */
export type ShardPhase = 'loading' | 'active' | 'failed' | 'closed';

/** How long after a failed append what a timer wanted is tried again. */
const timerRetryMs = 500;

/**
 * One partition's coordinator: a machine, its state, and the log that makes it last.
 *
 * Each decision is applied at once, so that the next one sees it; decisions of one turn share a batch; their timers take
 * effect when the batch is appended, their replies leave when it is committed. A reply without records waits likewise for
 * what was appended before it: nobody is ever told what a crash could take back. When an append fails, everything since the
 * last one is undone, newest first, and its requesters get the error: the state is never ahead of the log for longer than a
 * turn. A failed flush is not the shard's to see: the high watermark stays, and whoever owns the log closes the shard.
 */
export class CoordinatorShard<State, Command, Rec, Reply> {
  private stage: ShardPhase = 'loading';
  private state: State;
  private readonly waiting = new Map<ReplyToken, (outcome: Outcome<Reply>) => void>();
  /** Who waits for the end of a transaction to be committed. */
  private readonly endings = new Set<(error: ErrorCode) => void>();
  private readonly replies: ReplyQueue;
  private readonly timerTable: TimerTable<Command>;
  private readonly unsubscribe: () => void;
  private open: OpenBatch<Command, Reply, Rec> | undefined;
  private lingerTimer: TimerHandle | undefined;
  private lastToken = 0;

  constructor(
    private readonly machine: CoordinatorMachine<State, Command, Rec, Reply>,
    private readonly log: CoordinatorLog,
    private readonly options: ShardOptions,
    /** Replies to the broker itself, when they are committed. One that is not in time is lost. */
    private readonly onReply: (reply: Reply) => void = () => {},
  ) {
    this.state = machine.newState();
    this.replies = new ReplyQueue(options.clock, options.timers, options.commitTimeoutMs);
    this.timerTable = new TimerTable(options.clock, options.timers, (key, command) => {
      if (this.stage === 'active') this.run(command, undefined, { key, command });
    });
    this.unsubscribe = log.onHighWatermark((highWatermark) => this.replies.advance(highWatermark));
  }

  /** What a command gets now; undefined when it is taken. */
  get unavailable(): ErrorCode | undefined {
    switch (this.stage) {
      case 'active':
        return undefined;
      case 'loading':
        return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
      default:
        return ErrorCode.NOT_COORDINATOR;
    }
  }

  get phase(): ShardPhase {
    return this.stage;
  }

  /** The state as decided so far, for metrics and tests. Not to be changed, not to be kept. */
  get current(): Readonly<State> {
    return this.state;
  }

  get timerCount(): number {
    return this.timerTable.size;
  }

  /** Replays the log, then takes commands. Resolves in either case; a log that cannot be read leaves NOT_COORDINATOR. */
  async load(): Promise<void> {
    const { name, clock, logger } = this.options;
    const startedMs = clock.monotonicMs();
    try {
      const loaded = await loadRecords(this.machine, this.log, {
        timers: this.options.timers,
        bufferBytes: this.options.loadBufferBytes,
        cancelled: () => this.stage !== 'loading',
        apply: (record, offset) => {
          this.machine.apply(this.state, record);
          this.machine.placed?.(this.state, record, offset);
        },
      });
      if (this.stage !== 'loading') return;
      const tookMs = Math.round(clock.monotonicMs() - startedMs);
      this.options.loads?.add({ records: loaded.records, bytes: loaded.bytes, tookMs }, clock.monotonicMs());
      if (loaded.records > 0) logger.info(`${name}: loaded ${loaded.records} records in ${tookMs} ms`);
      if (loaded.unknown > 0)
        logger.warn(`${name}: left ${loaded.unknown} records alone whose kind this version does not know`);
      if (loaded.damaged > 0) logger.warn(`${name}: skipped ${loaded.damaged} records that could not be decoded`);
    } catch (error) {
      if (this.stage !== 'loading') return;
      this.stage = 'failed';
      const reason = error instanceof Error ? error.message : String(error);
      logger.error(`${name}: cannot be loaded, its groups stay unavailable: ${reason}`);
      return;
    }
    this.stage = 'active';
    this.run(this.machine.loadedCommand(), undefined, undefined);
  }

  /** Decides the command that `build` makes with the token of this requester. Never rejects. */
  submit(build: (token: ReplyToken) => Command): Promise<Outcome<Reply>> {
    const error = this.unavailable;
    if (error !== undefined) return Promise.resolve({ ok: false, error });
    this.lastToken += 1;
    const token = this.lastToken as ReplyToken;
    return new Promise((resolve) => {
      this.waiting.set(token, resolve);
      this.run(build(token), token, undefined);
    });
  }

  /** Decides a command that nobody waits for; nothing happens while the shard is not active. */
  trigger(command: Command): void {
    if (this.stage === 'active') this.run(command, undefined, undefined);
  }

  /**
   * Ends a transaction whose records are here: appends the marker and applies what it means. Resolves when it is committed.
   * NONE, the log's error, or what keeps this shard from answering. Never rejects.
   */
  endTransaction(marker: EndOfTransaction): Promise<ErrorCode> {
    const error = this.unavailable;
    if (error !== undefined) return Promise.resolve(error);
    this.appendOpen();
    const appended = this.log.appendMarker(marker);
    if (typeof appended === 'number') return Promise.resolve(appended);
    const record = this.machine.decodeEndOfTransaction(marker.producerId, marker.type === 'COMMIT');
    if (record !== undefined) this.machine.apply(this.state, record);
    return new Promise((resolve) => {
      this.endings.add(resolve);
      this.whenCommitted(appended.lastOffset + 1, (committed) => {
        this.endings.delete(resolve);
        resolve(committed ? ErrorCode.NONE : ErrorCode.REQUEST_TIMED_OUT);
      });
    });
  }

  /** Appends what is open, answers everybody who waits NOT_COORDINATOR and forgets the state. */
  close(): void {
    if (this.stage === 'closed') return;
    if (this.stage === 'active') this.appendOpen();
    this.stage = 'closed';
    this.unsubscribe();
    this.timerTable.cancelAll();
    this.replies.clear();
    this.lingerTimer?.cancel();
    this.lingerTimer = undefined;
    this.state = this.machine.newState();
    const outcome = { ok: false, error: ErrorCode.NOT_COORDINATOR } as const;
    for (const resolve of this.waiting.values()) resolve(outcome);
    this.waiting.clear();
    for (const resolve of this.endings) resolve(ErrorCode.NOT_COORDINATOR);
    this.endings.clear();
  }

  private run(command: Command, token: ReplyToken | undefined, timer: Pending<Command, Reply>['timer']): void {
    const nowMs = this.options.clock.wallMs();
    let decision = this.machine.decide(this.state, command, nowMs);
    let encoded = this.encode(decision, nowMs);
    if (typeof encoded !== 'number' && !this.fits(encoded, decision.transaction)) {
      // Appended first, and decided again: the append may fail and take back what the decision rests on.
      this.appendOpen();
      decision = this.machine.decide(this.state, command, nowMs);
      encoded = this.encode(decision, nowMs);
    }
    if (typeof encoded === 'number') {
      this.refuse(command, token, encoded);
      return;
    }
    for (const note of decision.notes) this.options.logger.info(`${this.options.name}: ${note}`);
    const { replies, timers, transaction } = decision;
    if (this.hasRoom(encoded.sizeBytes)) {
      const undo = this.applyAll(decision.records);
      this.take(encoded.records, encoded.sizeBytes, { token, timer, replies, timers, undo }, transaction);
    } else this.takeInParts(decision, encoded.records, token, timer);
  }

  /** Records of a transaction have a batch of their own. */
  private fits(
    encoded: { readonly records: unknown[]; readonly sizeBytes: number },
    transaction?: BatchProducer,
  ): boolean {
    if (this.open === undefined || encoded.records.length === 0) return this.hasRoom(encoded.sizeBytes);
    return this.open.isOf(transaction) && this.hasRoom(encoded.sizeBytes);
  }

  private hasRoom(sizeBytes: number): boolean {
    return (this.open?.sizeBytes ?? batchHeaderBytes) + sizeBytes <= this.log.maxBatchBytes;
  }

  private takeInParts(
    decision: Decision<Command, Rec, Reply>,
    encoded: ReadonlyArray<WrittenRecord<Rec>>,
    token: ReplyToken | undefined,
    timer: Pending<Command, Reply>['timer'],
  ): void {
    assert(encoded.length === decision.records.length, 'only written records can be divided');
    let from = 0;
    while (from < decision.records.length) {
      let to = from;
      let sizeBytes = 0;
      for (let next = encoded[to]; next !== undefined; next = encoded[to]) {
        const size = recordSizeBound(next);
        if (to > from && !this.hasRoom(sizeBytes + size)) break;
        sizeBytes += size;
        to += 1;
      }
      const last = to === decision.records.length;
      const undo = this.applyAll(decision.records.slice(from, to));
      const { replies, timers } = last ? decision : { replies: [], timers: [] };
      this.take(encoded.slice(from, to), sizeBytes, { token, timer, replies, timers, undo }, decision.transaction);
      // What was applied before the failed part stays: it is in the log. Nothing after it happens.
      if (!last && !this.appendOpen()) return;
      from = to;
    }
  }

  /** The written records of a decision, or the error that keeps them from being written. */
  private encode(
    decision: Decision<Command, Rec, Reply>,
    nowMs: number,
  ): { readonly records: Array<WrittenRecord<Rec>>; readonly sizeBytes: number } | ErrorCode {
    const records: Array<WrittenRecord<Rec>> = [];
    let sizeBytes = 0;
    try {
      for (const record of decision.records) {
        const encoded = this.machine.encode(record);
        if (encoded === undefined) continue;
        const timestamped = { key: encoded.key, value: encoded.value, timestampMs: nowMs, record };
        records.push(timestamped);
        sizeBytes += recordSizeBound(timestamped);
      }
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.options.logger.warn(`${this.options.name}: a record cannot be written: ${error.message}`);
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    }
    const tooLarge = batchHeaderBytes + sizeBytes > this.log.maxBatchBytes;
    return tooLarge && !decision.divisible ? ErrorCode.MESSAGE_TOO_LARGE : { records, sizeBytes };
  }

  private refuse(command: Command, token: ReplyToken | undefined, error: ErrorCode): void {
    this.options.logger.warn(`${this.options.name}: refused a command whose records do not fit in a batch`);
    if (token !== undefined) this.settle(token, { ok: false, error });
    const cleanUp = this.machine.refusedCommand(command, error);
    if (cleanUp !== undefined) this.run(cleanUp, undefined, undefined);
  }

  private applyAll(records: readonly Rec[]): UndoLog {
    const undo: UndoLog = [];
    for (const record of records) this.machine.apply(this.state, record, undo);
    return undo;
  }

  private take(
    records: ReadonlyArray<WrittenRecord<Rec>>,
    sizeBytes: number,
    pending: Pending<Command, Reply>,
    transaction: BatchProducer | undefined,
  ): void {
    if (records.length === 0 && this.open === undefined) {
      this.carryOut(pending, this.log.logEndOffset);
      return;
    }
    if (this.open === undefined) {
      this.open = new OpenBatch(transaction);
      this.scheduleAppend();
    }
    this.open.add(records, sizeBytes, pending);
  }

  private scheduleAppend(): void {
    const { timers, appendLingerMs } = this.options;
    const batch = this.open;
    const append = () => {
      // A full batch left early, and another one may be open by now, with its own call to come.
      if (this.open === batch) this.appendOpen();
    };
    if (appendLingerMs > 0) this.lingerTimer = timers.after(appendLingerMs, append);
    else timers.soon(append);
  }

  /** False when the append failed. */
  private appendOpen(): boolean {
    const batch = this.open;
    if (batch === undefined) return true;
    this.open = undefined;
    this.lingerTimer?.cancel();
    this.lingerTimer = undefined;
    const { records, transaction } = batch;
    const { producerId = -1, producerEpoch = -1, verification } = transaction ?? {};
    const isTransactional = transaction !== undefined;
    const { baseSequence = 0 } = this.options;
    const appended = this.log.append(
      encodeBatch({ records, baseSequence, producerId, producerEpoch, isTransactional }),
      verification,
    );
    if (typeof appended === 'number') {
      this.takeBack(batch, appended);
      return false;
    }
    this.tellPlaces(batch.records, appended.baseOffset);
    for (const pending of batch.pending) this.carryOut(pending, appended.lastOffset + 1);
    return true;
  }

  private tellPlaces(records: ReadonlyArray<WrittenRecord<Rec>>, baseOffset: number): void {
    const { machine, state } = this;
    if (machine.placed === undefined) return;
    for (const [at, { record }] of records.entries()) machine.placed(state, record, baseOffset + at);
  }

  private takeBack(batch: OpenBatch<Command, Reply, Rec>, error: ErrorCode): void {
    this.options.logger.warn(`${this.options.name}: append failed with error ${error}, its commands were taken back`);
    for (const { undo } of [...batch.pending].reverse()) for (const step of undo.reverse()) step();
    for (const { token, timer } of batch.pending) {
      if (token !== undefined) this.settle(token, { ok: false, error });
      if (timer !== undefined && !this.timerTable.has(timer.key))
        this.timerTable.start(timer.key, timerRetryMs, timer.command);
    }
  }

  private carryOut(pending: Pending<Command, Reply>, untilHighWatermark: number): void {
    for (const timer of pending.timers) {
      if (timer.delayMs === undefined) this.timerTable.cancel(timer.key);
      else if (timer.ifAbsent !== true || !this.timerTable.has(timer.key))
        this.timerTable.start(timer.key, timer.delayMs, timer.command);
    }
    const { replies } = pending;
    if (replies.length === 0) return;
    this.whenCommitted(untilHighWatermark, (committed) => this.deliver(replies, committed));
  }

  private whenCommitted(untilHighWatermark: number, deliver: (committed: boolean) => void): void {
    if (this.log.highWatermark >= untilHighWatermark && this.replies.size === 0) deliver(true);
    else this.replies.add(untilHighWatermark, deliver);
  }

  private deliver(replies: Pending<Command, Reply>['replies'], committed: boolean): void {
    for (const { token, reply } of replies) {
      if (token === brokerToken && committed) this.onReply(reply);
      else this.settle(token, committed ? { ok: true, reply } : { ok: false, error: ErrorCode.REQUEST_TIMED_OUT });
    }
  }

  private settle(token: ReplyToken, outcome: Outcome<Reply>): void {
    const resolve = this.waiting.get(token);
    if (resolve === undefined) return;
    this.waiting.delete(token);
    resolve(outcome);
  }
}
