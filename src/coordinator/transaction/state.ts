import { unreachable } from '../../common/assert.js';
import type { UndoLog } from '../runtime/machine.js';
import type { TransactionRecord } from './records.js';
import { isOpen, type Transaction } from './transaction.js';

/** What one partition of `__transaction_state` says. */
export interface TransactionState {
  readonly transactions: Map<string, Transaction>;
  /** Transactional ids with a transaction that has not come to its end. */
  readonly open: Set<string>;
}

export function newTransactionState(): TransactionState {
  return { transactions: new Map(), open: new Set() };
}

/** The only mutation of a {@link TransactionState}. */
export function applyTransactionRecord(state: TransactionState, record: TransactionRecord, undo?: UndoLog): void {
  switch (record.kind) {
    case 'transaction':
      set(state, record.transaction.transactionalId, record.transaction, undo);
      break;
    case 'tombstone':
      set(state, record.transactionalId, undefined, undo);
      break;
    default:
      unreachable(record);
  }
}

function set(state: TransactionState, id: string, transaction: Transaction | undefined, undo?: UndoLog): void {
  const before = state.transactions.get(id);
  if (transaction === undefined) state.transactions.delete(id);
  else state.transactions.set(id, transaction);
  if (transaction !== undefined && isOpen(transaction.status)) state.open.add(id);
  else state.open.delete(id);
  undo?.push(() => set(state, id, before));
}
