import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  defaultExports,
  forbiddenCalls,
  importCycles,
  importsOf,
  LAYERS,
  missingFiles,
  parse,
  type SourceText,
  tooLong,
  typeEscapes,
  unfinished,
  unreachableFiles,
  unusedHeaders,
  wrongDirections,
} from './tidy_rules.js';

const TOP = join(import.meta.dirname, '..');
const MAX_LINES = 600;

function filesUnder(folder: string, extension: RegExp): SourceText[] {
  return readdirSync(join(TOP, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(TOP, path), text: readFileSync(path, 'utf8') }));
}

/** The sources behind what package.json offers: the module and the command. */
function entries(): string[] {
  const manifest = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as {
    readonly main: string;
    readonly bin: Readonly<Record<string, string>>;
  };
  return [manifest.main, ...Object.values(manifest.bin)].map((built) =>
    // `dist/bin` is bundled from `dist/cli` (rolldown.config.mjs).
    built
      .replace(/^\.\/dist\/bin\//, './dist/cli/')
      .replace(/^\.\/dist\//, 'src/')
      .replace(/\.js$/, '.ts'),
  );
}

const sources = filesUnder('src', /\.ts$/);
const native = filesUnder('native', /\.(cc|cpp|h|hpp)$/);
const parsed = sources.map(parse);
const imports = parsed.flatMap(importsOf);
const paths = new Set(sources.map(({ path }) => path));

describe('the tree', () => {
  it('has sources in every layer it names and in no other', () => {
    const folders = new Set([...paths].flatMap((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []));
    expect([...folders].filter((folder) => !LAYERS.includes(folder))).toEqual([]);
    expect(sources.length).toBeGreaterThan(50);
    expect(native.length).toBeGreaterThan(5);
  });

  it('imports along the layers only', () => {
    expect(wrongDirections(imports)).toEqual([]);
  });

  it('imports no file that is not there', () => {
    expect(missingFiles(imports, paths)).toEqual([]);
  });

  it('has no import cycles', () => {
    expect(importCycles(imports)).toEqual([]);
  });

  it('reaches every file from the module or the command', () => {
    expect(unreachableFiles(paths, imports, entries())).toEqual([]);
    expect(unusedHeaders(native)).toEqual([]);
  });

  it(`has no file above ${MAX_LINES} lines`, () => {
    expect([...sources, ...native].flatMap((file) => tooLong(file, MAX_LINES))).toEqual([]);
  });

  it('touches time, chance, files and sockets in src/env only', () => {
    const outside = parsed.filter(({ fileName }) => !fileName.startsWith('src/env/'));
    expect(outside.flatMap(forbiddenCalls)).toEqual([]);
  });

  it('loads the addon in one place', () => {
    const loaders = new Set(imports.filter(({ to }) => to === 'bindings').map(({ from }) => from));
    expect([...loaders]).toEqual(['src/storage/native.ts']);
  });

  it('has no way around the type checker', () => {
    expect(parsed.flatMap(typeEscapes)).toEqual([]);
    expect(parsed.flatMap(defaultExports)).toEqual([]);
  });

  it('leaves nothing for later', () => {
    expect([...sources, ...native].flatMap(unfinished)).toEqual([]);
  });
});

describe('the rules', () => {
  const file = (path: string, text: string) => parse({ path, text });

  it('see an import against the layers', () => {
    const wrong = (path: string, text: string): number => wrongDirections(importsOf(file(path, text))).length;
    expect(wrong('src/common/a.ts', "import { x } from '../protocol/x.js';")).toBe(1);
    expect(wrong('src/config/a.ts', "import { x } from '../protocol/x.js';")).toBe(1);
    expect(wrong('src/records/a.ts', "import type { x } from '../protocol/x.js';")).toBe(0);
    expect(wrong('src/coordinator/group/a.ts', "export * from '../../replication/x.js';")).toBe(1);
    expect(wrong('src/server/a.ts', "const x = await import('../coordinator/x.js');")).toBe(0);
    expect(wrong('src/client/a.ts', "import { x } from '../server/x.js';")).toBe(1);
    expect(wrong('src/cli/commands/topics/create.ts', "import { x } from '../../../server/x.js';")).toBe(1);
    expect(wrong('src/cli/commands/start.ts', "import { x } from '../../server/x.js';")).toBe(0);
  });

  it('see a cycle, a missing file and an unreachable one', () => {
    const graph = [
      ...importsOf(file('src/common/a.ts', "import { b } from './b.js'; import type { n } from './none.js';")),
      ...importsOf(file('src/common/b.ts', "import type { c } from './c.js';")),
      ...importsOf(file('src/common/c.ts', "export { a } from './a.js';")),
      ...importsOf(file('src/common/d.ts', "import { a } from './a.js';")),
    ];
    const all = new Set(['a', 'b', 'c', 'd'].map((name) => `src/common/${name}.ts`));
    expect(importCycles(graph)).toEqual(['cycle: src/common/a.ts ↔ src/common/b.ts ↔ src/common/c.ts']);
    expect(missingFiles(graph, all)).toHaveLength(1);
    expect(unreachableFiles(all, graph, ['src/common/a.ts'])).toEqual(['src/common/d.ts is reached from no entry']);
  });

  it('see forbidden calls, however they are written', () => {
    const count = (text: string): number => forbiddenCalls(file('src/server/a.ts', text)).length;
    expect(count('const t = Date.now();')).toBe(1);
    expect(count('const now = performance.now;')).toBe(1);
    expect(count('new Date();')).toBe(1);
    expect(count('new Date(wallMs).toISOString();')).toBe(0);
    expect(count('setTimeout(run, 1);')).toBe(1);
    expect(count('globalThis.setTimeout(run, 1);')).toBe(1);
    expect(count('timers.setTimeout(run, 1); const x = { setTimeout: 1 };')).toBe(0);
    expect(count('const later = { run: setImmediate };')).toBe(1);
    expect(count("import { readFile } from 'node:fs/promises';")).toBe(1);
    expect(count("import type { Socket } from 'node:net';")).toBe(0);
    expect(count('console.log(Math.random());')).toBe(2);
    expect(count('// Date.now() in a comment')).toBe(0);
    expect(count('process.exit(1);')).toBe(1);
    expect(forbiddenCalls(file('src/cli/main.ts', 'process.exit(1);'))).toEqual([]);
  });

  it('see type escapes, default exports, long files and notes for later', () => {
    const escapes = (text: string): number => typeEscapes(file('src/server/a.ts', text)).length;
    expect(escapes('let x: any;')).toBe(1);
    expect(escapes('const y = x as unknown as string;')).toBe(1);
    expect(escapes('const y = x as string;')).toBe(0);
    expect(escapes('const y = x!;')).toBe(1);
    expect(escapes('// @ts-expect-error\nfoo();')).toBe(1);
    expect(defaultExports(file('src/a.ts', 'export default function f() {}'))).toHaveLength(1);
    expect(defaultExports(file('src/a.ts', 'export default 1;'))).toHaveLength(1);
    expect(defaultExports(file('src/a.ts', 'export const f = 1;'))).toHaveLength(0);
    expect(tooLong({ path: 'a', text: 'x\n'.repeat(5) }, 5)).toHaveLength(0);
    expect(tooLong({ path: 'a', text: 'x\n'.repeat(6) }, 5)).toHaveLength(1);
    expect(unfinished({ path: 'a', text: 'ok\n// TODO later' })).toEqual(['a:2 says TODO']);
    const header = { path: 'native/a/b.h', text: '' };
    expect(unusedHeaders([header, { path: 'native/a/c.cc', text: '#include "a/b.h"' }])).toEqual([]);
    expect(unusedHeaders([header])).toHaveLength(1);
  });
});
