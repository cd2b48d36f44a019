import type { ErrorCode } from '../../protocol/errors.js';

/**
 * A coordinator's rules, without time, disk or network. `decide` says what would happen, `apply` makes it so; nothing else
 * touches the state. The shard runs both: live, while loading the log, and in simulation.
 *
 * Some records are *transient* (`encode` gives undefined): they are applied in order with the others but never written, for
 * what a coordinator forgets when it moves, such as who has joined a rebalance so far.
 */
export interface CoordinatorMachine<State, Command, Rec, Reply> {
  newState(): State;
  /** Must leave `state` alone, and give the same for the same arguments. `nowMs` is wall time. */
  decide(state: State, command: Command, nowMs: number): Decision<Command, Rec, Reply>;
  /** The only mutation. Pushes what takes it back when `undo` is given. */
  apply(state: State, record: Rec, undo?: UndoLog): void;
  /**
   * Told where a written record lies, once it is appended or found; never undone. For machines that have old parts of their log
   * deleted.
   */
  placed?(state: State, record: Rec, offset: number): void;
  /** Undefined for a transient record. */
  encode(record: Rec): EncodedRecord | undefined;
  /** A record found in the log; undefined when this machine does not know its kind and leaves it there. */
  decode(record: EncodedRecord, producer: RecordProducer): Rec | undefined;
  /** The end of a transaction found in the log; undefined when it means nothing here. */
  decodeEndOfTransaction(producerId: number, committed: boolean): Rec | undefined;
  /** Decided once, after the log was loaded. */
  loadedCommand(): Command;
  /** Decided after `command` was refused because its records do not fit in a batch; undefined: nothing to clean up. */
  refusedCommand(command: Command, error: ErrorCode): Command | undefined;
}

/** Names one requester that waits. Part of its command, and of the state when the reply comes later. */
export type ReplyToken = number & { readonly __brand: 'ReplyToken' };

/** A reply to the broker itself, for what has to happen once the decision is committed: given to {@link CoordinatorShard}'s `onReply`. */
export const brokerToken = 0 as ReplyToken;

export interface Decision<Command, Rec, Reply> {
  /** Applied and appended in this order, all or none; `divisible` ones in several batches when they need to be. */
  readonly records: readonly Rec[];
  readonly divisible: boolean;
  /** Leave when everything appended before them, and `records`, is committed. */
  readonly replies: ReadonlyArray<{ readonly token: ReplyToken; readonly reply: Reply }>;
  readonly timers: ReadonlyArray<TimerEffect<Command>>;
  /** For the operator's log. */
  readonly notes: readonly string[];
  /** The transaction that the written records are part of; they do not count before its end. Undefined: none. */
  readonly transaction?: BatchProducer | undefined;
}

/** In whose name a batch is written. */
export interface BatchProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** What the log gave out for the transaction coordinator to confirm, when the transaction begins here with this batch. */
  readonly verification: object | undefined;
}

/** Starts (anew, or only when it does not run yet) or cancels the timer named `key`; `command` is decided when it has run out. */
export type TimerEffect<Command> =
  | { readonly key: string; readonly delayMs: number; readonly command: Command; readonly ifAbsent?: boolean }
  | { readonly key: string; readonly delayMs: undefined };

export interface EncodedRecord {
  readonly key: Uint8Array;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
}

export interface RecordProducer {
  /** -1 for records that are in no transaction. */
  readonly producerId: number;
}

/** Closures that take back what was applied, newest last. */
export type UndoLog = Array<() => void>;

/** A reply, or the error that kept the command from being done. */
export type Outcome<Reply> =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly error: ErrorCode };
