import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const bin = join(import.meta.dirname, '../../../dist/bin');
const directory = mkdtempSync(join(tmpdir(), 'millrace-test-compiled-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A broker in a process that says which of its scripts V8 had to compile, and stops. */
const broker = `
  process.argv = [process.argv[0], ${JSON.stringify(join(bin, 'main.js'))}, 'start', '--port', '0', '--data', ${JSON.stringify(directory)}];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk, ...rest) => {
    if (String(chunk).includes('"msg":"ready on')) {
      write('taken ' + JSON.stringify([...scripts].map(([name, script]) => [name, script.cachedDataRejected === false])) + '\\n');
      process.kill(process.pid, 'SIGTERM');
    }
    return write(chunk, ...rest);
  };
  const { scripts } = await import(${JSON.stringify(join(bin, 'main.js'))});
`;

function start(...nodeFlags: readonly string[]): ReadonlyMap<string, boolean> {
  const run = spawnSync(process.execPath, [...nodeFlags, '--input-type=module', '-e', broker], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
  const taken = /^taken (.*)$/m.exec(run.stdout)?.[1];
  return new Map(JSON.parse(taken ?? '[]') as Array<[string, boolean]>);
}

describe('what V8 compiled at the build (bundle/)', () => {
  it('is what a start runs: nothing of it is compiled again', () => {
    const scripts = start();
    expect(scripts.size).toBeGreaterThan(3);
    expect([...scripts].filter(([, taken]) => !taken)).toEqual([]);
  });

  it('is refused by a V8 that would compile otherwise, and the broker starts all the same', () => {
    const scripts = start('--max-inlined-bytecode-size=461');
    expect(scripts.size).toBeGreaterThan(3);
    expect([...scripts].filter(([, taken]) => taken)).toEqual([]);
  });
});
