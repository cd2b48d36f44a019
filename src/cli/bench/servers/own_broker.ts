import { clientVersion } from '../../../client/cluster_client.js';
import type { RunningProgram } from '../../../common/ports/index.js';
import type { CliIo } from '../../io.js';
import { linesOf } from '../lines.js';
import type { BenchServer } from './server.js';

/** How long a stop may take before the process is ended. */
const stopTimeoutMs = 20_000;

export interface OwnBrokerOptions {
  /** Where its data goes, in a directory of its own that is removed afterwards. Undefined: the system's temporary directory. */
  readonly directory: string | undefined;
  readonly name: string;
}

/** Starts a Millrace as another process on a free port. @throws Error when it does not come up */
export async function startOwnBroker(io: CliIo, { directory, name }: OwnBrokerOptions): Promise<BenchServer> {
  const data = await dataDirectory(io, directory);
  const program = io.programs.self([
    'start',
    ...['--port', '0', '--data', data, '--metrics-port', '0'],
    ...['--log-level', 'info', '--log-format', 'json'],
  ]);
  const close = async (): Promise<void> => {
    await stopProgram(io, program);
    await io.files.remove(data);
  };
  try {
    const { bootstrap, metrics, troubles } = await announced(program);
    return {
      name,
      version: clientVersion,
      bootstrapServers: [endpoint(bootstrap)],
      pid: program.pid,
      metrics: metrics === undefined ? undefined : endpoint(new URL(metrics).host),
      notes: [],
      troubles: () => troubles,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function dataDirectory({ files, environment }: CliIo, directory: string | undefined): Promise<string> {
  if (directory === undefined) return files.makeTemporaryDirectory('millrace-bench-');
  const path = `${directory}/millrace-bench-${environment.random.uint32().toString(36)}`;
  await files.makeDirectory(path);
  return path;
}

function endpoint(text: string): { readonly host: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

interface Announcement {
  readonly bootstrap: string;
  readonly metrics: string | undefined;
  /** Grows while the broker runs. */
  readonly troubles: readonly string[];
}

const keptTroubles = 5;

/** Waits for the line that says where it listens; of the rest of its log only troubles are kept. */
async function announced(program: RunningProgram): Promise<Announcement> {
  const lines = linesOf(program.output);
  let last = '';
  for (;;) {
    const next = await lines.next();
    if (next.done === true) break;
    last = next.value;
    const bootstrap = /"bootstrapServers":"([^"]+)"/.exec(last)?.[1];
    if (bootstrap === undefined) continue;
    const troubles: string[] = [];
    void (async () => {
      for await (const line of lines)
        if (/"level":"(?:warn|error|fatal)"/.test(line)) troubles.splice(0, troubles.length - keptTroubles + 1, line);
    })().catch(() => undefined);
    return { bootstrap, metrics: /"metrics":"([^"]+)"/.exec(last)?.[1], troubles };
  }
  throw new Error(`the broker to measure did not start: ${last || program.lastErrors}`);
}

/** SIGTERM, then SIGKILL. */
export async function stopProgram({ environment }: CliIo, program: RunningProgram): Promise<void> {
  program.kill('SIGTERM');
  const timer = environment.timers.after(stopTimeoutMs, () => program.kill('SIGKILL'));
  await program.ended;
  timer.cancel();
}
