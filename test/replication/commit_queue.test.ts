import { describe, expect, it } from 'vitest';
import { CommitQueue, type CommitWaiter } from '../../src/replication/commit_queue.js';

function queueOf(...lastOffsets: number[]) {
  const queue = new CommitQueue();
  const told: number[] = [];
  const waiters = lastOffsets.map((lastOffset): CommitWaiter & { gaveUp: boolean } => ({
    lastOffset,
    gaveUp: false,
    onCommitOrOffline: () => told.push(lastOffset),
  }));
  for (const waiter of waiters) queue.add(waiter);
  return { queue, told, waiters };
}

describe('producers that wait for the high watermark', () => {
  it('are told once it is above their last record, in the order of the log', () => {
    const { queue, told } = queueOf(0, 4, 5, 9);
    queue.release(0);
    expect(told).toEqual([]);
    queue.release(5);
    expect(told).toEqual([0, 4]);
    queue.release(5);
    queue.release(10);
    expect(told).toEqual([0, 4, 5, 9]);
    expect(queue.size).toBe(0);
  });

  it('are told in that order also when they came late', () => {
    const { queue, told } = queueOf(3, 7, 1, 5, 5);
    queue.release(6);
    expect(told).toEqual([1, 3, 5, 5]);
    expect(queue.size).toBe(1);
  });

  it('are left alone when they gave up', () => {
    const { queue, told, waiters } = queueOf(0, 1, 2);
    (waiters[1] as { gaveUp: boolean }).gaveUp = true;
    queue.releaseAll();
    expect(told).toEqual([0, 2]);
  });

  it('may let others wait, and be released, from inside their call', () => {
    const { queue, told } = queueOf(0);
    const outer: CommitWaiter = {
      lastOffset: 1,
      gaveUp: false,
      onCommitOrOffline() {
        told.push(1);
        queue.add({ lastOffset: 2, gaveUp: false, onCommitOrOffline: () => told.push(2) });
        queue.release(3);
      },
    };
    queue.add(outer);
    queue.add({ lastOffset: 5, gaveUp: false, onCommitOrOffline: () => told.push(5) });
    queue.release(2);
    expect(told).toEqual([0, 1, 2]);
    queue.release(6);
    expect(told).toEqual([0, 1, 2, 5]);
  });

  it('stay in order over many thousands', () => {
    const { queue, told } = queueOf(...Array.from({ length: 5000 }, (_, offset) => offset));
    for (let highWatermark = 0; highWatermark <= 5000; highWatermark += 7) queue.release(highWatermark);
    queue.release(5000);
    expect(told).toEqual(Array.from({ length: 5000 }, (_, offset) => offset));
  });
});
