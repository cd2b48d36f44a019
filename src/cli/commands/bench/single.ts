import type { Command } from 'commander';
import { watchInterruption } from '../../bench/interruption.js';
import type { LoadMode } from '../../bench/load/plan.js';
import { type LoadOptions, readLoadOptions, withLoadOptions } from '../../bench/options.js';
import { type OutputOptions, readOutputOptions, withOutputOptions, writeReport } from '../../bench/output.js';
import { runBench } from '../../bench/run.js';
import {
  type FirstServerOptions,
  openFirstServer,
  readFirstServerOptions,
  withFirstServerOptions,
} from '../../bench/server_options.js';
import type { BenchServer } from '../../bench/servers/server.js';
import type { Surroundings } from '../../command.js';
import type { BenchCommand } from './bench_command.js';

export interface SingleOptions extends LoadOptions {
  readonly server: FirstServerOptions;
  readonly output: OutputOptions;
}

const texts: Readonly<Record<LoadMode, { readonly what: string; readonly example: string }>> = {
  produce: {
    what: 'measure producing: batches made beforehand, written to partitions in turn',
    example: 'millrace bench produce --record-bytes 100,1K,1M --connections 16 --format html --output report.html',
  },
  fetch: {
    what: 'measure fetching of what lies in the log',
    example: 'millrace bench fetch --fetch-bytes 1M --connections 1',
  },
  'end-to-end': {
    what: 'measure the way of a batch from its producer to a consumer',
    example: 'millrace bench end-to-end --rate 500 --partitions 4 --seconds 30',
  },
};

/** `millrace bench produce`, `fetch` and `end-to-end`. */
export function singleBench(mode: LoadMode): BenchCommand<SingleOptions> {
  return {
    name: mode,
    define: (command: Command): Command => {
      command.description(texts[mode].what);
      return withOutputOptions(withFirstServerOptions(withLoadOptions(command))).addHelpText(
        'after',
        `\nExample: ${texts[mode].example}`,
      );
    },
    read: (command) => ({
      ...readLoadOptions(command, [mode]),
      server: readFirstServerOptions(command),
      output: readOutputOptions(command),
    }),
    run: (options, surroundings) => runSingle(mode, options, surroundings),
  };
}

async function runSingle(mode: LoadMode, options: SingleOptions, surroundings: Surroundings): Promise<void> {
  const interruption = watchInterruption(surroundings.io);
  let server: BenchServer | undefined;
  try {
    server = await openFirstServer(options.server, surroundings.flags, surroundings.io);
    const report = await runBench(
      {
        title: `millrace bench ${mode}`,
        servers: [server],
        workloads: options.workloads,
        measuring: options.measuring,
      },
      surroundings,
      interruption,
    );
    await writeReport(report, options.output, surroundings);
  } finally {
    await server?.close();
    interruption.end();
  }
}
