import { describe, expect, it } from 'vitest';
import { ReplyQueue } from '../../../src/coordinator/runtime/reply_queue.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';

function setUp() {
  const time = new VirtualTime({ startWallMs: 0 });
  const queue = new ReplyQueue(time, time, 100);
  const delivered: string[] = [];
  const add = (name: string, until: number) =>
    queue.add(until, (committed) => delivered.push(committed ? name : `${name} timed out`));
  return { time, queue, delivered, add };
}

describe('ReplyQueue', () => {
  it('delivers in order, up to the high watermark', () => {
    const { queue, delivered, add } = setUp();
    for (let i = 1; i <= 5; i += 1) add(`r${i}`, i);
    queue.advance(0);
    expect(delivered).toEqual([]);
    queue.advance(3);
    expect(delivered).toEqual(['r1', 'r2', 'r3']);
    queue.advance(9);
    expect(delivered).toEqual(['r1', 'r2', 'r3', 'r4', 'r5']);
    expect(queue.size).toBe(0);
    queue.clear();
  });

  it('gives up on each after the timeout, not before', async () => {
    const { time, queue, delivered, add } = setUp();
    add('a', 1);
    await time.advance(60);
    add('b', 2);
    await time.advance(40);
    expect(delivered).toEqual(['a timed out']);
    add('c', 3);
    queue.advance(2);
    expect(delivered).toEqual(['a timed out', 'b']);
    await time.advance(99);
    expect(delivered).toHaveLength(2);
    await time.advance(1);
    expect(delivered).toEqual(['a timed out', 'b', 'c timed out']);
    await time.advance(1000);
    expect(time.pendingTimers).toBe(0);
  });

  it('keeps nothing of a long history', () => {
    const { queue, delivered, add } = setUp();
    for (let i = 0; i < 5000; i += 1) add(`r${i}`, i);
    queue.advance(4000);
    for (let i = 5000; i < 5010; i += 1) add(`r${i}`, i);
    queue.advance(5010);
    expect(delivered).toHaveLength(5010);
    expect(delivered.at(-1)).toBe('r5009');
    queue.clear();
  });
});
