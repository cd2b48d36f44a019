import { batchHeaderBytes } from '../../records/index.js';
import type { EncodedRecord, ReplyToken, TimerEffect, UndoLog } from './machine.js';

export interface TimestampedRecord extends EncodedRecord {
  readonly timestampMs: number;
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
export class OpenBatch<Command, Reply> {
  readonly records: TimestampedRecord[] = [];
  readonly pending: Array<Pending<Command, Reply>> = [];
  sizeBytes = batchHeaderBytes;

  add(records: readonly TimestampedRecord[], sizeBytes: number, pending: Pending<Command, Reply>): void {
    for (const record of records) this.records.push(record);
    this.sizeBytes += sizeBytes;
    this.pending.push(pending);
  }
}
