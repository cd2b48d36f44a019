import { batchHeaderBytes } from '../../records/index.js';
import type { BatchProducer, EncodedRecord, ReplyToken, TimerEffect, UndoLog } from './machine.js';

export interface WrittenRecord<Rec> extends EncodedRecord {
  readonly timestampMs: number;
  readonly record: Rec;
}

/** A decision that was applied; what follows from it waits for its batch to be appended. */
export interface Pending<Command, Reply> {
  /** The requester, unless a timer asked. */
  readonly token: ReplyToken | undefined;
  /** The timer that asked, to be started again should the append fail. */
  readonly timer: { readonly key: string; readonly command: Command } | undefined;
  readonly replies: ReadonlyArray<{ readonly token: ReplyToken; readonly reply: Reply }>;
  readonly timers: ReadonlyArray<TimerEffect<Command>>;
  readonly undo: UndoLog;
}

/** Records of the decisions of one turn, on their way to one append. */
export class OpenBatch<Command, Reply, Rec> {
  readonly records: Array<WrittenRecord<Rec>> = [];
  readonly pending: Array<Pending<Command, Reply>> = [];
  sizeBytes = batchHeaderBytes;

  constructor(readonly transaction: BatchProducer | undefined) {}

  /** Whether records of that transaction may be in this batch. */
  isOf(transaction: BatchProducer | undefined): boolean {
    const own = this.transaction;
    if (own === undefined || transaction === undefined) return own === transaction;
    return own.producerId === transaction.producerId && own.producerEpoch === transaction.producerEpoch;
  }

  add(records: ReadonlyArray<WrittenRecord<Rec>>, sizeBytes: number, pending: Pending<Command, Reply>): void {
    for (const record of records) this.records.push(record);
    this.sizeBytes += sizeBytes;
    this.pending.push(pending);
  }
}
