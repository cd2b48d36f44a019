// Fuzzing for longer than the native tests do. With clang: libFuzzer with coverage, under ASan and UBSan, from the corpus in the tree; what
// it finds new is kept in build/fuzz. Without: the seeded mutations of the native tests, under the same sanitizers.
//
//   node test/fuzz/run.mjs [--seconds=60] [target ...]      default: every target, so long each
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const seconds = Number(process.argv.find((argument) => argument.startsWith('--seconds='))?.slice(10) ?? 60);
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const targets = chosen.length > 0 ? chosen : readdirSync(join(root, 'test/fuzz/corpus'));
const run = (program, args, env = {}) =>
  spawnSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;

if (spawnSync('clang++', ['--version']).status !== 0) {
  console.log('fuzz: no clang++, so without coverage: seeded mutations under sanitizers');
  process.exit(
    run(process.execPath, [
      'test/native/run.mjs',
      '--sanitize=address,undefined',
      `--count=${seconds * 500}`,
      'fuzzed',
    ]),
  );
}
const out = join(root, 'build', 'fuzz');
mkdirSync(out, { recursive: true });
const sources = ['native/base', 'native/io', 'native/codec', 'native/log', 'test/fuzz', 'test/fuzz/libfuzzer'].flatMap(
  (folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.cc'))
      .map((name) => join(folder, name)),
);
// Of the tests' own files those that targets use.
for (const name of ['memory_disk', 'log_workload', 'log_workload_check']) sources.push(`test/native/${name}.cc`);
const program = join(out, 'fuzz');
const flags = ['-std=c++20', '-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
if (run('clang++', [...flags, ...sources, '-o', program, '-pthread']) !== 0) process.exit(1);
let failed = 0;
for (const target of targets) {
  const found = join(out, target);
  mkdirSync(found, { recursive: true });
  const limits = [`-max_total_time=${seconds}`, '-max_len=16384', '-rss_limit_mb=1024', '-timeout=10'];
  const report = ['-print_final_stats=1', `-artifact_prefix=${out}/${target}-`];
  failed +=
    run(program, [...limits, ...report, found, `test/fuzz/corpus/${target}`], { MILLRACE_TARGET: target }) === 0
      ? 0
      : 1;
}
console.log(`fuzz: ${targets.length - failed} targets held, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
