// Compiles the native unit tests (everything but the addon's binding; the server on the loop of test/native/loop) and runs them.
//
//   node test/native/run.mjs [--sanitize=address,undefined|thread] [--seed=N] [--count=N] [part of a test's name ...]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const option = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const sanitize = option('sanitize');
const out = join(
  root,
  'build',
  sanitize === undefined ? 'test-native' : `test-native-${sanitize.replaceAll(',', '-')}`,
);
mkdirSync(out, { recursive: true });

const list = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => `${folder}/${name}`);
const folders = [
  'native/base',
  'native/io',
  'native/codec',
  'native/log',
  'native/net',
  'test/native',
  'test/native/loop',
  'test/fuzz',
];
const sources = folders.flatMap(list);

const flags = [
  '-std=c++20',
  '-Wall',
  '-Wextra',
  '-fno-exceptions',
  '-DMILLRACE_POISON',
  '-Itest/native/loop',
  // Lines and functions for a stack trace: variables too would take half of the compile time again.
  '-g1',
];
if (sanitize !== undefined)
  flags.push(
    `-fsanitize=${sanitize}`,
    sanitize === 'thread' ? '-O1' : '-Og',
    '-fno-omit-frame-pointer',
    '-fno-sanitize-recover=all',
  );
else flags.push('-O1');

// What is newer than its object is compiled again; with other flags, everything.
const program = join(out, 'tests');
const makefile = join(out, 'Makefile');
const objects = sources.map((source) => [source, join(out, `${source.replaceAll('/', '_')}.o`)]);
const rules = [`all: ${program}`, 'CXX ?= g++'];
for (const [source, object] of objects)
  rules.push(`${object}: ${source} ${makefile}`, `\t$(CXX) ${flags.join(' ')} -MMD -MP -c ${source} -o ${object}`);
const wrapped = ['millraceSend', 'millraceSendmsg', 'sendfile', 'millraceRecv', 'accept4']
  .map((call) => `--wrap=${call}`)
  .join(',');
const linked = objects.map(([, object]) => object).join(' ');
rules.push(`${program}: ${linked}`, `\t$(CXX) ${flags.join(' ')} ${linked} -o ${program} -pthread -Wl,${wrapped}`);
rules.push(`-include ${join(out, '*.d')}`, '');
const text = rules.join('\n');
if (!existsSync(makefile) || readFileSync(makefile, 'utf8') !== text) writeFileSync(makefile, text);
const built = spawnSync('make', ['-s', '-j2', '-f', makefile], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) {
  console.error('native tests: did not compile (is g++ installed? `apt-get install -y g++ make`)');
  process.exit(1);
}
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
// ThreadSanitizer cannot place its shadow beside a widely randomised address space; where that may be switched off, it is.
const fixed = sanitize === 'thread' && spawnSync('setarch', ['-R', 'true']).status === 0;
// Random tests: other seeds than the usual ones.
const seeds = {};
if (option('seed') !== undefined) seeds.MILLRACE_SEED = option('seed');
if (option('count') !== undefined) seeds.MILLRACE_SEED_COUNT = option('count');
const run = spawnSync(fixed ? 'setarch' : program, fixed ? ['-R', program, ...chosen] : chosen, {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, ...seeds, TSAN_OPTIONS: 'halt_on_error=1' },
});
process.stdout.write(`native${sanitize === undefined ? '' : ` (${sanitize})`}: ${run.stdout}`);
process.stderr.write(run.stderr);
if (run.signal !== null) console.error(`native tests: ended by ${run.signal}`);
const counts = /(\d+) passed, (\d+) failed/.exec(run.stdout);
const results = join(root, '.test-results');
mkdirSync(results, { recursive: true });
const passed = Number(counts?.[1] ?? 0);
const failed = counts === null ? 1 : Number(counts[2]);
const name = sanitize === undefined ? 'native' : sanitize === 'thread' ? 'native-tsan' : 'native-asan';
writeFileSync(join(results, `${name}.json`), JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
process.exit(run.status === 0 && failed === 0 ? 0 : 1);
