import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeFileSystem, VirtualTime } from '../../src/env/index.js';

const DAY_MS = 86_400_000;

describe('VirtualTime', () => {
  it('stands still until it is advanced, and then counts both clocks', async () => {
    const time = new VirtualTime({ startWallMs: 1_000 });
    const ran: number[] = [];
    time.after(100, () => ran.push(time.wallMs()));
    await new Promise((resolve) => setImmediate(resolve));
    expect([time.wallMs(), time.monotonicMs(), ran.length, time.pendingTimers]).toEqual([1_000, 0, 0, 1]);
    await time.advance(99.5);
    expect(ran).toEqual([]);
    await time.advance('1s');
    expect([ran, time.wallMs(), time.pendingTimers]).toEqual([[1_100], 2_099, 0]);
  });

  it('starts at the machine’s time when nothing is said', () => {
    const before = Date.now();
    const started = new VirtualTime().wallMs();
    expect(started).toBeGreaterThanOrEqual(before);
    expect(started).toBeLessThanOrEqual(Date.now());
  });

  it('runs timers in the order of their times, each at its own instant, equal ones as they were set', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }), async (delays) => {
        const time = new VirtualTime({ startWallMs: 0 });
        const ran: [number, number][] = [];
        delays.forEach((delay, at) => {
          time.after(delay, () => {
            expect(time.monotonicMs()).toBe(delay);
            ran.push([delay, at]);
          });
        });
        await time.advance(20);
        const expected = delays
          .map((delay, at): [number, number] => [delay, at])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(ran).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('never runs a cancelled timer and keeps nothing of it', async () => {
    const time = new VirtualTime();
    const handles = Array.from({ length: 1_000 }, (_, at) =>
      time.after((at * 7_919) % 1_000, () => {
        throw new Error('cancelled timers must not run');
      }),
    );
    for (const handle of handles.reverse()) handle.cancel();
    for (const handle of handles) handle.cancel();
    expect(time.pendingTimers).toBe(0);
    let other: { cancel(): void } | undefined;
    time.after(1, () => other?.cancel());
    other = time.after(1, () => {
      throw new Error('cancelled by the one before');
    });
    await time.advance(10);
  });

  it('runs soon and after(0) without being advanced, in later turns', async () => {
    const time = new VirtualTime();
    const ran: string[] = [];
    time.after(0, () => ran.push('after 0'));
    time.soon(() => ran.push('soon'));
    time.after(1, () => ran.push('after 1'));
    expect(ran).toEqual([]);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(ran.sort()).toEqual(['after 0', 'soon']);
  });

  it('takes timers set while it advances, and chains of promises between them', async () => {
    const time = new VirtualTime({ startWallMs: 0 });
    const seen: number[] = [];
    const again = (): void => {
      Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => {
          seen.push(time.monotonicMs());
          if (seen.length < 5) time.after(10, again);
        })
        .catch(() => undefined);
    };
    time.after(10, again);
    await time.advance('1m');
    expect(seen).toEqual([10, 20, 30, 40, 50]);
  });

  it('lets files be read and written between timers', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-virtual-'));
    const files = new NodeFileSystem();
    const time = new VirtualTime({ startWallMs: 0 });
    time.holdWhile(() => files.pending > 0);
    const log: string[] = [];
    const tick = async (): Promise<void> => {
      const atMs = time.monotonicMs();
      await files.writeFileAtomic(join(directory, 'x'), Buffer.from(String(atMs)), { sync: true });
      const read = await files.readFile(join(directory, 'x'));
      // The clock has not moved on while the disk was busy.
      log.push(`${Buffer.from(read ?? []).toString()} at ${time.monotonicMs()}`);
      if (log.length < 5) time.after(1_000, () => void tick());
    };
    time.after(1_000, () => void tick());
    await time.advance('1h');
    expect(log).toEqual([1, 2, 3, 4, 5].map((second) => `${second * 1_000} at ${second * 1_000}`));
    await writeFile(join(directory, 'y'), '');
    await rm(directory, { recursive: true });
  });

  it('passes seven days of second-long timers one by one', async () => {
    const time = new VirtualTime();
    let seconds = 0;
    const tick = (): void => {
      seconds += 1;
      time.after(1_000, tick);
    };
    time.after(1_000, tick);
    await time.advance('7d');
    expect(seconds).toBe((7 * DAY_MS) / 1_000);
    expect(time.pendingTimers).toBe(1);
  });

  it('queues advances and reports a timer that throws', async () => {
    const time = new VirtualTime({ startWallMs: 0 });
    const order: number[] = [];
    const first = time.advance(10).then(() => order.push(time.monotonicMs()));
    const second = time.advance(5).then(() => order.push(time.monotonicMs()));
    await Promise.all([first, second]);
    expect(order).toEqual([10, 15]);
    time.after(1, () => {
      throw new Error('broken timer');
    });
    await expect(time.advance(1)).rejects.toThrow('broken timer');
    await time.advance(1);
    await expect(async () => time.advance('soon')).rejects.toThrow(RangeError);
  });
});
