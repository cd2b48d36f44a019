import { clientVersion } from '../../client/cluster_client.js';
import { packageRoot } from '../../env/package_root.js';
import type { CliIo } from '../io.js';
import { linesOf } from './lines.js';
import type { BenchEnvironment } from './report.js';

async function fileText({ files }: CliIo, path: string): Promise<string> {
  const bytes = await files.readFile(path).catch(() => undefined);
  return bytes === undefined ? '' : new TextDecoder().decode(bytes);
}

/** Of the checkout that this program is, with a `+` when it was changed since. Undefined when it is installed, or git is not there. */
async function commitOf({ programs }: CliIo): Promise<string | undefined> {
  const git = async (...args: readonly string[]): Promise<readonly string[] | undefined> => {
    const program = programs.run('git', ['-C', packageRoot(), ...args]);
    program.endInput();
    const lines: string[] = [];
    try {
      for await (const line of linesOf(program.output)) lines.push(line);
    } catch {
      return undefined;
    }
    return (await program.ended) === 0 ? lines : undefined;
  };
  const [top] = (await git('rev-parse', '--show-toplevel')) ?? [];
  if (top !== packageRoot()) return undefined;
  const [commit] = (await git('rev-parse', '--short', 'HEAD')) ?? [];
  const changes = (await git('status', '--porcelain', '--untracked-files=no')) ?? [];
  return commit === undefined ? undefined : `${commit}${changes.length > 0 ? '+' : ''}`;
}

export async function describeMachine(io: CliIo): Promise<BenchEnvironment> {
  const cpuinfo = await fileText(io, '/proc/cpuinfo');
  const meminfo = await fileText(io, '/proc/meminfo');
  const model = /^(?:model name|Hardware|CPU part)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? 'unknown CPU';
  const commit = await commitOf(io);
  return {
    date: new Date(io.environment.clock.wallMs()).toISOString(),
    machine: `${process.platform} ${process.arch}`,
    cpu: model.trim(),
    cpuCount: [...cpuinfo.matchAll(/^processor\s*:/gm)].length,
    memoryBytes: Number(/^MemTotal:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024,
    kernel: `Linux ${(await fileText(io, '/proc/sys/kernel/osrelease')).trim()}`,
    node: process.version,
    millrace: clientVersion,
    ...(commit === undefined ? {} : { commit }),
  };
}
