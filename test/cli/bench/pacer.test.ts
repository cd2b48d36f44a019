import { describe, expect, test } from 'vitest';
import { type Lane, type Pace, Pacer, type PacerFigures } from '../../../src/cli/bench/load/pacer.js';
import { preciseTimers } from '../../../src/cli/bench/load/precise_timers.js';
import type { Clock, TimerHandle, Timers } from '../../../src/common/ports/index.js';
import { VirtualTime } from '../../../src/env/index.js';

const time = () => new VirtualTime({ startWallMs: 0 });
const pace: Pace = {
  depth: 1000,
  requestsPerSecond: 100,
  warmupMs: 0,
  measureMs: 5000,
  maxRequests: null,
  maxBytes: Number.MAX_SAFE_INTEGER,
  drainMs: 10_000,
};

/** Answers after `serviceMs`, but answers nothing from `stallMs` on for a second; then everything at once. */
class StallingServer {
  readonly sentAtMs: number[] = [];
  inFlight = 0;
  maxInFlight = 0;
  done: (id: number) => void = () => undefined;

  constructor(
    private readonly clock: VirtualTime,
    private readonly serviceMs: number,
    private readonly stallMs = Number.POSITIVE_INFINITY,
  ) {}

  readonly lane: Lane = {
    send: (id) => {
      const nowMs = this.clock.monotonicMs();
      this.sentAtMs.push(nowMs);
      this.inFlight += 1;
      this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
      const answerMs = nowMs + this.serviceMs;
      const stalled = answerMs >= this.stallMs && answerMs < this.stallMs + 1000;
      this.clock.after((stalled ? this.stallMs + 1000 : answerMs) - nowMs, () => {
        this.inFlight -= 1;
        this.done(id);
      });
    },
  };
}

async function paced(clock: VirtualTime, servers: readonly StallingServer[], changes: Partial<Pace> = {}) {
  const latenciesMs: number[] = [];
  const events: string[] = [];
  const pacer = new Pacer(
    clock,
    clock,
    { ...pace, ...changes },
    { record: (us) => latenciesMs.push(us / 1000) },
    servers.map(({ lane }) => lane),
    { measuring: () => events.push('measuring'), measured: () => events.push('measured') },
  );
  for (const server of servers) server.done = (id) => pacer.done(id, 1000, 10);
  let figures: PacerFigures | undefined;
  const running = pacer.run().then((found) => {
    figures = found;
  });
  await clock.advance('60s');
  await running;
  if (figures === undefined) throw new Error('the run did not end');
  return { latenciesMs, events, figures };
}

describe('an open loop', () => {
  test('a stall of one second at 100/s is seen by every request that was due in it', async () => {
    const clock = time();
    const { latenciesMs, figures } = await paced(clock, [new StallingServer(clock, 1, 2000)]);
    expect(latenciesMs).toHaveLength(500);
    expect(figures).toMatchObject({ requests: 500, records: 5000, bytes: 500_000, seconds: 5, unanswered: 0 });
    const late = latenciesMs.filter((ms) => ms > 2);
    expect(late.length).toBeGreaterThanOrEqual(99);
    expect(late.length).toBeLessThanOrEqual(101);
    // 10 ms apart: 1000, 990, ... 10.
    expect(Math.max(...late)).toBeGreaterThan(980);
    expect(late.filter((ms) => ms > 500).length).toBeGreaterThanOrEqual(49);
    expect(late.filter((ms) => ms > 500).length).toBeLessThanOrEqual(51);
  });

  test('a full lane does not hide it: latency counts from when a request was due, not from when it was sent', async () => {
    const clock = time();
    const server = new StallingServer(clock, 1, 2000);
    const { latenciesMs, figures } = await paced(clock, [server], { depth: 1 });
    expect(server.maxInFlight).toBe(1);
    expect(figures.requests).toBe(500);
    expect(latenciesMs.filter((ms) => ms > 2).length).toBeGreaterThanOrEqual(99);
    expect(Math.max(...latenciesMs)).toBeGreaterThan(980);
  });

  test('a stall at the end counts too, though nothing of it is throughput', async () => {
    const clock = time();
    const { latenciesMs, figures } = await paced(clock, [new StallingServer(clock, 1, 4500)]);
    expect(latenciesMs).toHaveLength(500);
    expect(figures.requests).toBeLessThanOrEqual(450);
    expect(latenciesMs.filter((ms) => ms > 400).length).toBeGreaterThanOrEqual(49);
  });

  test('what is never answered counts with its age', async () => {
    const clock = time();
    const { latenciesMs, figures } = await paced(clock, [new StallingServer(clock, 100_000)], { measureMs: 1000 });
    expect(figures).toMatchObject({ requests: 0, unanswered: 100 });
    expect(Math.min(...latenciesMs)).toBeGreaterThan(10_000);
    expect(Math.max(...latenciesMs)).toBe(11_000);
  });

  test('the schedule goes on over lanes in turn', async () => {
    const clock = time();
    const servers = [new StallingServer(clock, 1), new StallingServer(clock, 1)];
    const { events } = await paced(clock, servers, { warmupMs: 1000, measureMs: 1000 });
    expect(servers.map(({ sentAtMs }) => sentAtMs.slice(0, 3))).toEqual([
      [0, 20, 40],
      [10, 30, 50],
    ]);
    expect(events).toEqual(['measuring', 'measured']);
  });

  test('nothing of the warm-up is measured', async () => {
    const clock = time();
    const { latenciesMs, figures } = await paced(clock, [new StallingServer(clock, 1, 100)], {
      warmupMs: 2000,
      measureMs: 1000,
    });
    expect(latenciesMs).toHaveLength(100);
    expect(Math.max(...latenciesMs)).toBeLessThan(2);
    expect(figures).toMatchObject({ requests: 100, seconds: 1 });
  });
});

