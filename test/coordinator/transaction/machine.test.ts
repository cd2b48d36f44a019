import { describe, expect, it } from 'vitest';
import { maxProducerEpoch } from '../../../src/coordinator/transaction/transaction.js';
import { Play, testRules } from './play.js';

describe('transactions of clients that name their partitions', () => {
  it('begin with a partition, end with markers, and may be repeated', () => {
    const play = new Play();
    expect(play.init('x')).toBe('1000 0');
    expect(play.end('x', 1000, 0, true)).toBe('INVALID_TXN_STATE');
    expect(play.add('x', 1000, 0, [0, 1])).toBe('NONE');
    expect(play.add('x', 1000, 0, [1])).toBe('NONE');
    expect(play.add('x', 1000, 0, [2])).toBe('NONE');
    expect(play.applied).toHaveLength(3);
    expect(play.show('x')).toBe('Ongoing 1000 0 [t-0 t-1 t-2]');
    expect(play.end('x', 1000, 0, true)).toBe('-1 -1');
    expect(play.endings).toMatchObject([{ commit: true, producerId: 1000, producerEpoch: 0, transactionVersion: 0 }]);
    expect(play.show('x')).toBe('PrepareCommit 1000 0 [t-0 t-1 t-2]');
    expect(play.end('x', 1000, 0, true)).toBe('CONCURRENT_TRANSACTIONS');
    expect(play.end('x', 1000, 0, false)).toBe('INVALID_TXN_STATE');
    expect(play.add('x', 1000, 0, [0])).toBe('CONCURRENT_TRANSACTIONS');
    expect(play.init('x')).toBe('CONCURRENT_TRANSACTIONS');
    play.markersWritten();
    expect(play.show('x')).toBe('CompleteCommit 1000 0 []');
    expect(play.end('x', 1000, 0, true)).toBe('-1 -1');
    expect(play.end('x', 1000, 0, false)).toBe('INVALID_TXN_STATE');
    expect(play.add('x', 1000, 0, [3])).toBe('NONE');
    expect(play.end('x', 1000, 0, false)).toBe('-1 -1');
    play.markersWritten();
    expect(play.show('x')).toBe('CompleteAbort 1000 0 []');
    expect(play.end('x', 1000, 0, false)).toBe('-1 -1');
  });

  it('are of the producer that holds the id', () => {
    const play = new Play();
    expect(play.add('x', 5, 0, [0])).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(play.end('x', 5, 0, true)).toBe('INVALID_PRODUCER_ID_MAPPING');
    play.init('x');
    expect(play.init('x')).toBe('1000 1');
    expect(play.add('x', 1000, 0, [0])).toBe('PRODUCER_FENCED');
    expect(play.add('x', 1001, 1, [0])).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(play.end('x', 1000, 0, false)).toBe('PRODUCER_FENCED');
    expect(play.end('x', 1001, 1, false)).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(play.end('x', 1000, 2, false)).toBe('PRODUCER_FENCED');
  });

  it('are aborted when another producer takes the id', () => {
    const play = new Play();
    play.init('x');
    play.add('x', 1000, 0, [0]);
    expect(play.init('x')).toBe('CONCURRENT_TRANSACTIONS');
    // The marker bears the raised epoch: nothing of the old producer gets behind it.
    expect(play.endings).toMatchObject([{ commit: false, producerEpoch: 1, transactionVersion: 2 }]);
    expect(play.init('x')).toBe('CONCURRENT_TRANSACTIONS');
    play.markersWritten();
    expect(play.show('x')).toBe('CompleteAbort 1000 1 []');
    expect(play.init('x')).toBe('1000 2');
  });

  it('are aborted with a raised epoch and no more where transaction.version is not 2', () => {
    const play = new Play();
    play.transactionVersion = 1;
    play.init('x');
    play.atEpoch('x', maxProducerEpoch - 1);
    play.add('x', 1000, maxProducerEpoch - 1, [0]);
    expect(play.init('x', { producerId: 1000, producerEpoch: maxProducerEpoch - 1 })).toBe('CONCURRENT_TRANSACTIONS');
    expect(play.endings).toMatchObject([{ producerEpoch: maxProducerEpoch, transactionVersion: 0 }]);
    play.markersWritten();
    expect(play.show('x')).toBe(`CompleteAbort 1000 ${maxProducerEpoch} []`);
    expect(play.init('x', { producerId: 1000, producerEpoch: maxProducerEpoch - 1 })).toBe('PRODUCER_FENCED');
    expect(play.init('x')).toBe('1001 0');
  });

  it('are verified partition by partition', () => {
    const play = new Play();
    expect(play.verify('x', 1000, 0, [0])).toBe('INVALID_PRODUCER_ID_MAPPING');
    play.init('x');
    play.add('x', 1000, 0, [0]);
    expect(play.verify('x', 1000, 0, [0, 1])).toBe('NONE TRANSACTION_ABORTABLE');
    expect(play.verify('x', 1000, 1, [0])).toBe('PRODUCER_FENCED');
    play.end('x', 1000, 0, true);
    expect(play.verify('x', 1000, 0, [0])).toBe('CONCURRENT_TRANSACTIONS');
    play.markersWritten();
    expect(play.verify('x', 1000, 0, [0])).toBe('TRANSACTION_ABORTABLE');
  });
});

