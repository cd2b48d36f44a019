import { hostname } from 'node:os';

/** Where text for people or for a log collector goes. */
export interface TextOutput {
  /** True for a terminal. */
  readonly isTerminal: boolean;
  write(text: string): void;
}

function outputTo(stream: NodeJS.WriteStream): TextOutput {
  let broken = false;
  let watched = false;
  return {
    get isTerminal() {
      return stream.isTTY === true;
    },
    write: (text) => {
      if (broken) return;
      if (!watched) {
        watched = true;
        // The reader went away (`| head`): there is nobody left to tell.
        stream.on('error', () => {
          broken = true;
        });
      }
      stream.write(text);
    },
  };
}

export const standardOutput: TextOutput = outputTo(process.stdout);
export const standardError: TextOutput = outputTo(process.stderr);

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Calls `run` for every signal that asks the process to stop, first and later ones. Returns an undo. */
export function onStopSignal(run: (signal: StopSignal) => void): () => void {
  const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, run);
  return () => {
    for (const signal of signals) process.off(signal, run);
  };
}

/** The name other machines may know this one by; what a listener on every interface advertises. */
export function machineName(): string {
  return hostname();
}
