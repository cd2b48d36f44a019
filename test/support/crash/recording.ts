import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '../../..');
const out = join(root, 'build/crash');

/** The preloaded library; compiled when its source is newer. */
function recorder(): string {
  const source = join(import.meta.dirname, 'recorder.cc');
  const library = join(out, 'recorder.so');
  mkdirSync(out, { recursive: true });
  if (!existsSync(library) || statSync(library).mtimeMs < statSync(source).mtimeMs)
    execFileSync('g++', ['-std=c++20', '-O1', '-Wall', '-Wextra', '-shared', '-fPIC', source, '-o', library, '-ldl']);
  return library;
}

/** A program of this repository's sources in one file that Node runs. */
export async function bundled(source: string, name: string): Promise<string> {
  const bundle = await rolldown({
    input: source,
    platform: 'node',
    external: [/^node:/, /^[a-z@]/],
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  });
  const { output } = await bundle.write({
    dir: out,
    entryFileNames: `${name}.mjs`,
    chunkFileNames: `${name}-[hash].mjs`,
  });
  return join(out, output[0].fileName);
}

/** What a process did to the files in `directory`. */
export interface Recording {
  readonly directory: string;
  readonly trace: Buffer;
}

/** Runs `program` with a directory that has but empty `directories` in it, and `argument`. What it did to files in there is in the trace. */
export function record(program: string, argument: string, directories: readonly string[]): Recording {
  const library = recorder();
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'millrace-test-recorded-'));
  const trace = join(out, `trace-${process.pid}-${argument}`);
  for (const name of directories) mkdirSync(join(directory, name));
  try {
    const run = spawnSync(process.execPath, [program, directory, argument], {
      encoding: 'utf8',
      env: {
        ...process.env,
        LD_PRELOAD: library,
        MILLRACE_RECORDED_ROOT: `${directory}/`,
        MILLRACE_RECORDED_TRACE: trace,
        UV_USE_IO_URING: '0',
      },
    });
    if (run.status !== 0) throw new Error(`${program} ${argument} ended with ${run.status}: ${run.stderr}`);
    return { directory, trace: readFileSync(trace) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(trace, { force: true });
  }
}
