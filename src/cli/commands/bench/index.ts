import type { Command } from 'commander';
import type { LaunchAlone } from '../../command.js';
import type { BenchCommand } from './bench_command.js';
import { compare } from './compare.js';
import { load } from './load.js';
import { render } from './render.js';
import { singleBench } from './single.js';

export function addBench(program: Command, launch: LaunchAlone): void {
  const bench = program.command('bench').description('measure a broker, or compare several');
  add(bench, singleBench('produce'), launch);
  add(bench, singleBench('fetch'), launch);
  add(bench, singleBench('end-to-end'), launch);
  add(bench, compare, launch);
  add(bench, render, launch);
  add(bench, load, launch);
}

function add<O>(parent: Command, spec: BenchCommand<O>, launch: LaunchAlone): void {
  const command = spec.define(parent.command(spec.name));
  command.action(async () => {
    const options = spec.read(command);
    await launch(command, (surroundings) => spec.run(options, surroundings));
  });
}
