import { brokerToken, type ReplyToken, type TimerEffect } from '../runtime/machine.js';
import type {
  Ending,
  TransactionCommand,
  TransactionDecision,
  TransactionReply,
  TransactionRules,
} from './commands.js';
import type { TransactionRecord } from './records.js';
import type { TransactionState } from './state.js';
import { isEnding, isOpen, type Transaction } from './transaction.js';

const openTimer = 'check-open';
const expiryTimer = 'expire-ids';

/** Gathers one decision. */
export class Turn {
  readonly records: TransactionRecord[] = [];
  private readonly replies: Array<{ readonly token: ReplyToken; readonly reply: TransactionReply }> = [];
  private readonly timers: Array<TimerEffect<TransactionCommand>> = [];
  private readonly notes: string[] = [];

  constructor(
    private readonly state: TransactionState,
    readonly rules: TransactionRules,
    readonly nowMs: number,
  ) {}

  reply(token: ReplyToken, reply: TransactionReply): void {
    this.replies.push({ token, reply });
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** The transaction becomes this. When its end is decided its markers are written, once the decision is committed. */
  write(transaction: Transaction): void {
    this.records.push({ kind: 'transaction', transaction });
    if (this.state.transactions.size === 0) this.watchExpiry();
    if (this.state.open.size === 0 && isOpen(transaction.status)) this.watchOpen();
    if (isEnding(transaction.status)) this.writeMarkers([endingOf(transaction)]);
  }

  writeMarkers(endings: readonly Ending[]): void {
    if (endings.length > 0 && !this.rules.isPassive) this.tellBroker({ kind: 'write-markers', endings });
  }

  tellBroker(reply: TransactionReply): void {
    this.reply(brokerToken, reply);
  }

  /** Transactions that are open are looked at regularly from now on. */
  watchOpen(): void {
    this.watch(openTimer, this.rules.abortIntervalMs, { kind: 'check-open' });
  }

  watchExpiry(): void {
    this.watch(expiryTimer, this.rules.expiryIntervalMs, { kind: 'expire-ids' });
  }

  private watch(key: string, delayMs: number, command: TransactionCommand): void {
    if (!this.rules.isPassive) this.timers.push({ key, delayMs, command });
  }

  done(): TransactionDecision {
    const { records, replies, timers, notes } = this;
    return { records, divisible: records.length > 1, replies, timers, notes };
  }
}

export function endingOf(transaction: Transaction): Ending {
  const { transactionalId, producerId, producerEpoch, status, clientTransactionVersion, partitions } = transaction;
  return {
    transactionalId,
    producerId,
    producerEpoch,
    commit: status === 'PrepareCommit',
    transactionVersion: clientTransactionVersion,
    partitions,
  };
}
