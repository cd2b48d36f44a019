import { type Command, Option } from 'commander';
import type { CliIo } from './io.js';
import type { Report } from './report.js';
import type { GlobalFlags, Session } from './session.js';

/**
 * One command. Its three parts are tested apart: what the command line means (`define` and `read`), and what is done about it
 * (`run`, with a session that may be made of fakes).
 */
export interface CliCommand<O> {
  readonly name: string;
  readonly define: (command: Command) => Command;
  /** @throws UsageError when options make no sense together */
  readonly read: (command: Command) => O;
  readonly run: (options: O, session: Session) => Promise<void>;
}

/** Runs a command: `run` gets its session. */
export type Launch = (command: Command, run: (session: Session) => Promise<void>) => Promise<void>;

/** What a command has that is not bound to one cluster. */
export interface Surroundings {
  readonly flags: GlobalFlags;
  readonly report: Report;
  readonly io: CliIo;
}

/** Runs a command without connecting anywhere first. */
export type LaunchAlone = (command: Command, run: (surroundings: Surroundings) => Promise<void>) => Promise<void>;

export function addCommand<O>(parent: Command, spec: CliCommand<O>, launch: Launch): Command {
  const command = spec.define(parent.command(spec.name));
  if (!command.options.some((option) => option.long === '--format')) command.addOption(formatOption());
  return command.action(async () => {
    const options = spec.read(command);
    await launch(command, (session) => spec.run(options, session));
  });
}

function formatOption(): Option {
  return new Option('--format <format>', 'how results are printed').choices(['text', 'json']).default('text');
}
