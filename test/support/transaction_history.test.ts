import { describe, expect, it } from 'vitest';
import { finalReader } from './history.js';
import { checkTransactions, type TransactionEvent } from './transaction_history.js';

const write = (transaction: string, partition: number, value = `${transaction}.${partition}`): TransactionEvent => ({
  kind: 'write',
  producer: transaction.slice(0, 1),
  transaction,
  partition,
  value,
});
const read = (transaction: string, value: string): TransactionEvent => ({ kind: 'read', transaction, value });
const end = (transaction: string, commit = true): TransactionEvent => ({ kind: 'end', transaction, commit });
const ended = (transaction: string): TransactionEvent => ({ kind: 'ended', transaction });
const poll = (partition: number, offset: number, value: string, consumer = finalReader): TransactionEvent => ({
  kind: 'poll',
  consumer,
  session: 0,
  partition,
  offset,
  value,
});
const kinds = (events: readonly TransactionEvent[]) => checkTransactions(events).map(({ kind }) => kind);
const committed = (transaction: string, ...partitions: number[]) => [
  ...partitions.map((partition) => write(transaction, partition)),
  end(transaction),
  ended(transaction),
];

describe('a history of transactions without anomaly', () => {
  it('has all of what was committed and nothing of what was not', () => {
    expect(
      kinds([
        ...committed('a1', 0, 1),
        write('a2', 0),
        end('a2', false),
        ended('a2'),
        write('b1', 1),
        poll(0, 0, 'a1.0'),
        poll(1, 0, 'a1.1'),
      ]),
    ).toEqual([]);
  });

  it('may have a commit whose outcome nobody knows, there or not, as a whole', () => {
    const unknown = [write('a1', 0), write('a1', 1), end('a1')];
    expect(kinds([...unknown, ...committed('b1', 0), poll(0, 5, 'b1.0')])).toEqual([]);
    expect(kinds([...unknown, poll(0, 0, 'a1.0'), poll(1, 0, 'a1.1')])).toEqual([]);
  });

  it('may have one read by who goes on while its end is not acknowledged', () => {
    expect(kinds([write('a1', 0), end('a1'), poll(0, 0, 'a1.0', 'c'), ended('a1'), poll(0, 0, 'a1.0')])).toEqual([]);
  });

  it('may have writes of two transactions in different orders in two partitions', () => {
    const both = [
      write('a1', 0),
      write('b1', 1),
      write('b1', 0),
      write('a1', 1),
      end('a1'),
      ended('a1'),
      end('b1'),
      ended('b1'),
    ];
    expect(kinds([...both, poll(0, 0, 'a1.0'), poll(0, 1, 'b1.0'), poll(1, 0, 'b1.1'), poll(1, 1, 'a1.1')])).toEqual(
      [],
    );
  });

  it('may have long chains of who saw what', () => {
    const chain: TransactionEvent[] = [];
    for (let i = 0; i < 20_000; i += 1) {
      chain.push(write(`a${i}`, 0, `v${i}`));
      if (i > 0) chain.push(read(`a${i}`, `v${i - 1}`));
      chain.push(end(`a${i}`), ended(`a${i}`), poll(0, i, `v${i}`));
    }
    expect(kinds(chain)).toEqual([]);
  });
});

describe('every anomaly of transactions is found', () => {
  it('a record of an aborted transaction', () => {
    expect(kinds([write('a1', 0), end('a1', false), ended('a1'), poll(0, 0, 'a1.0', 'c')])).toEqual(['aborted read']);
  });

  it('a record of a transaction whose producer went away', () => {
    expect(kinds([write('a1', 0), poll(0, 0, 'a1.0', 'c')])).toEqual(['aborted read']);
  });

  it('a record that was read before it was to be committed, also by who wrote it', () => {
    const early = [write('a1', 0), poll(0, 0, 'a1.0', 'c'), end('a1'), ended('a1'), poll(0, 0, 'a1.0')];
    expect(kinds(early)).toEqual(['uncommitted read']);
    const own = [write('a1', 0), read('a1', 'a1.0'), end('a1'), ended('a1'), poll(0, 0, 'a1.0')];
    expect(kinds(own)).toEqual(['uncommitted read', 'circular information flow']);
  });

  it('half a transaction', () => {
    expect(kinds([write('a1', 0), write('a1', 1), end('a1'), poll(0, 0, 'a1.0')])).toEqual(['torn transaction']);
  });

  it('a committed transaction that is lost', () => {
    expect(kinds([...committed('a1', 0), ...committed('a2', 0), poll(0, 4, 'a2.0')])).toEqual(['lost write']);
  });

  it('a record twice, and two records at one offset', () => {
    expect(kinds([...committed('a1', 0), poll(0, 0, 'a1.0'), poll(0, 1, 'a1.0')])).toEqual(['duplicate']);
    const two = [...committed('a1', 0), ...committed('b1', 0)];
    expect(kinds([...two, poll(0, 0, 'a1.0', 'c'), poll(0, 0, 'b1.0')])).toContain('two values at one offset');
  });

  it('transactions of one producer out of order', () => {
    expect(kinds([...committed('a1', 0), ...committed('a2', 0), poll(0, 0, 'a2.0'), poll(0, 1, 'a1.0')])).toEqual([
      'out of order',
    ]);
  });

  it('a consumer that skips a committed record, or goes back', () => {
    const three = [...committed('a1', 0), ...committed('a2', 0), ...committed('a3', 0)];
    const final = [poll(0, 0, 'a1.0'), poll(0, 1, 'a2.0'), poll(0, 2, 'a3.0')];
    expect(kinds([...three, poll(0, 0, 'a1.0', 'c'), poll(0, 2, 'a3.0', 'c'), ...final])).toEqual(['poll skip']);
    expect(kinds([...three, poll(0, 1, 'a2.0', 'c'), poll(0, 0, 'a1.0', 'c'), ...final])).toEqual([
      'non-monotonic poll',
    ]);
  });

  it('a record that nobody wrote, and one that vanished', () => {
    expect(kinds([...committed('a1', 0), poll(0, 0, 'a1.0'), poll(0, 1, 'x')])).toEqual(['never sent']);
    const gone = [write('a1', 0), end('a1'), ...committed('b1', 0), poll(0, 0, 'a1.0', 'c'), poll(0, 2, 'b1.0')];
    expect(kinds(gone)).toEqual(['vanished']);
  });

  it('two transactions that saw each other', () => {
    const circle = [write('a1', 0), write('b1', 1), read('a1', 'b1.1'), read('b1', 'a1.0')];
    const ends = [end('a1'), ended('a1'), end('b1'), ended('b1'), poll(0, 0, 'a1.0'), poll(1, 0, 'b1.1')];
    expect(kinds([...circle, ...ends])).toEqual(['uncommitted read', 'uncommitted read', 'circular information flow']);
  });
});
