import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseReport } from '../../../src/cli/bench/index.js';

/** `npm run build` made it. */
const main = join(import.meta.dirname, '../../../dist/bin/main.js');

test('without a broker one is started, measured and removed, and the load has processes of its own', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-process-'));
  try {
    const args = ['produce', '--requests', '60', '--rounds', '1', '--warmup-seconds', '0', '--processes', '2'];
    const env = { ...process.env, MILLRACE_BOOTSTRAP: undefined };
    const child = spawn(process.execPath, [main, 'bench', ...args, '--directory', directory, '--format', 'json'], {
      env,
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(err).toBe('produce 1 KiB, 4 × 4: 1 round on Millrace\n');
    expect(code).toBe(0);
    const { rows, notes, servers } = parseReport(out);
    expect(notes).toEqual([]);
    expect(servers).toMatchObject([{ name: 'Millrace', version: '0.1.0' }]);
    const values = rows[0]?.values.Millrace;
    for (const metric of ['requestsPerSecond', 'systemCallsPerRequest', 'rssBytes'] as const)
      expect(values?.[metric]?.min).toBeGreaterThan(0);
    expect(values?.cpuSecondsPerGb).toBeDefined();
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a signal stops the broker that was started too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-process-'));
  try {
    const args = ['produce', '--rate', '20', '--seconds', '600', '--directory', directory];
    const env = { ...process.env, MILLRACE_BOOTSTRAP: undefined };
    const child = spawn(process.execPath, [main, 'bench', ...args], { env });
    let err = '';
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
        if (err.includes('round')) resolve();
      });
    });
    child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, err.split('\n').at(-2)]).toEqual([130, 'millrace: stopped before the measurement was done']);
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
