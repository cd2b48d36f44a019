// Compiles the native unit tests (everything but the addon's binding and the part on libuv) and runs them.
//
//   node test/native/run.mjs [--sanitize=address,undefined|thread]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sanitize = process.argv.find((argument) => argument.startsWith('--sanitize='))?.slice('--sanitize='.length);
const out = join(
  root,
  'build',
  sanitize === undefined ? 'test-native' : `test-native-${sanitize.replaceAll(',', '-')}`,
);
mkdirSync(out, { recursive: true });

const needsLibuv = new Set(['native/net/server.cc', 'native/net/connection.cc']);
const list = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => `${folder}/${name}`);
const sources = ['native/base', 'native/io', 'native/log', 'native/net', 'test/native']
  .flatMap(list)
  .filter((source) => !needsLibuv.has(source));

const flags = [
  '-std=c++20',
  '-Wall',
  '-Wextra',
  '-fno-exceptions',
  '-DMILLRACE_POISON',
  '-g',
  sanitize === undefined ? '-O1' : '-O1',
];
if (sanitize !== undefined)
  flags.push(`-fsanitize=${sanitize}`, '-fno-omit-frame-pointer', '-fno-sanitize-recover=all');

function newest(folder) {
  return Math.max(
    ...readdirSync(join(root, folder), { recursive: true }).map((name) => statSync(join(root, folder, name)).mtimeMs),
  );
}
const stale = Math.max(newest('native'), newest('test/native'));
const program = join(out, 'tests');

function isBuilt() {
  try {
    return statSync(program).mtimeMs > stale;
  } catch {
    return false;
  }
}

if (!isBuilt()) {
  const makefile = ['all: tests', `CXX ?= g++`];
  const objects = sources.map((source) => [source, join(out, `${source.replaceAll('/', '_')}.o`)]);
  for (const [source, object] of objects)
    makefile.push(`${object}: FORCE`, `\t$(CXX) ${flags.join(' ')} -c ${source} -o ${object}`);
  makefile.push(
    `tests: ${objects.map(([, object]) => object).join(' ')}`,
    `\t$(CXX) ${flags.join(' ')} $^ -o ${program} -pthread -Wl,--wrap=sendmsg,--wrap=sendfile`,
    'FORCE:',
  );
  writeFileSync(join(out, 'Makefile'), `${makefile.join('\n')}\n`);
  const built = spawnSync('make', ['-s', '-j2', '-f', join(out, 'Makefile')], { cwd: root, stdio: 'inherit' });
  if (built.status !== 0) {
    console.error('native tests: did not compile (is g++ installed? `apt-get install -y g++ make`)');
    process.exit(1);
  }
}
const run = spawnSync(program, {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' },
});
process.stdout.write(`native${sanitize === undefined ? '' : ` (${sanitize})`}: ${run.stdout}`);
process.stderr.write(run.stderr);
const counts = /(\d+) passed, (\d+) failed/.exec(run.stdout);
const results = join(root, '.test-results');
mkdirSync(results, { recursive: true });
const passed = Number(counts?.[1] ?? 0);
const failed = counts === null ? 1 : Number(counts[2]);
const name = sanitize === undefined ? 'native' : `native-${sanitize.replaceAll(',', '-')}`;
writeFileSync(join(results, `${name}.json`), JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
process.exit(run.status === 0 && failed === 0 ? 0 : 1);
