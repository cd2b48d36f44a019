import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../exit_codes.js';
import type { CliIo } from '../io.js';
import type { GlobalFlags } from '../session.js';
import { bootstrapServers, type HostAndPort, positiveInteger } from '../values.js';
import { startOwnBroker } from './servers/own_broker.js';
import { isLocalProcess } from './servers/probe.js';
import { type BenchServer, givenServer } from './servers/server.js';

/** The server that a bench command is about. */
export interface FirstServerOptions {
  readonly name: string;
  readonly pid: number | undefined;
  readonly metrics: HostAndPort | undefined;
  readonly directory: string | undefined;
}

interface Flags {
  readonly name: string;
  readonly serverPid?: number;
  readonly metrics?: HostAndPort;
  readonly directory?: string;
}

export function withFirstServerOptions(command: Command): Command {
  return command
    .option('--name <name>', 'what the report calls the broker of --bootstrap-server', 'Millrace')
    .option(
      '--server-pid <pid>',
      'its process on this machine, for CPU time, context switches and RSS',
      positiveInteger,
    )
    .option('--metrics <host:port>', "Millrace's metrics, for system calls and copies", oneEndpoint)
    .option(
      '--directory <path>',
      'where a broker started for the bench has its data (default: the temporary directory)',
    )
    .addHelpText(
      'after',
      '\nWithout --bootstrap-server and MILLRACE_BOOTSTRAP a broker is started for the measurement and removed after it.',
    );
}

export function oneEndpoint(text: string): HostAndPort {
  const [first, ...more] = bootstrapServers(text);
  if (first === undefined || more.length > 0) throw new InvalidArgumentError('one host:port is expected');
  return first;
}

export function readFirstServerOptions(command: Command): FirstServerOptions {
  const { name, serverPid, metrics, directory } = command.opts<Flags>();
  return { name, pid: serverPid, metrics, directory };
}

/** The one named, or else a new one. @throws UsageError, Error when it does not start */
export async function openFirstServer(
  options: FirstServerOptions,
  flags: GlobalFlags,
  io: CliIo,
): Promise<BenchServer> {
  const { name, pid, metrics, directory } = options;
  const servers = flags.bootstrapServer ?? fromVariable(io.variables.MILLRACE_BOOTSTRAP);
  if (servers === undefined) {
    if (pid !== undefined || metrics !== undefined)
      throw new UsageError('--server-pid and --metrics go with a broker that --bootstrap-server names');
    return startOwnBroker(io, { name, directory });
  }
  if (pid !== undefined) await requireProcess(io, pid);
  return givenServer({ name, bootstrapServers: servers, pid, metrics });
}

function fromVariable(text: string | undefined): readonly HostAndPort[] | undefined {
  try {
    return text === undefined ? undefined : bootstrapServers(text);
  } catch (error) {
    throw new UsageError(`MILLRACE_BOOTSTRAP: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws UsageError */
export async function requireProcess({ files }: CliIo, pid: number): Promise<void> {
  if (!(await isLocalProcess(files, pid))) throw new UsageError(`there is no process ${pid} on this machine`);
}
