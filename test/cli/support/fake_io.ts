import { Command } from 'commander';
import { addCommand, type CliCommand } from '../../../src/cli/command.js';
import type { CliIo } from '../../../src/cli/io.js';
import { runCli } from '../../../src/cli/program.js';
import { type OutputFormat, Report } from '../../../src/cli/report.js';
import type { Session } from '../../../src/cli/session.js';
import type { Admin } from '../../../src/client/index.js';
import type { HttpClient, Programs, RunningProgram } from '../../../src/common/ports/index.js';
import {
  type ByteOutput,
  NodeFileSystem,
  nodeDialer,
  nodeHttpClient,
  systemClock,
  systemRandom,
  systemTimers,
} from '../../../src/env/index.js';

export class FakeOutput implements ByteOutput {
  readonly isTerminal = false;
  readonly #parts: Uint8Array[] = [];

  write(data: Uint8Array | string): Promise<void> {
    this.#parts.push(typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data));
    return Promise.resolve();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  get text(): string {
    return this.bytes.toString();
  }
}

/** A stream of bytes from one part of a test to another. */
class Pipe implements ByteOutput, AsyncIterable<Uint8Array> {
  readonly isTerminal = false;
  readonly #parts: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  write(data: Uint8Array | string): Promise<void> {
    this.#parts.push(Buffer.from(data));
    this.#wake();
    return Promise.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) yield part;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** This program again in this process; other programs do not exist. */
export class InnerPrograms implements Programs {
  readonly started: Array<readonly string[]> = [];

  self(args: readonly string[]): RunningProgram {
    this.started.push(args);
    const input = new Pipe();
    const output = new Pipe();
    const io = new FakeIo(input);
    const ended = runCli(args, Object.assign(io, { output }))
      .catch(() => 1)
      .finally(() => output.end());
    return {
      pid: undefined,
      output,
      get lastErrors() {
        return io.errors.text;
      },
      write: (text) => void input.write(text),
      endInput: () => input.end(),
      kill: () => {
        io.interrupt();
        input.end();
      },
      ended,
    };
  }

  run(command: string, args: readonly string[]): RunningProgram {
    this.started.push([command, ...args]);
    const nothing = new Pipe();
    nothing.end();
    return {
      pid: undefined,
      output: nothing,
      lastErrors: `${command} is not here`,
      write: () => undefined,
      endInput: () => undefined,
      kill: () => undefined,
      ended: Promise.resolve(undefined),
    };
  }
}

export class FakeIo implements CliIo {
  readonly output: FakeOutput = new FakeOutput();
  readonly errors = new FakeOutput();
  readonly environment = { dialer: nodeDialer, clock: systemClock, timers: systemTimers, random: systemRandom };
  http: HttpClient = nodeHttpClient;
  /** What `openFile` gives. */
  readonly inputs = new Map<string, readonly Uint8Array[]>();
  readonly files = new NodeFileSystem();
  readonly programs = new InnerPrograms();
  readonly #interrupts = new Set<() => void>();

  constructor(
    readonly input: AsyncIterable<Uint8Array> = chunks(),
    readonly variables: Readonly<Record<string, string | undefined>> = {},
  ) {}

  readonly openFile = (path: string): AsyncIterable<Uint8Array> => chunks(...(this.inputs.get(path) ?? []));

  readonly onInterrupt = (run: () => void): (() => void) => {
    this.#interrupts.add(run);
    return () => this.#interrupts.delete(run);
  };

  get awaitsInterrupt(): boolean {
    return this.#interrupts.size > 0;
  }

  interrupt(): void {
    for (const run of this.#interrupts) run();
  }
}

export async function* chunks(...parts: ReadonlyArray<Uint8Array | string>): AsyncGenerator<Uint8Array, void, void> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

/** What a command line means, without running it. */
export async function parsed<O>(spec: CliCommand<O>, ...args: readonly string[]): Promise<O> {
  const program = new Command('millrace')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  let options: O | undefined;
  addCommand(
    program,
    {
      ...spec,
      run: (found) => {
        options = found;
        return Promise.resolve();
      },
    },
    async (_, run) => {
      await run(session({}).session);
    },
  );
  await program.parseAsync([spec.name, ...args], { from: 'user' });
  if (options === undefined) throw new Error('the command did not run');
  return options;
}

/** A session on an admin client of which only some calls exist. */
export function session(
  admin: Partial<Record<keyof Admin, unknown>>,
  format: OutputFormat = 'text',
): { readonly session: Session; readonly io: FakeIo } {
  const io = new FakeIo();
  const report = new Report(format, io.output, io.errors);
  return { session: { admin, cluster: {}, report, io } as unknown as Session, io };
}
