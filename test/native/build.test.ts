import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** What `native/build.mjs` says in a checkout of its own, on a machine that has only `tools`. */
function build(tools: readonly string[], nodeGyp = 'process.exit(1);') {
  const checkout = mkdtempSync(join(tmpdir(), 'millrace-test-build-'));
  directories.push(checkout);
  for (const folder of ['native', 'bin', 'node_modules/node-gyp/bin'])
    mkdirSync(join(checkout, folder), { recursive: true });
  copyFileSync(join(root, 'native/build.mjs'), join(checkout, 'native/build.mjs'));
  writeFileSync(join(checkout, 'binding.gyp'), '{}');
  writeFileSync(join(checkout, 'node_modules/node-gyp/bin/node-gyp.js'), nodeGyp);
  for (const tool of tools) {
    writeFileSync(join(checkout, 'bin', tool), '#!/bin/sh\nexit 0\n');
    chmodSync(join(checkout, 'bin', tool), 0o755);
  }
  const { status, stderr } = spawnSync(process.execPath, [join(checkout, 'native/build.mjs')], {
    env: { PATH: join(checkout, 'bin') },
    encoding: 'utf8',
  });
  return { status, lines: stderr.trimEnd().split('\n') };
}

describe('building the addon', () => {
  it.each([
    ['a C++ compiler', [], /^millrace: a C\+\+ compiler is needed .*`apt-get install -y g\+\+ make python3`\.$/],
    ['make', ['g++'], /^millrace: make is needed .*`apt-get install -y g\+\+ make python3`\.$/],
    ['python3', ['g++', 'make'], /^millrace: python3 is needed .*`apt-get install -y g\+\+ make python3`\.$/],
  ])('says in one sentence what to install without %s', (_what, tools, sentence) => {
    const { status, lines } = build(tools);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(sentence);
    expect(status).toBe(1);
  });

  it.each([
    // What node-gyp 12.4.0 says behind a firewall, without a name server, and with a Node that lacks node_api.h.
    'gyp ERR! stack Error: This is most likely not a problem with node-gyp\ngyp ERR! stack at go (/x/node_modules/node-gyp/lib/install.js:244:21)',
    'gyp ERR! stack FetchError: request failed, reason: getaddrinfo EAI_AGAIN nodejs.org',
    'native/binding/addon.cc:1:10: fatal error: node_api.h: No such file or directory',
  ])('says in one sentence that headers are missing: %s', (output) => {
    const { status, lines } = build(
      ['g++', 'make', 'python3'],
      `console.error(${JSON.stringify(output)}); process.exit(1);`,
    );
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^millrace: Node's C\+\+ headers are missing .*`apt-get install -y libnode-dev`/);
    expect(status).toBe(1);
  });

  it('shows the compiler output of any other failure', () => {
    const { status, lines } = build(['g++', 'make', 'python3'], 'console.error("error: expected ;"); process.exit(1);');
    expect(lines).toContain('error: expected ;');
    expect(lines.at(-1)).toMatch(/did not build; the compiler output is above/);
    expect(status).toBe(1);
  });
});
