import { Command, CommanderError, Option } from 'commander';
import type { Launch, LaunchAlone } from './command.js';
import { ExitCode, exitCodeHelp } from './exit_codes.js';
import type { CliIo } from './io.js';
import { type OutputFormat, Report } from './report.js';
import type { GlobalFlags } from './session.js';
import { bootstrapServers, duration } from './values.js';

interface Entry {
  readonly name: string;
  readonly description: string;
  /** Adds the command; what it needs is loaded only then, so that `millrace --help` is quick. */
  readonly load: (program: Command, launch: Launch, launchAlone: LaunchAlone, io: CliIo) => Promise<void>;
}

const entries: readonly Entry[] = [
  {
    name: 'start',
    description: 'start a broker; Ctrl-C stops it in an orderly way',
    load: async (program) => (await import('./commands/start.js')).registerStart(program),
  },
  {
    name: 'topics',
    description: 'create, list, describe, alter and delete topics',
    load: async (program, launch) => (await import('./commands/topics/index.js')).addTopics(program, launch),
  },
  {
    name: 'produce',
    description: 'write lines, JSON records or a file to a topic',
    load: async (program, launch) => (await import('./commands/produce.js')).addProduce(program, launch),
  },
  {
    name: 'consume',
    description: 'read records of topics',
    load: async (program, launch) => (await import('./commands/consume.js')).addConsume(program, launch),
  },
  {
    name: 'groups',
    description: 'list, describe and delete consumer groups, move their offsets',
    load: async (program, launch) => (await import('./commands/groups/index.js')).addGroups(program, launch),
  },
  {
    name: 'share-groups',
    description: 'list, describe and delete share groups, move and forget what they have read',
    load: async (program, launch) => (await import('./commands/share_groups/index.js')).addShareGroups(program, launch),
  },
  {
    name: 'configs',
    description: 'show and change configs of topics, brokers and groups',
    load: async (program, launch) => (await import('./commands/configs/index.js')).addConfigs(program, launch),
  },
  {
    name: 'cluster',
    description: 'describe the cluster',
    load: async (program, launch) => (await import('./commands/cluster/index.js')).addCluster(program, launch),
  },
  {
    name: 'transactions',
    description: 'list and describe transactions, find and abort those that hang',
    load: async (program, launch) =>
      (await import('./commands/transactions/index.js')).addTransactions(program, launch),
  },
  {
    name: 'log-dirs',
    description: 'show log directories, move partitions between them',
    load: async (program, launch) => (await import('./commands/log_dirs/index.js')).addLogDirs(program, launch),
  },
  {
    name: 'zerocopy',
    description: 'explain how records left the broker: by sendfile, or copied and why',
    load: async (program, launch) => (await import('./commands/zerocopy/index.js')).addZeroCopy(program, launch),
  },
  {
    name: 'quotas',
    description: 'show and change quotas of users, clients and addresses',
    load: async (program, launch) => (await import('./commands/quotas/index.js')).addQuotas(program, launch),
  },
  {
    name: 'acls',
    description: 'show, add and remove access rules',
    load: async (program, launch) => (await import('./commands/acls/index.js')).addAcls(program, launch),
  },
  {
    name: 'users',
    description: 'show and change the SCRAM credentials of users',
    load: async (program, launch) => (await import('./commands/users/index.js')).addUsers(program, launch),
  },
  {
    name: 'features',
    description: 'show and change the levels of what the cluster may use',
    load: async (program, launch) => (await import('./commands/features/index.js')).addFeatures(program, launch),
  },
  {
    name: 'reassign',
    description: 'move partitions between brokers, elect their leaders',
    load: async (program, launch) => (await import('./commands/reassign/index.js')).addReassign(program, launch),
  },
  {
    name: 'log',
    description: 'look into, verify, repair and convert log directories that no broker is running on',
    load: async (program, _, launchAlone) => (await import('./commands/log/index.js')).addLog(program, launchAlone),
  },
  {
    name: 'bench',
    description: 'measure a broker, or compare several',
    load: async (program, _, launchAlone) => (await import('./commands/bench/index.js')).addBench(program, launchAlone),
  },
  {
    name: 'completion',
    description: 'print a script that completes commands and options in your shell',
    load: async (program, _, __, io) => (await import('./commands/completion.js')).addCompletion(program, io.output),
  },
];

function createProgram(io: CliIo): Command {
  return new Command('millrace')
    .description('A commit log that speaks the Kafka protocol.')
    .option(
      '-b, --bootstrap-server <host:port,...>',
      'brokers to ask first (default: MILLRACE_BOOTSTRAP, else 127.0.0.1:9092)',
      bootstrapServers,
    )
    .addOption(
      new Option('--timeout <duration>', 'for an operation with its retries')
        .argParser(duration)
        .default(60_000, '60s'),
    )
    .version('0.1.0')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.output.write(text).catch(() => undefined),
      writeErr: (text) => void io.errors.write(text).catch(() => undefined),
    });
}

/** The program with the commands named in `wanted` whole, and of the others their names. */
export async function buildProgram(
  io: CliIo,
  launch: Launch,
  launchAlone: LaunchAlone,
  wanted: readonly string[] | 'all',
): Promise<Command> {
  const program = createProgram(io);
  for (const entry of entries) {
    if (wanted === 'all' || wanted.includes(entry.name)) await entry.load(program, launch, launchAlone, io);
    else program.command(entry.name).description(entry.description);
  }
  return program;
}

/** Runs one command line. Never throws: the result is the exit status, what went wrong stands on standard error. */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let format: OutputFormat = 'text';
  const launchAlone: LaunchAlone = async (command, run) => {
    const flags = command.optsWithGlobals<GlobalFlags & { readonly format?: string }>();
    format = flags.format === 'json' ? 'json' : 'text';
    await run({ flags, report: new Report(format, io.output, io.errors), io });
  };
  const launch: Launch = (command, run) =>
    launchAlone(command, async ({ flags, report }) => {
      const { openSession } = await import('./open_session.js');
      await openSession(flags, report, io, run);
    });
  try {
    // The completion script names every command.
    const wanted = args.includes('completion') ? 'all' : args;
    const program = await buildProgram(io, launch, launchAlone, wanted);
    await program.parseAsync([...args], { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    const { reportFailure } = await import('./failures.js');
    return reportFailure(error, format, io.errors);
  }
}
