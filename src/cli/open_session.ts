import { Admin, ClusterClient, ConnectionError } from '../client/index.js';
import { UsageError } from './exit_codes.js';
import type { CliIo } from './io.js';
import type { Report } from './report.js';
import type { GlobalFlags, Session } from './session.js';
import { bootstrapServers } from './values.js';

const defaultBootstrap = '127.0.0.1:9092';

/** Connects, runs the command, closes. @throws ConnectionError at once when no broker is there */
export async function openSession(
  flags: GlobalFlags,
  report: Report,
  io: CliIo,
  run: (session: Session) => Promise<void>,
): Promise<void> {
  const servers = flags.bootstrapServer ?? serversFrom(io.variables.MILLRACE_BOOTSTRAP);
  const cluster = new ClusterClient(io.environment, {
    bootstrapServers: servers,
    clientId: 'millrace-cli',
    apiTimeoutMs: flags.timeout,
    requestTimeoutMs: Math.min(30_000, flags.timeout),
    connectTimeoutMs: Math.min(10_000, flags.timeout),
  });
  try {
    await firstContact(cluster, servers);
    await run({ cluster, admin: new Admin(cluster), report, io });
  } finally {
    await cluster.close();
  }
}

function serversFrom(variable: string | undefined): ReturnType<typeof bootstrapServers> {
  try {
    return bootstrapServers(variable ?? defaultBootstrap);
  } catch (error) {
    throw new UsageError(`MILLRACE_BOOTSTRAP: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function firstContact(
  cluster: ClusterClient,
  servers: ReadonlyArray<{ readonly host: string; readonly port: number }>,
): Promise<void> {
  try {
    await cluster.anyConnection();
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    const names = servers.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new ConnectionError(
      `no broker answers at ${names}; start one with "millrace start", or name another with --bootstrap-server (${error.message})`,
      { cause: error },
    );
  }
}
