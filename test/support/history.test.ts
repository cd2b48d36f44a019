import { describe, expect, it } from 'vitest';
import { checkHistory, type HistoryEvent } from './history.js';

const send = (value: string, producer = 'p'): HistoryEvent => ({ kind: 'send', producer, partition: 0, value });
const ack = (value: string, offset: number, producer = 'p'): HistoryEvent => ({
  kind: 'ack',
  producer,
  partition: 0,
  value,
  offset,
});
const poll = (offset: number, value: string, consumer = 'c', session = 0): HistoryEvent => ({
  kind: 'poll',
  consumer,
  session,
  partition: 0,
  offset,
  value,
});
const deleted = (offset: number): HistoryEvent => ({ kind: 'delete', partition: 0, offset });
const commit = (offset: number): HistoryEvent => ({ kind: 'commit', group: 'g', partition: 0, offset });
const committed = (offset: number): HistoryEvent => ({ kind: 'committed', group: 'g', partition: 0, offset });

const kinds = (events: readonly HistoryEvent[]) => checkHistory(events).map(({ kind }) => kind);

const sent = [send('a'), send('b'), send('c')];
const good = [...sent, ack('a', 0), ack('b', 1), ack('c', 2), poll(0, 'a'), poll(1, 'b'), poll(2, 'c')];

describe('a history without anomalies', () => {
  it('is what it says', () => {
    expect(checkHistory(good)).toEqual([]);
  });

  it('may have writes whose outcome nobody knows, there or not', () => {
    expect(checkHistory([...sent, poll(0, 'a'), poll(1, 'c')])).toEqual([]);
  });

  it('may have producers between each other, gaps of offsets, and deleted records that nobody read', () => {
    expect(
      checkHistory([
        send('a'),
        send('x', 'q'),
        send('b'),
        ack('a', 0),
        ack('x', 3, 'q'),
        ack('b', 1),
        deleted(1),
        poll(1, 'b'),
        poll(3, 'x'),
      ]),
    ).toEqual([]);
  });

  it('may begin a new session anywhere', () => {
    expect(checkHistory([...good, poll(0, 'a', 'c', 1), poll(1, 'b', 'c', 1)])).toEqual([]);
  });

  it('may jump over what was deleted meanwhile', () => {
    expect(checkHistory([...good, poll(0, 'a', 'd'), deleted(2), poll(2, 'c', 'd')])).toEqual([]);
  });

  it('may have commits whose outcome nobody knows', () => {
    expect(checkHistory([commit(1), committed(1), committed(3), commit(4), committed(4)])).toEqual([]);
  });
});

describe('finds', () => {
  it('a lost write', () => {
    expect(kinds([...sent, ack('a', 0), ack('b', 1), ack('c', 2), poll(0, 'a'), poll(2, 'c')])).toEqual(['lost write']);
  });

  it('a lost write whose offset the client was not told', () => {
    expect(kinds([...sent, ack('b', -1), poll(0, 'a'), poll(1, 'c')])).toEqual(['lost write']);
  });

  it('a lost end of the log', () => {
    expect(kinds([...sent, ack('a', 0), ack('b', 1), ack('c', 2), poll(0, 'a'), poll(1, 'b')])).toEqual([
      'unseen write',
    ]);
  });

  it('a record that was read and is not there at the end', () => {
    const final = (offset: number, value: string) => poll(offset, value, 'final');
    expect(kinds([...sent, poll(0, 'a'), poll(1, 'b'), final(0, 'a')])).toEqual(['vanished']);
    expect(kinds([...sent, poll(0, 'a'), poll(1, 'b'), deleted(1), final(1, 'b')])).toEqual([]);
  });

  it('a record that was deleted but should not have been', () => {
    expect(kinds([...sent, ack('a', 0), ack('b', 1), ack('c', 2), deleted(1), poll(2, 'c')])).toEqual(['lost write']);
  });

  it('a duplicate', () => {
    expect(kinds([...good, poll(3, 'c')])).toEqual(['duplicate']);
  });

  it('an acknowledgement with another offset than the record has', () => {
    expect(kinds([send('a'), ack('a', 5), poll(0, 'a')])).toEqual(['duplicate']);
  });

  it('two values at one offset', () => {
    expect(kinds([...sent, poll(0, 'a'), poll(0, 'b', 'd')])).toEqual(['two values at one offset']);
  });

  it('records of one producer out of order', () => {
    expect(kinds([...sent, poll(0, 'a'), poll(1, 'c'), poll(2, 'b')])).toEqual(['out of order']);
  });

  it('acknowledged offsets of one producer out of order, although nobody read them', () => {
    expect(kinds([send('a'), send('b'), ack('a', 1), ack('b', 0), deleted(2)])).toEqual(['out of order']);
  });

  it('a record that nobody sent', () => {
    expect(kinds([poll(0, 'z')])).toEqual(['never sent']);
  });

  it('a consumer that goes back', () => {
    expect(kinds([...good, poll(1, 'b')])).toEqual(['non-monotonic poll']);
  });

  it('a consumer that reads the same twice', () => {
    expect(kinds([...good, poll(2, 'c')])).toEqual(['non-monotonic poll']);
  });

  it('a consumer that skips', () => {
    expect(kinds([...good, poll(0, 'a', 'd'), poll(2, 'c', 'd')])).toEqual(['poll skip']);
  });

  it('a consumer that skips more than was deleted', () => {
    expect(kinds([...good, poll(0, 'a', 'd'), deleted(1), poll(2, 'c', 'd')])).toEqual(['poll skip']);
  });

  it('a lost commit', () => {
    expect(kinds([commit(1), commit(5), committed(1)])).toEqual(['commit lost']);
  });

  it('a commit that was seen and is gone', () => {
    expect(kinds([commit(1), committed(3), committed(2)])).toEqual(['commit backwards']);
  });

  it('every anomaly of every partition', () => {
    const other = good.map((event) => ({ ...event, partition: 1 }) as HistoryEvent);
    expect(kinds([...good, ...other, poll(3, 'c'), { ...poll(3, 'c'), partition: 1 } as HistoryEvent])).toEqual([
      'duplicate',
      'duplicate',
    ]);
  });
});