describe('a closed loop', () => {
  test('keeps so many in flight on each lane, and sees a stall once for each of them', async () => {
    const clock = time();
    const servers = [new StallingServer(clock, 10, 2000), new StallingServer(clock, 10, 2000)];
    const { latenciesMs } = await paced(clock, servers, { requestsPerSecond: null, depth: 4 });
    expect(servers.map(({ maxInFlight }) => maxInFlight)).toEqual([4, 4]);
    expect(latenciesMs.filter((ms) => ms > 20)).toHaveLength(8);
  });

  test('ends after a count, with the time it took', async () => {
    const clock = time();
    const { figures, latenciesMs } = await paced(clock, [new StallingServer(clock, 10)], {
      requestsPerSecond: null,
      depth: 2,
      maxRequests: 50,
    });
    expect(figures).toEqual({ requests: 50, records: 500, bytes: 50_000, seconds: 0.25, unanswered: 0 });
    expect(latenciesMs).toHaveLength(50);
  });

  test('ends after an amount', async () => {
    const clock = time();
    const changes = { requestsPerSecond: null, depth: 1, maxBytes: 10_000 };
    const { figures } = await paced(clock, [new StallingServer(clock, 10)], changes);
    expect(figures).toMatchObject({ requests: 10, seconds: 0.1 });
  });
});

test('a failure ends the run, and nothing is left behind', async () => {
  const clock = time();
  const events = { measuring: () => undefined, measured: () => undefined };
  const pacer = new Pacer(clock, clock, pace, { record: () => undefined }, [{ send: () => undefined }], events);
  const running = pacer.run();
  pacer.fail(new Error('gone'));
  await expect(running).rejects.toThrow('gone');
  expect(clock.pendingTimers).toBe(0);
});

/** Turns of an event loop that take a tenth of a millisecond each, and timers that are due to the millisecond, as late as they like. */
class Turns implements Clock, Timers {
  private nowMs = 0;
  private next: Array<() => void> = [];
  private readonly due: Array<{ readonly atMs: number; run: (() => void) | undefined }> = [];

  wallMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
  soon(run: () => void): void {
    this.next.push(run);
  }
  after(delayMs: number, run: () => void): TimerHandle {
    const timer: { atMs: number; run: (() => void) | undefined } = { atMs: Math.ceil(this.nowMs + delayMs), run };
    this.due.push(timer);
    return {
      cancel: () => {
        timer.run = undefined;
      },
    };
  }
  runUntil(endMs: number): void {
    while (this.nowMs < endMs) {
      for (const run of this.next.splice(0)) run();
      for (const timer of this.due.filter(({ atMs }) => atMs <= this.nowMs)) {
        timer.run?.();
        timer.run = undefined;
      }
      this.nowMs = Math.round(this.nowMs * 10 + 1) / 10;
    }
  }
}

test('precise timers run in order, in the turn that they are due, and not when cancelled', () => {
  const turns = new Turns();
  const timers = preciseTimers(turns, turns);
  const ran: Array<readonly [string, number]> = [];
  const say = (name: string) => () => ran.push([name, turns.monotonicMs()]);
  timers.after(6.2, say('last'));
  timers.after(0.3, say('first'));
  timers.after(0.4, say('cancelled')).cancel();
  const late = timers.after(5, say('cancelled'));
  timers.after(4.5, () => late.cancel());
  timers.soon(say('soon'));
  turns.runUntil(10);
  expect(ran).toEqual([
    ['soon', 0],
    ['first', 0.3],
    ['last', 6.2],
  ]);
});
