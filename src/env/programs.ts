import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Programs, RunningProgram } from '../common/ports/index.js';

const keptErrorChars = 4096;

class ChildProgram implements RunningProgram {
  readonly ended: Promise<number | undefined>;
  #errors = '';

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorChars);
    });
    // A program that ended does not take what is written to it; `ended` says so.
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#errors += error.message;
        resolve(undefined);
      });
      child.once('close', (code) => resolve(code ?? undefined));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get output(): AsyncIterable<Uint8Array> {
    return this.child.stdout;
  }

  get lastErrors(): string {
    return this.#errors;
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }

  endInput(): void {
    this.child.stdin.end();
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.child.kill(signal);
  }
}

/** `script` is what Node was started with. */
export function nodePrograms(script: string): Programs {
  const run = (command: string, args: readonly string[]): RunningProgram =>
    new ChildProgram(spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] }));
  return { run, self: (args) => run(process.execPath, [script, ...args]) };
}
