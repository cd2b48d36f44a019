import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { NodeFileSystem, nodeFileTools, systemClock, systemTimers } from '../../src/env/index.js';
import type { OfflinePorts } from '../../src/offline/offline_directory.js';
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
export function copyOf(name: 'stopped' | 'killed'): string {
  const path = join(temporary(), name);
  cpSync(join(golden, name), path, { recursive: true, preserveTimestamps: true });
  return path;
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
