import type { Clock, TimerHandle, Timers } from '../../common/ports/index.js';

interface Entry<Command> {
  command: Command;
  deadlineMs: number;
  /** When the armed timer runs: at or before the deadline. */
  firesAtMs: number;
  handle: TimerHandle;
}

/**
 * Named timers whose deadlines mostly move later: a heartbeat only writes the new deadline down. The one armed timer per name
 * looks again when it runs and arms itself for the rest.
 */
export class TimerTable<Command> {
  private readonly entries = new Map<string, Entry<Command>>();

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly fire: (key: string, command: Command) => void,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  start(key: string, delayMs: number, command: Command): void {
    const deadlineMs = this.clock.monotonicMs() + Math.max(0, delayMs);
    const entry = this.entries.get(key);
    if (entry === undefined) {
      this.entries.set(key, { command, deadlineMs, firesAtMs: deadlineMs, handle: this.arm(key, delayMs) });
      return;
    }
    entry.command = command;
    entry.deadlineMs = deadlineMs;
    if (deadlineMs < entry.firesAtMs) {
      entry.handle.cancel();
      entry.firesAtMs = deadlineMs;
      entry.handle = this.arm(key, delayMs);
    }
  }

  cancel(key: string): void {
    this.entries.get(key)?.handle.cancel();
    this.entries.delete(key);
  }

  cancelAll(): void {
    for (const entry of this.entries.values()) entry.handle.cancel();
    this.entries.clear();
  }

  private arm(key: string, delayMs: number): TimerHandle {
    return this.timers.after(Math.max(0, delayMs), () => this.ran(key));
  }

  private ran(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    const leftMs = entry.deadlineMs - this.clock.monotonicMs();
    if (leftMs > 0) {
      entry.firesAtMs = entry.deadlineMs;
      entry.handle = this.arm(key, leftMs);
      return;
    }
    this.entries.delete(key);
    this.fire(key, entry.command);
  }
}
