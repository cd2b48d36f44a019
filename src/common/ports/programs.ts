/** Other programs on this machine. */
export interface Programs {
  /** This very program again, with other arguments. */
  self(args: readonly string[]): RunningProgram;
  run(command: string, args: readonly string[]): RunningProgram;
}

export interface RunningProgram {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Standard output; what is not read is kept. Ends with the program. */
  readonly output: AsyncIterable<Uint8Array>;
  /** The last 4 KiB of standard error so far. */
  readonly lastErrors: string;
  /** To its standard input. Nothing happens when it has ended. */
  write(text: string): void;
  endInput(): void;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Exit status; undefined when a signal ended it or it could not be started. Never rejects. */
  readonly ended: Promise<number | undefined>;
}
