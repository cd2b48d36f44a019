import { describe, expect, it } from 'vitest';
import type { TimerHandle, Timers } from '../../../src/common/ports/index.js';
import { TimerTable } from '../../../src/coordinator/runtime/timer_table.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';

function setUp() {
  const time = new VirtualTime({ startWallMs: 0 });
  let armed = 0;
  const counting: Timers = {
    after(delayMs: number, run: () => void): TimerHandle {
      armed += 1;
      return time.after(delayMs, run);
    },
    soon: (run) => time.soon(run),
  };
  const fired: Array<[number, string, string]> = [];
  const table = new TimerTable<string>(time, counting, (key, command) =>
    fired.push([time.monotonicMs(), key, command]),
  );
  return { time, table, fired, armed: () => armed };
}

describe('TimerTable', () => {
  it('runs a timer once, at its time', async () => {
    const { time, table, fired } = setUp();
    table.start('a', 100, 'x');
    await time.advance(99);
    expect(fired).toEqual([]);
    await time.advance(1000);
    expect(fired).toEqual([[100, 'a', 'x']]);
    expect(table.size).toBe(0);
  });

  it('arms nothing anew while deadlines move later', async () => {
    const { time, table, fired, armed } = setUp();
    table.start('a', 100, 'first');
    for (let i = 0; i < 50; i += 1) {
      await time.advance(1);
      table.start('a', 100, `beat ${i}`);
    }
    expect(armed()).toBe(1);
    await time.advance(1000);
    expect(fired).toEqual([[150, 'a', 'beat 49']]);
    expect(armed()).toBe(2);
  });

  it('moves a deadline earlier', async () => {
    const { time, table, fired } = setUp();
    table.start('a', 1000, 'late');
    table.start('a', 10, 'early');
    await time.advance(2000);
    expect(fired).toEqual([[10, 'a', 'early']]);
  });

  it('forgets cancelled timers', async () => {
    const { time, table, fired } = setUp();
    table.start('a', 10, 'x');
    table.start('b', 10, 'x');
    table.start('c', 20, 'x');
    table.cancel('a');
    table.cancel('nobody');
    expect(table.has('a')).toBe(false);
    await time.advance(10);
    expect(fired.map(([, key]) => key)).toEqual(['b']);
    table.cancelAll();
    expect(time.pendingTimers).toBe(0);
    await time.advance(100);
    expect(fired).toHaveLength(1);
  });
});
