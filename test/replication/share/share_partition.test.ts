import { describe, expect, it } from 'vitest';
import { Bench, unavailable } from './support.js';

async function bench(...sizes: number[]): Promise<Bench> {
  const made = new Bench().append(...sizes);
  await made.partition.load();
  return made;
}

const notOwner = 'Member is not the owner of batch record';

describe('a share partition', () => {
  it('gives whole batches of the log, each record to one member', async () => {
    const b = await bench(5, 5, 3);
    expect(b.fetched('m1', { maxRecords: 1 })).toBe('0-4x1');
    expect(b.fetched('m2', { maxRecords: 6 })).toBe('5-12x1');
    expect(b.fetched('m1')).toBe('');
    b.append(2);
    expect(b.fetched('m1')).toBe('13-14x1');
    expect(b.partition.inFlightCount).toBe(15);
  });

  it('tracks batches of the size the member asks for, cut where the log is cut', async () => {
    const b = await bench(4, 4, 4, 4);
    expect(b.fetched('m1', { batchSize: 6 })).toBe('0-7x1 8-15x1');
    expect(b.persister.writes).toEqual([]);
  });

  it('gives no more records than asked for in record limit mode', async () => {
    const b = await bench(4, 4, 4);
    expect(b.fetched('m1', { maxRecords: 3, recordLimit: true })).toBe('0-2x1');
    expect(b.fetched('m2', { maxRecords: 3, recordLimit: true })).toBe('3-3x1 4-5x1');
    expect(b.fetched('m1', { maxRecords: 100, recordLimit: true })).toBe('6-7x1 8-11x1');
  });

  it('moves its start behind what is acknowledged, and forgets it', async () => {
    const b = await bench(5, 5);
    b.fetch('m1', { maxRecords: 5 });
    b.fetch('m1', { maxRecords: 5 });
    expect(await b.acknowledge('m1', '5-9 1')).toBeUndefined();
    expect([b.partition.startOffset, b.partition.deliveryCompleteCount]).toEqual([0, 5]);
    expect(await b.acknowledge('m1', '0-1 1')).toBeUndefined();
    expect([b.partition.startOffset, b.partition.deliveryCompleteCount]).toEqual([2, 5]);
    expect(await b.acknowledge('m1', '2-4 1,3,0')).toBeUndefined();
    expect([b.partition.startOffset, b.partition.endOffset, b.partition.inFlightCount]).toEqual([10, 10, 0]);
    expect(
      b.persister.writes.map(({ startOffset, deliveryCompleteCount }) => [startOffset, deliveryCompleteCount]),
    ).toEqual([
      [0, 5],
      [0, 7],
      [2, 8],
    ]);
  });

  it('gives released records again, one delivery more', async () => {
    const b = await bench(5);
    b.fetch('m1');
    expect(await b.acknowledge('m1', '1-2 2')).toBeUndefined();
    expect(b.fetched('m2')).toBe('1-2x2');
    expect(await b.acknowledge('m1', '1-2 1')).toBe('Member is not the owner of offset');
    expect(await b.acknowledge('m1', '0-0 1')).toBeUndefined();
  });

  it('refuses what is not the member’s, and then changes nothing', async () => {
    const b = await bench(5, 5);
    b.fetch('m1', { maxRecords: 5 });
    b.fetch('m2', { maxRecords: 5 });
    expect(await b.acknowledge('m2', '0-4 1')).toBe(notOwner);
    expect(await b.acknowledge('m2', '5-9 1', '0-4 1')).toBe(notOwner);
    expect(await b.acknowledge('m1', '20-22 1')).toContain('first offset in request is past');
    expect(await b.acknowledge('m1', '3-22 1')).toContain('last offset in request is past');
    expect(await b.acknowledge('m2', '5-9 1')).toBeUndefined();
    expect(await b.acknowledge('m2', '5-9 1')).toContain('not in the acquired state');
    expect(await b.acknowledge('m1', '0-4 1')).toBeUndefined();
    expect(await b.acknowledge('m1', '0-4 1')).toBeUndefined();
    expect(b.persister.writes).toHaveLength(2);
  });

  it('takes records back when their lock runs out, and gives them up after the last delivery', async () => {
    const b = await bench(3);
    b.rules = { ...b.rules, deliveryCountLimit: 2 };
    expect(b.fetched('m1')).toBe('0-2x1');
    await b.time.advance(29_999);
    expect(b.fetched('m2')).toBe('');
    await b.time.advance(1);
    expect(b.fetched('m2')).toBe('0-2x2');
    expect(await b.acknowledge('m1', '0-2 1')).toBe(notOwner);
    await b.time.advance(30_000);
    expect(b.fetched('m2')).toBe('');
    expect([b.partition.startOffset, b.partition.inFlightCount]).toEqual([3, 0]);
    expect(b.persister.writes.flatMap(({ stateBatches }) => stateBatches)).toMatchObject([
      { firstOffset: 0, lastOffset: 2, deliveryState: 0, deliveryCount: 1 },
      { firstOffset: 0, lastOffset: 2, deliveryState: 4, deliveryCount: 2 },
    ]);
  });

  it('renews locks, of a part of a batch too', async () => {
    const b = await bench(4);
    b.fetch('m1');
    await b.time.advance(20_000);
    expect(await b.acknowledge('m1', '0-1 4')).toBeUndefined();
    expect(b.persister.writes).toEqual([]);
    await b.time.advance(10_000);
    expect(b.fetched('m2')).toBe('2-3x2');
    await b.time.advance(20_000);
    expect(b.fetched('m3')).toBe('0-1x2');
    b.rules = { ...b.rules, renewAcknowledgeEnable: false };
    expect(await b.acknowledge('m3', '0-1 4')).toBe('Renewing acquisition locks is not enabled for the group.');
  });

  it('gives a member’s records back when it goes', async () => {
    const b = await bench(3, 3, 3);
    b.fetch('m1', { maxRecords: 3 });
    b.fetch('m2', { maxRecords: 3 });
    b.fetch('m1', { maxRecords: 3 });
    await b.acknowledge('m1', '0-0 1');
    expect(await b.partition.release('m1')).toBeUndefined();
    expect(b.fetched('m3')).toBe('1-2x2 6-8x2');
    expect(await b.partition.release('nobody')).toBeUndefined();
  });

  it('has no more records in flight than its limit, but gives those again', async () => {
    const b = await bench(5, 5, 5);
    b.rules = { ...b.rules, partitionMaxRecordLocks: 8 };
    expect(b.fetched('m1')).toBe('0-9x1');
    expect(b.partition.canAcquire()).toBe(false);
    await b.acknowledge('m1', '5-9 2');
    expect(b.fetched('m2')).toBe('5-9x2');
    await b.acknowledge('m1', '0-4 1');
    expect(b.fetched('m1')).toBe('10-14x1');
  });

  it('isolates records that fail again and again', async () => {
    const b = await bench(8);
    const round = async (): Promise<string> => {
      const got = b.fetched('m');
      for (const part of got.split(' ')) if (part !== '') await b.acknowledge('m', `${part.replace(/x.*/, '')} 2`);
      return got;
    };
    expect([await round(), await round(), await round()]).toEqual(['0-7x1', '0-7x2', '0-7x3']);
    // From the third delivery on half as many each time, and alone on the last.
    expect([await round(), await round()]).toEqual(['0-3x4', '0-0x5']);
    expect([await round(), await round()]).toEqual(['1-1x5', '2-2x5']);
    expect([await round(), await round()]).toEqual(['3-3x5', '4-7x4']);
  });

  it('lets records go that the log has deleted, once members are done with them', async () => {
    const b = await bench(5, 5, 5);
    b.fetch('m1', { maxRecords: 5 });
    b.fetch('m2', { maxRecords: 5 });
    await b.acknowledge('m2', '5-9 2');
    b.partition.logStartMoved(7);
    expect([b.partition.startOffset, b.partition.inFlightCount]).toEqual([7, 3]);
    expect(b.fetched('m3', { maxRecords: 3 })).toBe('7-9x2');
    expect(await b.acknowledge('m1', '0-4 2')).toBeUndefined();
    b.partition.logStartMoved(40);
    expect([b.partition.startOffset, b.partition.endOffset]).toEqual([40, 40]);
    expect(await b.acknowledge('m3', '7-9 1')).toBeUndefined();
  });

  it('skips offsets that compaction took', async () => {
    const b = await bench(3, 3, 3);
    b.fetch('m1', { maxRecords: 9, batchSize: 1 });
    await b.partition.release('m1');
    b.log.splice(0, 2);
    expect(b.fetched('m1')).toBe('6-8x2');
    expect(await b.acknowledge('m1', '6-8 1')).toBeUndefined();
    expect([b.partition.startOffset, b.partition.inFlightCount]).toEqual([9, 0]);
  });

  it('goes back to before when what was said could not be persisted', async () => {
    const b = await bench(4);
    b.fetch('m1');
    b.persister.failWith = unavailable;
    expect(await b.acknowledge('m1', '0-3 1')).toBe('test');
    expect([b.partition.startOffset, b.partition.deliveryCompleteCount]).toEqual([0, 0]);
    expect(await b.acknowledge('m1', '0-1 2')).toBe('test');
    expect(b.fetched('m2')).toBe('');
    b.persister.failWith = undefined;
    expect(await b.acknowledge('m1', '0-3 1')).toBeUndefined();
    expect(b.partition.startOffset).toBe(4);
  });

  it('says nothing more of records while a change is being persisted', async () => {
    const b = await bench(4);
    b.fetch('m1');
    b.persister.held = true;
    const first = b.acknowledge('m1', '0-3 2');
    expect(await b.acknowledge('m1', '0-3 1')).toContain('not in the acquired state');
    expect(b.fetched('m2')).toBe('');
    // The lock runs out meanwhile, and the write fails: available, as if it had been later.
    await b.time.advance(31_000);
    expect(b.fetched('m2')).toBe('');
    b.persister.failWith = unavailable;
    b.persister.release();
    expect(await first).toBe('test');
    expect(b.fetched('m2')).toBe('0-3x2');
  });

  it('goes on where it was after a restart', async () => {
    const b = await bench(5, 5);
    b.fetch('m1');
    await b.acknowledge('m1', '0-1 1', '4-6 1', '8-8 2');
    await b.restart();
    expect(b.partition.startOffset).toBe(2);
    // 0-1 are done; what was held is free again without a delivery counted, what was released keeps its count.
    expect(b.fetched('m2')).toBe('2-3x1 7-7x1 8-8x2 9-9x1');
    expect(await b.acknowledge('m2', '2-3 1')).toBeUndefined();
    expect(await b.acknowledge('m2', '7-9 1')).toBeUndefined();
    expect([b.partition.startOffset, b.partition.inFlightCount]).toEqual([10, 0]);
  });

  it('refuses a state that makes no sense', async () => {
    const b = new Bench();
    b.persister.startOffset = 5;
    b.persister.states.set(2, { state: 2, count: 1 });
    b.persister.read = () =>
      Promise.resolve({
        stateEpoch: 0,
        startOffset: 5,
        stateBatches: [{ firstOffset: 2, lastOffset: 3, deliveryState: 2, deliveryCount: 1 }],
      });
    expect(await b.partition.load()).toMatchObject({ errorCode: -1 });
    expect(b.partition.canAcquire()).toBe(false);
  });
});
