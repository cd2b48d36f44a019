import { Command } from 'commander';
import { addCommand, type CliCommand } from '../../../src/cli/command.js';
import type { CliIo } from '../../../src/cli/io.js';
import { type OutputFormat, Report } from '../../../src/cli/report.js';
import type { Session } from '../../../src/cli/session.js';
import type { Admin } from '../../../src/client/index.js';
import type { HttpClient } from '../../../src/common/ports/index.js';
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

export class FakeIo implements CliIo {
  readonly output = new FakeOutput();
  readonly errors = new FakeOutput();
  readonly environment = { dialer: nodeDialer, clock: systemClock, timers: systemTimers, random: systemRandom };
  http: HttpClient = nodeHttpClient;
  /** What `openFile` gives. */
  readonly inputs = new Map<string, readonly Uint8Array[]>();
  readonly files = new NodeFileSystem();
  #interrupt: (() => void) | undefined;

  constructor(
    readonly input: AsyncIterable<Uint8Array> = chunks(),
    readonly variables: Readonly<Record<string, string | undefined>> = {},
  ) {}

  readonly openFile = (path: string): AsyncIterable<Uint8Array> => chunks(...(this.inputs.get(path) ?? []));

  readonly onInterrupt = (run: () => void): (() => void) => {
    this.#interrupt = run;
    return () => {
      this.#interrupt = undefined;
    };
  };

  get awaitsInterrupt(): boolean {
    return this.#interrupt !== undefined;
  }

  interrupt(): void {
    this.#interrupt?.();
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
