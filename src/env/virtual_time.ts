import { assert } from '../common/assert.js';
import { type Duration, parseDuration } from '../common/duration.js';
import type { Clock, TimerHandle, Timers } from '../common/ports/index.js';
import { TimerHeap, type TimerNode } from './timer_heap.js';

export interface VirtualTimeOptions {
  /** Wall time at the start, ms since the epoch; now by default, so that timestamps of real clients are plausible. */
  readonly startWallMs?: number;
}

/**
 * Loop turns given to callbacks of files and sockets after the timers of one instant, for the first instants of an
 * {@link VirtualTime.advance}; later ones get one turn, so that a week of second-long timers takes about a second.
 */
const CAREFUL_TURNS = 4;
const CAREFUL_INSTANTS = 2_000;
/** Turns before the first instant and after the last. */
const EDGE_TURNS = 8;
/** A source that stays busy longer than this (real time) is a bug; it must not hang the caller for ever. */
const BUSY_LIMIT_MS = 60_000;

/**
 * A clock that stands still until {@link advance} is called, with the timers on it. Real input and output goes on
 * meanwhile: between two timers pending callbacks get their turn, and as long as a {@link holdWhile} source is busy time waits.
 * A timer that is due at once (`after(0)`) and `soon` need no advance.
 */
export class VirtualTime implements Clock, Timers {
  readonly #startWallMs: number;
  #nowMs = 0;
  readonly #heap = new TimerHeap();
  readonly #busySources = new Set<() => boolean>();
  #pumpScheduled = false;
  #advancing: Promise<void> = Promise.resolve();

  constructor(options: VirtualTimeOptions = {}) {
    this.#startWallMs = options.startWallMs ?? Date.now();
  }

  wallMs(): number {
    return Math.floor(this.#startWallMs + this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Timers that wait; 0 after everything that used this clock was closed. */
  get pendingTimers(): number {
    return this.#heap.size;
  }

  after(delayMs: number, run: () => void): TimerHandle {
    assert(delayMs >= 0, `a timer cannot be due ${delayMs} ms from now`);
    const node: TimerNode = { dueMs: this.#nowMs + delayMs, sequence: 0, index: -1, run };
    this.#heap.push(node);
    if (delayMs === 0) this.#schedulePump();
    return { cancel: () => this.#heap.remove(node) };
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  /** Time does not move while `busy()` is true (work in flight that no callback shows yet). Returns an undo. */
  holdWhile(busy: () => boolean): () => void {
    this.#busySources.add(busy);
    return () => this.#busySources.delete(busy);
  }

  /**
   * Moves time by `duration`, running what becomes due one timer after the other, each at its own instant; what a timer sets
   * off (promises, files, sockets) settles before the next one runs. Calls queue up; resolves when this one is done.
   */
  advance(duration: Duration): Promise<void> {
    const durationMs = parseDuration(duration);
    const done = this.#advancing.then(() => this.#advanceTo(this.#nowMs + durationMs));
    this.#advancing = done.catch(() => undefined);
    return done;
  }

  async #advanceTo(targetMs: number): Promise<void> {
    await this.#settle(EDGE_TURNS);
    let instants = 0;
    for (;;) {
      const next = this.#heap.peek();
      if (next === undefined || next.dueMs > targetMs) break;
      if (next.dueMs > this.#nowMs) {
        this.#nowMs = next.dueMs;
        instants += 1;
      }
      this.#heap.remove(next);
      next.run();
      await this.#settle(instants < CAREFUL_INSTANTS ? CAREFUL_TURNS : 1);
    }
    this.#nowMs = targetMs;
    await this.#settle(EDGE_TURNS);
    // What settled last may have been due at the very end.
    const late = this.#heap.peek();
    if (late !== undefined && late.dueMs <= this.#nowMs) await this.#advanceTo(targetMs);
  }

  async #settle(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    if (this.#busySources.size === 0) return;
    const giveUpMs = performance.now() + BUSY_LIMIT_MS;
    let quiet = 0;
    for (let spins = 0; quiet < 2; spins += 1) {
      const busy = this.#isBusy();
      quiet = busy ? 0 : quiet + 1;
      assert(!busy || performance.now() < giveUpMs, 'work in flight does not end: virtual time cannot go on');
      // Spin first (most work ends within microseconds), then let the processor go.
      await (busy && spins > 100 ? shortSleep() : nextTurn());
      if (spins === 0 && !busy) return;
    }
  }

  #isBusy(): boolean {
    for (const busy of this.#busySources) if (busy()) return true;
    return false;
  }

  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      const dueNow = this.#heap.peek();
      if (dueNow === undefined || dueNow.dueMs > this.#nowMs) return;
      this.#heap.remove(dueNow);
      this.#schedulePump();
      dueNow.run();
    });
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function shortSleep(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
