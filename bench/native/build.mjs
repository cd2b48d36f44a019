// Builds the reference server and the load client into build/bench.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Paths of the two programs. */
export function buildBench() {
  const out = join(root, 'build/bench');
  mkdirSync(out, { recursive: true });
  for (const program of ['reference', 'load']) {
    const sources = [`bench/native/${program}.cc`, 'native/base/crc32c.cc', 'native/log/batch.cc'];
    const result = spawnSync('g++', ['-std=c++20', '-O2', ...sources, '-o', join(out, program)], {
      cwd: root,
      encoding: 'utf8',
    });
    if (result.status !== 0)
      throw new Error(`${program} did not compile (is g++ installed?): ${result.stderr ?? result.error?.message}`);
  }
  return { reference: join(out, 'reference'), load: join(out, 'load') };
}