describe('InitProducerId with the id and epoch it goes on from (KIP-360)', () => {
  it('raises the epoch once, however often the answer is lost', () => {
    const play = new Play();
    expect(play.init('x', { producerId: 7, producerEpoch: 3 })).toBe('1000 0');
    expect(play.init('x', { producerId: 1000, producerEpoch: 0 })).toBe('1000 1');
    expect(play.init('x', { producerId: 1000, producerEpoch: 0 })).toBe('1000 1');
    expect(play.init('x', { producerId: 1000, producerEpoch: 1 })).toBe('1000 2');
    expect(play.init('x', { producerId: 1000, producerEpoch: 0 })).toBe('PRODUCER_FENCED');
    expect(play.init('x', { producerId: 999, producerEpoch: 2 })).toBe('PRODUCER_FENCED');
  });

  it('fences once somebody else has come between', () => {
    const play = new Play();
    play.init('x');
    play.init('x', { producerId: 1000, producerEpoch: 0 });
    expect(play.init('x')).toBe('1000 2');
    expect(play.init('x', { producerId: 1000, producerEpoch: 1 })).toBe('PRODUCER_FENCED');
  });

  it('gives a new id when the epochs are used up, and again when that answer was lost', () => {
    const play = new Play();
    play.init('x');
    play.atEpoch('x', maxProducerEpoch - 1);
    expect(play.init('x', { producerId: 1000, producerEpoch: maxProducerEpoch - 2 })).toBe('PRODUCER_FENCED');
    expect(play.init('x', { producerId: 1000, producerEpoch: maxProducerEpoch - 1 })).toBe('1001 0');
    expect(play.init('x', { producerId: 1000, producerEpoch: maxProducerEpoch - 1 })).toBe('1001 0');
    play.atEpoch('x', maxProducerEpoch - 1);
    expect(play.init('x')).toBe('1002 0');
  });
});

describe('transactions with an epoch each (transaction.version 2)', () => {
  it('answer their end with the next epoch, and tell a repeated end from the next', () => {
    const play = new Play();
    play.init('x');
    play.add('x', 1000, 0, [0], 2);
    expect(play.end('x', 1000, 0, true, 2)).toBe('1000 1');
    expect(play.show('x')).toBe('PrepareCommit 1000 1 [t-0]');
    expect(play.endings).toMatchObject([{ producerEpoch: 1, transactionVersion: 2 }]);
    expect(play.end('x', 1000, 0, true, 2)).toBe('CONCURRENT_TRANSACTIONS');
    expect(play.end('x', 1000, 1, true, 2)).toBe('PRODUCER_FENCED');
    play.markersWritten();
    expect(play.end('x', 1000, 0, true, 2)).toBe('1000 1');
    expect(play.end('x', 1000, 0, false, 2)).toBe('INVALID_TXN_STATE');
    expect(play.end('x', 1000, 1, true, 2)).toBe('INVALID_TXN_STATE');
    expect(play.end('x', 1000, 2, true, 2)).toBe('PRODUCER_FENCED');
  });

  it('may be aborted although nothing was written', () => {
    const play = new Play();
    play.init('x');
    expect(play.end('x', 1000, 0, true, 2)).toBe('INVALID_TXN_STATE');
    expect(play.end('x', 1000, 0, false, 2)).toBe('1000 1');
    expect(play.endings).toMatchObject([{ commit: false, partitions: [] }]);
    play.markersWritten();
    expect(play.end('x', 1000, 0, false, 2)).toBe('1000 1');
    expect(play.end('x', 1000, 0, true, 2)).toBe('INVALID_TXN_STATE');
    expect(play.end('x', 1000, 1, false, 2)).toBe('1000 2');
    play.markersWritten();
    play.add('x', 1000, 2, [0], 2);
    expect(play.end('x', 1000, 2, true, 2)).toBe('1000 3');
    play.markersWritten();
    expect(play.end('x', 1000, 3, false, 2)).toBe('1000 4');
  });

  it('go over to a new producer id when the epochs are used up', () => {
    const play = new Play();
    play.init('x');
    const last = maxProducerEpoch - 1;
    play.atEpoch('x', last);
    play.add('x', 1000, last, [0], 2);
    expect(play.end('x', 1000, last, true, 2)).toBe('1001 0');
    // Its markers still bear the old id.
    expect(play.endings).toMatchObject([{ producerId: 1000, producerEpoch: maxProducerEpoch }]);
    expect(play.show('x')).toBe(`PrepareCommit 1000 ${maxProducerEpoch} [t-0]`);
    play.reload();
    play.markersWritten();
    expect(play.show('x')).toBe('CompleteCommit 1001 0 []');
    expect(play.end('x', 1000, last, true, 2)).toBe('1001 0');
    expect(play.add('x', 1000, last, [0], 2)).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(play.add('x', 1001, 0, [0], 2)).toBe('NONE');
  });
});

