import type { Clock, TimerHandle, Timers } from '../../../common/ports/index.js';
import type { LatencyHistogram } from '../histogram.js';

/** One connection (or pair of them) that requests are sent on. */
export interface Lane {
  /** Sends one request; its end is told to the pacer's `done` with the same number. */
  send(id: number): void;
}

export interface Pace {
  /** In flight for each lane. */
  readonly depth: number;
  /** All lanes together; null: closed loop, a request follows an answer. */
  readonly requestsPerSecond: number | null;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Measured requests after which the run ends early. */
  readonly maxRequests: number | null;
  /** Measured bytes after which the run ends early. */
  readonly maxBytes: number;
  readonly drainMs: number;
}

export interface PacerFigures {
  readonly requests: number;
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly unanswered: number;
}

interface LaneState {
  readonly index: number;
  readonly lane: Lane;
  inFlight: number;
  /** Numbers of requests that are due but have no room; open loop only. */
  readonly waiting: number[];
}

/**
 * Decides when requests go out and measures how long they take.
 *
 * Closed loop: each lane has `depth` requests in flight; a latency counts from the send. Open loop: request k is due at
 * start + k / rate on lane k mod lanes, whatever the server does, and its latency counts from then, sent late or not: a server that
 * stalls is seen by every request that would have come meanwhile (no coordinated omission).
 *
 * Throughput is what is answered within the measured time; latencies are those of requests due within it, awaited for
 * `drainMs` more. What is unanswered then counts with its age.
 */
export class Pacer {
  readonly #lanes: readonly LaneState[];
  /** When each request in flight or waiting was due, by its number. */
  readonly #dueMs = new Map<number, number>();
  #nextId = 0;
  #startMs = 0;
  #fromMs = 0;
  #toMs = 0;
  #sent = 0;
  #closed = false;
  #requests = 0;
  #records = 0;
  #bytes = 0;
  #timers: TimerHandle[] = [];
  #tick: TimerHandle | undefined;
  #settle: { readonly resolve: (figures: PacerFigures) => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly pace: Pace,
    /** µs */
    private readonly latencies: Pick<LatencyHistogram, 'record'>,
    lanes: readonly Lane[],
    private readonly events: { readonly measuring: () => void; readonly measured: () => void },
  ) {
    this.#lanes = lanes.map((lane, index) => ({ index, lane, inFlight: 0, waiting: [] }));
  }

  /** Runs once. Rejects with what {@link fail} is given. */
  run(): Promise<PacerFigures> {
    const { warmupMs, measureMs, requestsPerSecond, depth } = this.pace;
    this.#startMs = this.clock.monotonicMs();
    this.#fromMs = this.#startMs + warmupMs;
    this.#toMs = this.#fromMs + measureMs;
    const finished = new Promise<PacerFigures>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    if (warmupMs === 0) this.events.measuring();
    else this.#timers.push(this.timers.after(warmupMs, () => this.events.measuring()));
    this.#timers.push(this.timers.after(warmupMs + measureMs, () => this.#end(this.#toMs)));
    if (requestsPerSecond === null)
      for (const lane of this.#lanes) for (let count = 0; count < depth; count += 1) this.#follow(lane);
    else this.#runDue();
    return finished;
  }

  /** A request's end. */
  done(id: number, bytes: number, records: number): void {
    const dueMs = this.#dueMs.get(id);
    const lane = this.#lanes[id % this.#lanes.length];
    if (dueMs === undefined || lane === undefined) return;
    const nowMs = this.clock.monotonicMs();
    this.#dueMs.delete(id);
    lane.inFlight -= 1;
    if (this.#isMeasured(dueMs)) this.latencies.record((nowMs - dueMs) * 1000);
    if (nowMs >= this.#fromMs && !this.#closed && nowMs <= this.#toMs) {
      this.#requests += 1;
      this.#records += records;
      this.#bytes += bytes;
    }
    const next = lane.waiting.shift();
    if (next !== undefined) this.#send(lane, next);
    else if (this.pace.requestsPerSecond === null) this.#follow(lane);
    const { maxRequests, maxBytes } = this.pace;
    const allAnswered = maxRequests !== null && this.#sent >= maxRequests && this.#dueMs.size === 0;
    if (!this.#closed && (allAnswered || this.#bytes >= maxBytes)) this.#end(nowMs);
    else if (this.#closed && this.#dueMs.size === 0) this.#finish();
  }

  /** Ends the run with an error. */
  fail(error: unknown): void {
    this.#stopTimers();
    this.#closed = true;
    this.#settle?.reject(error);
    this.#settle = undefined;
  }

  #isMeasured(dueMs: number): boolean {
    return dueMs >= this.#fromMs && dueMs < this.#toMs;
  }

  /** Closed loop: the next request of a lane, now. The number of lanes divides out which lane a request is of. */
  #follow(state: LaneState): void {
    const nowMs = this.clock.monotonicMs();
    if (!this.#mayStart(nowMs)) return;
    const id = this.#nextId * this.#lanes.length + state.index;
    this.#nextId += 1;
    this.#begin(id, nowMs);
    this.#send(state, id);
  }

  #mayStart(dueMs: number): boolean {
    const { maxRequests } = this.pace;
    return !this.#closed && dueMs < this.#toMs && (maxRequests === null || this.#sent < maxRequests);
  }

  #begin(id: number, dueMs: number): void {
    this.#dueMs.set(id, dueMs);
    if (this.#isMeasured(dueMs)) this.#sent += 1;
  }

  #send(state: LaneState, id: number): void {
    state.inFlight += 1;
    state.lane.send(id);
  }

  /** Open loop: everything that is due now, and a timer for what is due next. */
  #runDue(): void {
    const rate = this.pace.requestsPerSecond ?? 0;
    const nowMs = this.clock.monotonicMs();
    for (;;) {
      const id = this.#nextId;
      const dueMs = this.#startMs + (id * 1000) / rate;
      if (!this.#mayStart(dueMs)) return;
      if (dueMs > nowMs) {
        this.#tick = this.timers.after(dueMs - nowMs, () => this.#runDue());
        return;
      }
      this.#nextId += 1;
      this.#begin(id, dueMs);
      const state = this.#lanes[id % this.#lanes.length];
      if (state === undefined) return;
      if (state.inFlight < this.pace.depth) this.#send(state, id);
      else state.waiting.push(id);
    }
  }

  /** The measured time is over: nothing new is due, answers are awaited for a while. */
  #end(atMs: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#toMs = Math.min(this.#toMs, atMs);
    this.#stopTimers();
    this.events.measured();
    if (this.#dueMs.size === 0) this.#finish();
    else this.#timers.push(this.timers.after(this.pace.drainMs, () => this.#finish()));
  }

  #finish(): void {
    this.#stopTimers();
    const nowMs = this.clock.monotonicMs();
    let unanswered = 0;
    for (const dueMs of this.#dueMs.values()) {
      if (!this.#isMeasured(dueMs)) continue;
      unanswered += 1;
      this.latencies.record((nowMs - dueMs) * 1000);
    }
    this.#dueMs.clear();
    for (const lane of this.#lanes) lane.waiting.length = 0;
    this.#settle?.resolve({
      requests: this.#requests,
      records: this.#records,
      bytes: this.#bytes,
      seconds: Math.max(0, this.#toMs - this.#fromMs) / 1000,
      unanswered,
    });
    this.#settle = undefined;
  }

  #stopTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    this.#tick?.cancel();
    this.#tick = undefined;
  }
}
