import { type Command, InvalidArgumentError, Option } from 'commander';
import { watchInterruption } from '../../bench/interruption.js';
import type { LoadMode } from '../../bench/load/plan.js';
import { type LoadOptions, readLoadOptions, withLoadOptions } from '../../bench/options.js';
import { type OutputOptions, readOutputOptions, withOutputOptions, writeReport } from '../../bench/output.js';
import { runBench } from '../../bench/run.js';
import {
  type FirstServerOptions,
  openFirstServer,
  readFirstServerOptions,
  requireProcess,
  withFirstServerOptions,
} from '../../bench/server_options.js';
import { startKafka } from '../../bench/servers/kafka.js';
import { type BenchServer, givenServer } from '../../bench/servers/server.js';
import type { Surroundings } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { bootstrapServers, type HostAndPort, positiveInteger } from '../../values.js';
import type { BenchCommand } from './bench_command.js';

export interface Opponent {
  readonly name: string;
  readonly bootstrapServers: readonly HostAndPort[];
  readonly pid: number | undefined;
}

export interface CompareOptions extends LoadOptions {
  readonly first: FirstServerOptions;
  readonly opponents: readonly Opponent[];
  readonly withKafka: boolean;
  readonly kafkaPort: number;
  readonly output: OutputOptions;
}

interface Flags {
  readonly against?: readonly Opponent[];
  readonly with?: 'kafka';
  readonly kafkaPort: number;
}

const modes: readonly LoadMode[] = ['produce', 'fetch', 'end-to-end'];

export const compare: BenchCommand<CompareOptions> = {
  name: 'compare',
  define: (command: Command): Command => {
    command
      .description('measure two or more brokers in turns and say where the first one loses')
      .argument('[workload...]', 'produce, fetch, end-to-end; left out: produce and fetch', workload)
      .option('--against <host:port[=name[,pid]]>', 'another broker, may be repeated; pid for its CPU time', opponent)
      .addOption(new Option('--with <reference>', 'start a reference and measure it too').choices(['kafka']))
      .option(
        '--kafka-port <port>',
        'where the reference listens; the port after it is used too',
        positiveInteger,
        29_092,
      );
    return withOutputOptions(withFirstServerOptions(withLoadOptions(command))).addHelpText(
      'after',
      '\nExample: millrace bench compare produce fetch --with kafka --record-bytes 100,1K --format html --output report.html',
    );
  },
  read: readOptions,
  run: runCompare,
};

function workload(text: string, previous: readonly LoadMode[] = []): readonly LoadMode[] {
  const mode = modes.find((one) => one === text);
  if (mode === undefined) throw new InvalidArgumentError(`one of ${modes.join(', ')} is expected`);
  return previous.includes(mode) ? previous : [...previous, mode];
}

function opponent(text: string, previous: readonly Opponent[] = []): readonly Opponent[] {
  const [address = '', label = ''] = text.split('=', 2);
  const [name = '', pid] = label.split(',', 2);
  const servers = bootstrapServers(address);
  return [
    ...previous,
    {
      name: name === '' ? address : name,
      bootstrapServers: servers,
      pid: pid === undefined ? undefined : positiveInteger(pid),
    },
  ];
}

function readOptions(command: Command): CompareOptions {
  const flags = command.opts<Flags>();
  const [asked] = command.processedArgs as ReadonlyArray<readonly LoadMode[] | undefined>;
  const chosen = asked === undefined || asked.length === 0 ? modes.slice(0, 2) : asked;
  const opponents = flags.against ?? [];
  const withKafka = flags.with === 'kafka';
  if (opponents.length === 0 && !withKafka)
    throw new UsageError('nothing to compare with: name a broker with --against, or start one with --with kafka');
  const first = readFirstServerOptions(command);
  const names = [first.name, ...opponents.map(({ name }) => name)];
  if (new Set(names).size < names.length)
    throw new UsageError('two brokers have the same name: give them names with --name and --against host:port=name');
  const { workloads, measuring } = readLoadOptions(command, chosen);
  // Brokers differ in what they do by themselves: compared is what all of them can do alike.
  const alike = workloads.map((one) => ({ ...one, flush: one.flush ?? 'os' }));
  return {
    workloads: alike,
    measuring,
    first,
    opponents,
    withKafka,
    kafkaPort: flags.kafkaPort,
    output: readOutputOptions(command),
  };
}

async function runCompare(options: CompareOptions, surroundings: Surroundings): Promise<void> {
  const { flags, io } = surroundings;
  const { opponents, workloads, measuring } = options;
  const servers: BenchServer[] = [];
  const interruption = watchInterruption(io);
  try {
    for (const { pid } of opponents) if (pid !== undefined) await requireProcess(io, pid);
    // The reference first: if it is not there, nothing has been started in vain.
    const kafka = options.withKafka ? [await startKafka(io, { port: options.kafkaPort })] : [];
    servers.push(...kafka);
    interruption.check();
    const first = await openFirstServer(options.first, flags, io);
    servers.unshift(first);
    servers.splice(1, 0, ...opponents.map((one) => givenServer({ ...one, metrics: undefined })));
    const title = `${first.name} compared with ${servers
      .slice(1)
      .map(({ name }) => name)
      .join(', ')}`;
    const report = await runBench({ title, servers, workloads, measuring }, surroundings, interruption);
    await writeReport(report, options.output, surroundings);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    interruption.end();
  }
}
