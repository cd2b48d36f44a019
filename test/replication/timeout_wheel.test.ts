import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { type Timeout, TimeoutWheel } from '../../src/replication/timeout_wheel.js';
import { Prng } from '../support/prng.js';

const tickMs = 10;

class Entry {
  readonly ranAtMs: number[] = [];
  constructor(
    private readonly time: VirtualTime,
    private readonly then: () => void = () => undefined,
  ) {}

  onTimeout(): void {
    this.ranAtMs.push(this.time.monotonicMs());
    this.then();
  }
}

function make() {
  const time = new VirtualTime({ startWallMs: 1 });
  return { time, wheel: new TimeoutWheel(time, time, tickMs) };
}

describe('timeout wheel', () => {
  it('runs an entry at the first tick at or after its time, never before and never twice', async () => {
    const { time, wheel } = make();
    const delays = [0, 1, 9, 10, 11, 25, 500];
    const entries = delays.map((delayMs) => {
      const entry = new Entry(time);
      wheel.add(entry, delayMs);
      return entry;
    });
    await time.advance(10_000);
    expect(entries.map((entry) => entry.ranAtMs)).toEqual(
      delays.map((delayMs) => [Math.ceil(delayMs / tickMs) * tickMs]),
    );
    expect(wheel.size).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('holds one timer of the loop, and none when nothing waits', () => {
    const { time, wheel } = make();
    const entries = Array.from({ length: 50 }, () => new Entry(time));
    const timeouts = entries.map((entry, index) => wheel.add(entry, 1000 - index));
    expect(time.pendingTimers).toBe(1);
    for (const timeout of timeouts) wheel.cancel(timeout);
    expect(time.pendingTimers).toBe(0);
    expect(wheel.size).toBe(0);
  });

  it('does not run what another entry of the same tick cancels', async () => {
    const { time, wheel } = make();
    const second: Entry = new Entry(time);
    let timeout: Timeout | undefined;
    wheel.add(new Entry(time, () => timeout !== undefined && wheel.cancel(timeout)), 10);
    timeout = wheel.add(second, 10);
    const third = new Entry(time);
    wheel.add(third, 10);
    await time.advance(100);
    expect(second.ranAtMs).toEqual([]);
    expect(third.ranAtMs).toEqual([10]);
  });

  it('runs what an entry adds while it runs, in a later tick', async () => {
    const { time, wheel } = make();
    const added = new Entry(time);
    const soon = new Entry(time);
    wheel.add(
      new Entry(time, () => {
        wheel.add(added, 35);
        wheel.add(soon, 0);
      }),
      10,
    );
    await time.advance(100);
    expect(added.ranAtMs).toEqual([50]);
    expect(soon.ranAtMs).toEqual([10]);
  });

  it('keeps what is added to a tick that runs, whatever is cancelled behind it', async () => {
    const { time, wheel } = make();
    const [cancelled, added] = [new Entry(time), new Entry(time)];
    let timeout: Timeout | undefined;
    wheel.add(
      new Entry(time, () => {
        wheel.add(added, 0);
        if (timeout !== undefined) wheel.cancel(timeout);
      }),
      10,
    );
    timeout = wheel.add(cancelled, 10);
    await time.advance(100);
    expect(added.ranAtMs).toEqual([10]);
    expect(cancelled.ranAtMs).toEqual([]);
    wheel.cancel(timeout);
    expect(wheel.size).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('runs everything at once when it ends, but for what is cancelled meanwhile', async () => {
    const { time, wheel } = make();
    const cancelled = new Entry(time);
    const later = new Entry(time);
    let timeout: Timeout | undefined;
    const first = new Entry(time, () => timeout !== undefined && wheel.cancel(timeout));
    wheel.add(first, 1000);
    timeout = wheel.add(cancelled, 1000);
    wheel.add(later, 5000);
    wheel.expireAll();
    expect(first.ranAtMs).toEqual([0]);
    expect(later.ranAtMs).toEqual([0]);
    expect(cancelled.ranAtMs).toEqual([]);
    expect(time.pendingTimers).toBe(0);
    await time.advance(10_000);
    expect(later.ranAtMs).toEqual([0]);
  });

  it('also runs at the end what is added during it', () => {
    const { time, wheel } = make();
    const added = new Entry(time);
    wheel.add(new Entry(time, () => wheel.add(added, 60_000)), 1000);
    wheel.expireAll();
    expect(added.ranAtMs).toEqual([0]);
    expect(wheel.size).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });
});

/** The same as a list that is searched at every tick. */
class NaiveList {
  private waiting: Array<{ readonly id: number; readonly dueMs: number }> = [];
  readonly ran: Array<{ readonly id: number; readonly atMs: number }> = [];

  add(id: number, nowMs: number, delayMs: number): void {
    this.waiting.push({ id, dueMs: Math.ceil((nowMs + delayMs) / tickMs) * tickMs });
  }

  cancel(id: number): void {
    this.waiting = this.waiting.filter((entry) => entry.id !== id);
  }

  advance(toMs: number, onRun: (id: number, atMs: number) => void): void {
    for (;;) {
      const dueMs = Math.min(...this.waiting.map((entry) => entry.dueMs));
      if (!(dueMs <= toMs)) return;
      const next = this.waiting.find((entry) => entry.dueMs === dueMs);
      if (next === undefined) return;
      this.cancel(next.id);
      this.ran.push({ id: next.id, atMs: dueMs });
      onRun(next.id, dueMs);
    }
  }

  get size(): number {
    return this.waiting.length;
  }
}

describe('timeout wheel against a list', () => {
  it.each([1, 2, 3, 4, 5, 6])('seed %i', async (seed) => {
    const { time, wheel } = make();
    const prng = new Prng(seed);
    const list = new NaiveList();
    const ran: Array<{ id: number; atMs: number }> = [];
    const timeouts = new Map<number, Timeout>();
    // What entry `id` does when it runs: cancels one, or adds another one.
    const victims = new Map<number, number>();
    const children = new Map<number, { readonly id: number; readonly delayMs: number }>();
    let nextId = 0;
    const cancel = (id: number) => {
      const known = timeouts.get(id);
      if (known !== undefined) wheel.cancel(known);
    };
    const add = (id: number, delayMs: number) => {
      const entry = new Entry(time, () => {
        ran.push({ id, atMs: time.monotonicMs() });
        const victim = victims.get(id);
        if (victim !== undefined) cancel(victim);
        const child = children.get(id);
        if (child !== undefined) add(child.id, child.delayMs);
      });
      timeouts.set(id, wheel.add(entry, delayMs));
    };
    for (let step = 0; step < 300; step += 1) {
      const id = nextId++;
      if (prng.below(3) > 0) {
        const delayMs = prng.below(4) === 0 ? prng.below(5_000) : prng.below(60);
        if (prng.below(5) === 0) victims.set(id, prng.below(nextId + 3));
        if (prng.below(8) === 0) children.set(id, { id: nextId++, delayMs: prng.below(100) });
        list.add(id, time.monotonicMs(), delayMs);
        add(id, delayMs);
      } else if (prng.below(2) === 0) {
        const victim = prng.below(nextId);
        list.cancel(victim);
        cancel(victim);
      } else {
        const untilMs = time.monotonicMs() + prng.below(120);
        list.advance(untilMs, (due, atMs) => {
          const victim = victims.get(due);
          if (victim !== undefined) list.cancel(victim);
          const child = children.get(due);
          if (child !== undefined) list.add(child.id, atMs, child.delayMs);
        });
        await time.advance(untilMs - time.monotonicMs());
        const byTime = (a: { id: number; atMs: number }, b: { id: number; atMs: number }) =>
          a.atMs - b.atMs || a.id - b.id;
        expect([...ran].sort(byTime)).toEqual([...list.ran].sort(byTime));
        expect(wheel.size).toBe(list.size);
      }
    }
    expect(ran.length).toBeGreaterThan(50);
  });
});
