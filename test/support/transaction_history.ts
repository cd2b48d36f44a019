import { type Anomaly, type AnomalyKind, checkHistory, finalReader, type HistoryEvent } from './history.js';

/**
 * What transactional producers did and what consumers of committed records saw. The order of the list is the order in which things
 * happened, so far as one process can tell: an `end` stands before its request leaves, a `poll` after its answer came.
 */
export type TransactionEvent =
  | {
      readonly kind: 'write';
      readonly producer: string;
      readonly transaction: string;
      readonly partition: number;
      readonly value: string;
    }
  /** A value that the transaction's outcome depends on: read_committed, by whoever wrote the transaction. */
  | { readonly kind: 'read'; readonly transaction: string; readonly value: string }
  /** The producer asks for the end of its transaction. One that never does is aborted, by a timeout or a successor. */
  | { readonly kind: 'end'; readonly transaction: string; readonly commit: boolean }
  /** The end was acknowledged. Without it nobody knows what became of a commit. */
  | { readonly kind: 'ended'; readonly transaction: string }
  | Extract<HistoryEvent, { readonly kind: 'poll' }>;

export type TransactionAnomalyKind =
  | AnomalyKind
  | 'aborted read'
  | 'uncommitted read'
  | 'torn transaction'
  | 'circular information flow';

export interface TransactionAnomaly {
  readonly kind: TransactionAnomalyKind;
  readonly detail: string;
}

interface Transaction {
  readonly writes: Array<{ readonly producer: string; readonly partition: number; readonly value: string }>;
  readonly reads: string[];
  /** Index of the event, -1: never asked for. */
  committing: number;
  acknowledged: boolean;
}

/**
 * Every broken rule: those of {@link checkHistory} for the records of transactions that are or may be committed, and that nobody sees a
 * record of a transaction before its producer asked to commit it, none of an aborted one, and at the end all of it or nothing. Complete only
 * when the history ends with what {@link finalReader} read. Cycles are looked for over reads alone: writers are not isolated from each
 * other by Kafka's transactions, so cycles over writes are no error.
 */
export function checkTransactions(events: readonly TransactionEvent[]): TransactionAnomaly[] {
  const transactions = collect(events);
  const anomalies: TransactionAnomaly[] = [];
  const writerOf = new Map<string, string>();
  for (const [name, { writes }] of transactions) for (const { value } of writes) writerOf.set(value, name);
  checkVisibility(events, transactions, writerOf, anomalies);
  checkWholeness(events, transactions, anomalies);
  checkCycles(transactions, writerOf, anomalies);
  anomalies.push(...checkRecords(events, transactions, writerOf));
  return anomalies;
}

function collect(events: readonly TransactionEvent[]): Map<string, Transaction> {
  const transactions = new Map<string, Transaction>();
  for (const [index, event] of events.entries()) {
    if (event.kind === 'poll') continue;
    let transaction = transactions.get(event.transaction);
    if (transaction === undefined) {
      transaction = { writes: [], reads: [], committing: -1, acknowledged: false };
      transactions.set(event.transaction, transaction);
    }
    switch (event.kind) {
      case 'write':
        transaction.writes.push(event);
        break;
      case 'read':
        transaction.reads.push(event.value);
        break;
      case 'end':
        if (event.commit) transaction.committing = index;
        break;
      case 'ended':
        transaction.acknowledged = true;
    }
  }
  return transactions;
}

function checkVisibility(
  events: readonly TransactionEvent[],
  transactions: ReadonlyMap<string, Transaction>,
  writerOf: ReadonlyMap<string, string>,
  anomalies: TransactionAnomaly[],
): void {
  for (const [index, event] of events.entries()) {
    if (event.kind !== 'poll' && event.kind !== 'read') continue;
    const writer = writerOf.get(event.value);
    const transaction = writer === undefined ? undefined : transactions.get(writer);
    if (writer === undefined || transaction === undefined) continue;
    const who = event.kind === 'poll' ? event.consumer : event.transaction;
    if (transaction.committing < 0)
      anomalies.push({ kind: 'aborted read', detail: `${who}: ${event.value} of ${writer}` });
    else if (transaction.committing > index)
      anomalies.push({
        kind: 'uncommitted read',
        detail: `${who}: ${event.value} before ${writer} was to be committed`,
      });
  }
}

function checkWholeness(
  events: readonly TransactionEvent[],
  transactions: ReadonlyMap<string, Transaction>,
  anomalies: TransactionAnomaly[],
): void {
  const there = new Set<string>();
  for (const event of events) if (event.kind === 'poll' && event.consumer === finalReader) there.add(event.value);
  if (there.size === 0) return;
  for (const [name, { writes }] of transactions) {
    const missing = writes.filter(({ value }) => !there.has(value));
    if (missing.length > 0 && missing.length < writes.length)
      anomalies.push({
        kind: 'torn transaction',
        detail: `${name}: ${missing.length} of ${writes.length} are not there`,
      });
  }
}

/** A transaction that saw what another wrote is behind it; nobody can be behind himself. */
function checkCycles(
  transactions: ReadonlyMap<string, Transaction>,
  writerOf: ReadonlyMap<string, string>,
  anomalies: TransactionAnomaly[],
): void {
  const state = new Map<string, 'open' | 'done'>();
  for (const root of transactions.keys()) {
    if (state.has(root)) continue;
    const path: Array<{ readonly name: string; readonly reads: readonly string[]; next: number }> = [];
    const enter = (name: string): void => {
      state.set(name, 'open');
      path.push({ name, reads: transactions.get(name)?.reads ?? [], next: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const value = top.reads[top.next];
      top.next += 1;
      if (value === undefined) {
        state.set(top.name, 'done');
        path.pop();
        continue;
      }
      const writer = writerOf.get(value);
      if (writer === undefined || state.get(writer) === 'done') continue;
      if (state.get(writer) === undefined) enter(writer);
      else {
        const names = path.map(({ name }) => name);
        anomalies.push({
          kind: 'circular information flow',
          detail: [...names.slice(names.indexOf(writer)), writer].join(' saw '),
        });
      }
    }
  }
}

/** As records of producers whose transactions do not matter any more. */
function checkRecords(
  events: readonly TransactionEvent[],
  transactions: ReadonlyMap<string, Transaction>,
  writerOf: ReadonlyMap<string, string>,
): Anomaly[] {
  const records: HistoryEvent[] = [];
  for (const event of events) {
    if (event.kind === 'poll') {
      const writer = writerOf.get(event.value);
      if (writer === undefined || (transactions.get(writer)?.committing ?? -1) >= 0) records.push(event);
    } else if (event.kind === 'write' && (transactions.get(event.transaction)?.committing ?? -1) >= 0) {
      const { producer, partition, value } = event;
      records.push({ kind: 'send', producer, partition, value });
    }
  }
  for (const { writes, committing, acknowledged } of transactions.values())
    if (committing >= 0 && acknowledged)
      for (const { producer, partition, value } of writes)
        records.push({ kind: 'ack', producer, partition, value, offset: -1 });
  return checkHistory(records);
}
