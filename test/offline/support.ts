import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { NodeFileSystem, nodeFileTools, systemClock, systemTimers } from '../../src/env/index.js';
import type { OfflinePorts } from '../../src/offline/offline_directory.js';
import { decodeBatchHeader, splitBatches } from '../../src/records/index.js';
import { createNativeLocks } from '../../src/storage/native_locks.js';
import { FakeIo } from '../cli/support/fake_io.js';

export const golden = join(import.meta.dirname, '../golden/kafka-dirs');

export const ports: OfflinePorts = {
  files: new NodeFileSystem(),
  tools: nodeFileTools,
  locks: createNativeLocks(),
  clock: systemClock,
  timers: systemTimers,
};

const made: string[] = [];
afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

/** A temporary directory, gone after the tests of the file. */
export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  made.push(path);
  return path;
}

/** A copy of a golden directory that may be changed. */
export function copyOf(name: 'stopped' | 'killed' | 'secured'): string {
  const path = join(temporary(), name);
  cpSync(join(golden, name), path, { recursive: true, preserveTimestamps: true });
  return path;
}

/**
 * A directory in whose log `segments-0` offsets 25 to 29 (the end of a segment) and 35 to 39 (the middle of one) are missing, all above
 * its recovery point.
 */
export function withGaps(recoveryPoint = 0): string {
  const directory = copyOf('stopped');
  rmSync(join(directory, '.kafka_cleanshutdown'));
  const points = join(directory, 'recovery-point-offset-checkpoint');
  writeFileSync(points, readFileSync(points, 'utf8').replace('segments 0 65\n', `segments 0 ${recoveryPoint}\n`));
  for (const [segment, missing] of [
    ['00000000000000000015.log', 25],
    ['00000000000000000030.log', 35],
  ] as const) {
    const path = join(directory, 'segments-0', segment);
    const kept = [...splitBatches(readFileSync(path))].filter(
      (batch) => decodeBatchHeader(batch).baseOffset !== missing,
    );
    writeFileSync(path, Buffer.concat(kept));
  }
  return directory;
}

/** The command line, with what it said and its exit status. */
export async function cli(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const io = new FakeIo();
  const code = await runCli(args, io);
  return { code, out: io.output.text, err: io.errors.text };
}

/** Every file below `path` with its content's hash, size and modification time. */
export function fingerprint(path: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const { mtimeMs, size } = statSync(file);
    const content = entry.isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'directory';
    found.set(relative(path, file), `${content} ${size} ${mtimeMs}`);
  }
  return found;
}
