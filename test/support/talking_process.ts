import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A client as a process of its own that says what it does in lines of JSON; other lines of its output are its logging. */
export class TalkingProcess {
  /** What it said on its error stream. */
  errors = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;
  private rest = '';

  constructor(
    program: string,
    args: readonly string[],
    private readonly onSaid: (said: unknown) => void,
  ) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.onText(text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  leave(): void {
    this.child.kill('SIGTERM');
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private onText(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) this.onSaid(JSON.parse(line));
  }
}
