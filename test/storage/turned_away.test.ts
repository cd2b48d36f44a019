import { describe, expect, it } from 'vitest';
import { createNativeLogStore, emptyBatchInfo } from '../../src/storage/native_log.js';
import { TurnedAway } from '../../src/storage/turned_away.js';
import { makeBatch } from '../support/batches.js';

const store = createNativeLogStore();

function read(bytes: Buffer) {
  const batch = emptyBatchInfo();
  expect(store.inspectBatch(bytes, batch)).toBe('ok');
  return batch;
}
const sent = (baseSequence: number, producerEpoch = 2) => makeBatch({ producerId: 7000, producerEpoch, baseSequence });

describe('batches refused while their log was loaded', () => {
  it('come first, whatever arrives when it is there', () => {
    const away = new TurnedAway();
    away.addUnread(sent(4));
    away.addUnread(sent(5));
    expect([4, 5, 6].map((sequence) => away.isAhead(read(sent(sequence))))).toEqual([false, true, true]);
    away.taken(7000);
    expect(away.isAhead(read(sent(5)))).toBe(false);
  });

  it('say nothing of other producers, other epochs and what is no batch', () => {
    const away = new TurnedAway();
    away.addUnread(new Uint8Array(56));
    away.addUnread(makeBatch({}));
    away.addUnread(sent(4));
    expect(away.isAhead(read(makeBatch({ producerId: 7001, producerEpoch: 2, baseSequence: 9 })))).toBe(false);
    expect(away.isAhead(read(sent(9, 3)))).toBe(false);
  });
});
