import { hostname } from 'node:os';

/** Where text for people or for a log collector goes. */
export interface TextOutput {
  /** True for a terminal. */
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** Touches the stream at its first use only: an embedded broker leaves the streams of its host alone. */
class StreamOutput implements TextOutput {
  #broken = false;
  #stream: NodeJS.WriteStream | undefined;

  constructor(private readonly open: () => NodeJS.WriteStream) {}

  get isTerminal(): boolean {
    return this.open().isTTY === true;
  }

  write(text: string): void {
    if (this.#broken) return;
    this.#stream ??= this.#watched();
    this.#stream.write(text);
  }

  #watched(): NodeJS.WriteStream {
    const stream = this.open();
    // The reader went away (`| head`): there is nobody left to tell.
    stream.on('error', () => {
      this.#broken = true;
    });
    return stream;
  }
}

export const standardOutput: TextOutput = new StreamOutput(() => process.stdout);
export const standardError: TextOutput = new StreamOutput(() => process.stderr);

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Calls `run` for every signal that asks the process to stop, first and later ones. Returns an undo. */
export function onStopSignal(run: (signal: StopSignal) => void): () => void {
  const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, run);
  return () => {
    for (const signal of signals) process.off(signal, run);
  };
}

/**
 * Ends the process at once, as `signal` does to a process that does not handle it: no exit handlers, no waiting for threads, and the
 * parent learns the signal. Nobody may listen to `signal` any more.
 */
export function endBySignal(signal: StopSignal): void {
  process.kill(process.pid, signal);
}

/** The name other machines may know this one by; what a listener on every interface advertises. */
export function machineName(): string {
  return hostname();
}
