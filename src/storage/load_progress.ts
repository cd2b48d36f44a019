import type { Clock, LogDirectory, TimerHandle, Timers } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';

/** Between two lines about logs that are still being loaded. */
const lineEveryMs = 2_000;
const bytesPerMegabyte = 1_000_000;

/**
 * What is told of logs that are being loaded: lines in the broker's log while it takes long, a count for metrics. The time left is
 * estimated from the bytes that recovery may have to walk, or from the logs that are done where there are none.
 */
export class LoadProgress {
  /** Logs that are not open yet. */
  remainingLogs = 0;
  private total = 0;
  private readonly plannedBytes = new Map<string, number>();
  private donePlannedBytes = 0;
  private startedMs = 0;
  private said = false;
  private timer: TimerHandle | undefined;

  constructor(
    private readonly ports: { readonly clock: Clock; readonly timers: Timers; readonly logger: Logger },
    private readonly directories: () => Iterable<Pick<LogDirectory, 'checkedBytes'>>,
  ) {}

  /** So many logs begin to be loaded. */
  begin(logs: number): void {
    if (this.remainingLogs === 0) {
      this.startedMs = this.ports.clock.monotonicMs();
      this.total = 0;
      this.said = false;
    }
    this.total += logs;
    this.remainingLogs += logs;
    if (this.timer === undefined && this.remainingLogs > 0) this.sayLater();
  }

  /** Recovery may have to walk so much of a log. */
  plan(name: string, bytes: number): void {
    if (bytes > 0) this.plannedBytes.set(name, bytes);
  }

  /** A log is open, or cannot be. */
  finished(name: string): void {
    this.donePlannedBytes += this.plannedBytes.get(name) ?? 0;
    this.remainingLogs -= 1;
    if (this.remainingLogs > 0) return;
    const { said } = this;
    this.end();
    if (said) this.ports.logger.info(`${this.total} logs are loaded, after ${seconds(this.elapsedMs)}`);
  }

  /** No more lines. */
  end(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.said = false;
  }

  private get elapsedMs(): number {
    return this.ports.clock.monotonicMs() - this.startedMs;
  }

  private sayLater(): void {
    this.timer = this.ports.timers.after(lineEveryMs, () => {
      this.said = true;
      this.ports.logger.info(this.line());
      this.sayLater();
    });
  }

  /** `loading logs: 3 of 12 are open, 210 of 940 MB checked, about 7 s left` */
  line(): string {
    const done = this.total - this.remainingLogs;
    const totalBytes = [...this.plannedBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    let checkedBytes = 0;
    for (const directory of this.directories()) checkedBytes += directory.checkedBytes;
    // Each is a lower bound: logs that turned out to need no check count by their plan, one that is being checked by what was walked.
    const doneBytes = Math.min(totalBytes, Math.max(this.donePlannedBytes, checkedBytes));
    const share = totalBytes > 0 ? doneBytes / totalBytes : done / this.total;
    const parts = [`loading logs: ${done} of ${this.total} are open`];
    if (totalBytes > 0) parts.push(`${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB checked`);
    if (share > 0) parts.push(`about ${seconds((this.elapsedMs * (1 - share)) / share)} left`);
    return parts.join(', ');
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / bytesPerMegabyte);
}

function seconds(ms: number): string {
  return `${ms < 10_000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}
