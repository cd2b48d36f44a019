import type { Clock } from '../common/ports/index.js';
import type { Logger } from '../telemetry/index.js';

/** The process as far as stop signals go; `env` has the real one. */
export interface SignalPorts<Signal extends string> {
  readonly clock: Clock;
  /** Calls `run` for every stop signal from now on; returns an undo. */
  readonly onStopSignal: (run: (signal: Signal) => void) => () => void;
  /** Does not return in a real process. */
  readonly endBySignal: (signal: Signal) => void;
}

/**
 * One press of Ctrl-C can arrive twice: the terminal signals the whole process group, and npm passes its own signal on to the
 * child. A person needs longer than this for a second press.
 */
export const samePressMs = 250;

/** The first stop signal asks for an orderly stop, whatever the broker is doing; a later one ends the process at once. */
export class StopRequest<Signal extends string> {
  /** Resolves at the first signal. */
  readonly asked: Promise<void>;
  private resolveAsked: () => void = () => {};
  private firstMs: number | undefined;
  private readonly undo: () => void;

  constructor(
    private readonly ports: SignalPorts<Signal>,
    private readonly logger: Logger,
  ) {
    this.asked = new Promise((resolve) => {
      this.resolveAsked = resolve;
    });
    this.undo = ports.onStopSignal((signal) => this.onSignal(signal));
  }

  get wasAsked(): boolean {
    return this.firstMs !== undefined;
  }

  /** Signals do again what they do without us. */
  end(): void {
    this.undo();
  }

  private onSignal(signal: Signal): void {
    const nowMs = this.ports.clock.monotonicMs();
    if (this.firstMs === undefined) {
      this.firstMs = nowMs;
      this.logger.info(`${signal}: stopping in an orderly way; once more stops at once`);
      this.resolveAsked();
      return;
    }
    if (nowMs - this.firstMs < samePressMs) return;
    this.logger.warn(`${signal} again: stopping at once; logs are recovered at the next start`);
    this.undo();
    this.ports.endBySignal(signal);
  }
}
