import type { Command } from 'commander';
import type { LaunchAlone, Surroundings } from '../../command.js';
import { render } from './render.js';

/** A command that finds its own brokers, or needs none. */
export interface BenchCommand<O> {
  readonly name: string;
  readonly define: (command: Command) => Command;
  /** @throws UsageError when options make no sense together */
  readonly read: (command: Command) => O;
  readonly run: (options: O, surroundings: Surroundings) => Promise<void>;
}

export function addBench(program: Command, launch: LaunchAlone): void {
  const bench = program.command('bench').description('measure a broker, or compare several');
  addOne(bench, render, launch);
}

function addOne<O>(parent: Command, spec: BenchCommand<O>, launch: LaunchAlone): void {
  const command = spec.define(parent.command(spec.name));
  command.action(async () => {
    const options = spec.read(command);
    await launch(command, (surroundings) => spec.run(options, surroundings));
  });
}
