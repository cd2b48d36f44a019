// Where the broker's CPU goes: `perf record` of the broker alone under closed-loop load, one row a workload.
//
//   node bench/profile.mjs [--only 'produce 1024'] [--seconds 4] [--top 0] [--directory DIR]
//
// Needs perf (Debian: linux-perf). Samples are taken by the CPU clock, which virtual machines have too. `--top N` adds the N functions that
// cost most, those of JavaScript by name, without the kernel's.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runClient, warmMemory } from './harness/load.mjs';
import { startMillrace } from './harness/servers.mjs';
import { freshTopic, removeTopic } from './harness/topics.mjs';
import { buildBench } from './native/build.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '4' },
    top: { type: 'string', default: '0' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const workloads = [
  { mode: 'produce', batchBytes: 1024, connections: 4, depth: 4 },
  { mode: 'produce', batchBytes: 16384, connections: 4, depth: 4 },
  { mode: 'produce', batchBytes: 1 << 20, connections: 4, depth: 1 },
  { mode: 'fetch', batchBytes: 1024, connections: 4, depth: 1 },
  { mode: 'fetch', batchBytes: 16384, connections: 4, depth: 1 },
  { mode: 'fetch', batchBytes: 1 << 20, connections: 4, depth: 1 },
  { mode: 'tiny', batchBytes: 0, connections: 64, depth: 1 },
];
const programs = buildBench();
const directory = mkdtempSync(join(values.directory, 'millrace-profile-'));
const nodeFlags = ['--perf-basic-prof-only-functions', '--interpreted-frames-native-stack'];

function report(data, sort) {
  const args = ['report', '-i', data, '--no-children', '-g', 'none', '--stdio', '-q', '--sort', sort];
  const { stdout } = spawnSync('perf', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

/** Percent of the samples by where they fell. */
function places(data) {
  const sums = { kernel: 0, engine: 0, JavaScript: 0, 'node and V8': 0, 'C library': 0 };
  for (const line of report(data, 'dso')) {
    const [percent, name = ''] = line.trim().split(/%\s+/);
    const place = /kernel/.test(name)
      ? 'kernel'
      : /millrace/.test(name)
        ? 'engine'
        : /JIT/.test(name)
          ? 'JavaScript'
          : /^node/.test(name)
            ? 'node and V8'
            : 'C library';
    sums[place] += Number(percent);
  }
  return sums;
}

/** Outside of the kernel, which the C server shares. */
function topOf(data) {
  const lines = report(data, 'dso,symbol').filter((line) => !/\[k\]/.test(line));
  return lines.slice(0, Number(values.top));
}

async function profile(workload) {
  const data = join(directory, 'perf.data');
  const broker = await startMillrace({ data: join(directory, 'data'), nodeFlags, metrics: false });
  try {
    const filled = workload.mode === 'fetch' ? 64 : 0;
    const { batchBytes } = workload;
    const topic = await freshTopic(broker, { filled, batchBytes });
    await runClient(programs.load, broker, { ...workload, topic, seconds: 2 });
    if (workload.mode === 'produce') warmMemory(directory, 3e9);
    const record = ['record', '-q', '-e', 'cpu-clock', '-F', '1999', '-g', '-o', data, '-p', String(broker.pid)];
    const perf = spawn('perf', record, { stdio: 'ignore' });
    const ended = new Promise((resolve) => perf.on('close', resolve));
    const result = await runClient(programs.load, broker, { ...workload, topic, seconds: Number(values.seconds) });
    perf.kill('SIGINT');
    await ended;
    await removeTopic(broker, topic);
    return { result, places: places(data), functions: topOf(data) };
  } finally {
    await broker.stop();
    rmSync(`/tmp/perf-${broker.pid}.map`, { force: true });
    rmSync(join(directory, 'data'), { recursive: true, force: true });
  }
}

try {
  console.log(
    '| work | requests/s | kernel | engine | JavaScript | node and V8 | C library |\n|---|---|---|---|---|---|---|',
  );
  for (const workload of workloads) {
    const name = `${workload.mode} ${workload.batchBytes}`;
    if (!name.includes(values.only)) continue;
    const { result, places: shares, functions } = await profile(workload);
    const cells = Object.values(shares).map((share) => `${share.toFixed(0)} %`);
    console.log(`| ${name} B | ${Math.round(result.requestsPerSecond)} | ${cells.join(' | ')} |`);
    for (const line of functions) console.log(`    ${line.trim().replace(/\s{2,}/g, '  ')}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