describe('time', () => {
  it('aborts what is open for longer than its timeout, and fences its producer', () => {
    const play = new Play();
    play.init('x', undefined, 5_000);
    play.init('slow', undefined, 50_000);
    play.add('x', 1000, 0, [0]);
    play.add('slow', 1001, 0, [0]);
    play.advance(5_000);
    play.add('x', 1000, 0, [1]);
    expect(play.show('x')).toBe('Ongoing 1000 0 [t-0 t-1]');
    play.advance(1_000);
    expect(play.show('x')).toBe('PrepareAbort 1000 1 [t-0 t-1]');
    expect(play.show('slow')).toContain('Ongoing');
    expect(play.add('x', 1000, 0, [0])).toBe('PRODUCER_FENCED');
    play.markersWritten();
    expect(play.end('x', 1000, 0, true)).toBe('PRODUCER_FENCED');
    // It goes on with the epoch that fenced it, as long as nobody else has come.
    expect(play.init('x', { producerId: 1000, producerEpoch: 0 })).toBe('1000 1');
  });

  it('gives a producer whose epochs are used up a new id when it aborts its transaction', () => {
    const play = new Play();
    play.init('x');
    const last = maxProducerEpoch - 1;
    play.atEpoch('x', last);
    play.add('x', 1000, last, [0]);
    play.advance(7_000);
    expect(play.show('x')).toContain('Ongoing');
    expect(play.wantIds[0]).toEqual({
      kind: 'abort-needs-id',
      transactionalId: 'x',
      producerId: 1000,
      producerEpoch: last,
    });
    const abort = { kind: 'abort', transactionalId: 'x', newProducerId: 77, producerId: 1000 } as const;
    play.run({ ...abort, producerEpoch: last - 1 });
    expect(play.show('x')).toContain('Ongoing');
    play.run({ ...abort, producerEpoch: last });
    expect(play.show('x')).toBe(`PrepareAbort 1000 ${maxProducerEpoch} [t-0]`);
    play.markersWritten();
    expect(play.show('x')).toBe('CompleteAbort 77 0 []');
  });

  it('names markers again that are not written after a while, and looks at nothing when nothing is open', () => {
    const play = new Play();
    play.init('x');
    play.add('x', 1000, 0, [0]);
    play.end('x', 1000, 0, true);
    play.endings.length = 0;
    play.advance(testRules.abortIntervalMs);
    expect(play.endings).toHaveLength(1);
    play.markersWritten();
    play.advance(testRules.abortIntervalMs);
    expect([...play.timers.keys()]).toEqual(['expire-ids']);
  });

  it('forgets ids that nobody uses, with their records', () => {
    const play = new Play();
    play.init('old');
    play.init('busy', undefined, 0x7fff_ffff);
    play.add('busy', 1001, 0, [0]);
    play.advance(testRules.idExpirationMs - 1);
    expect(play.show('old')).toContain('Empty');
    play.init('young');
    play.advance(10_000);
    expect(play.show('old')).toBe('none');
    expect(play.show('busy')).toContain('Ongoing');
    expect(play.show('young')).toContain('Empty');
    expect(play.applied.at(-1)).toEqual({ kind: 'tombstone', transactionalId: 'old' });
    expect(play.init('old')).toBe('1003 0');
  });
});

describe('a load', () => {
  it('goes on with what was decided, and watches what is open', () => {
    const play = new Play();
    for (const id of ['committed', 'aborted', 'open', 'done']) play.init(id);
    for (const [index, id] of ['committed', 'aborted', 'open', 'done'].entries())
      play.add(id, 1000 + index, 0, [index]);
    play.end('done', 1003, 0, true);
    play.markersWritten();
    play.end('committed', 1000, 0, true);
    play.end('aborted', 1001, 0, false, 2);
    play.reload();
    expect(play.endings.map(({ transactionalId, commit }) => `${transactionalId} ${commit}`)).toEqual([
      'committed true',
      'aborted false',
    ]);
    expect([...play.timers.keys()].sort()).toEqual(['check-open', 'expire-ids']);
    play.markersWritten();
    expect(play.show('committed')).toBe('CompleteCommit 1000 0 []');
    expect(play.show('aborted')).toBe('CompleteAbort 1001 1 []');
    expect(play.show('open')).toBe('Ongoing 1002 0 [t-2]');
    play.advance(10_000);
    expect(play.show('open')).toBe('PrepareAbort 1002 1 [t-2]');
  });

  it('for a directory that is only shown begins nothing', () => {
    const play = new Play();
    for (const id of ['open', 'committed']) play.init(id);
    play.add('open', 1000, 0, [0]);
    play.add('committed', 1001, 0, [0]);
    play.end('committed', 1001, 0, true);
    const shown = new Play({ isPassive: true });
    shown.applied.push(...play.applied);
    shown.reload();
    expect(shown.show('committed')).toContain('PrepareCommit');
    expect(shown.show('open')).toContain('Ongoing');
    expect([shown.endings, shown.timers.size]).toEqual([[], 0]);
  });

  it('of an empty partition watches nothing', () => {
    const play = new Play();
    play.reload();
    expect(play.timers.size).toBe(0);
  });
});
