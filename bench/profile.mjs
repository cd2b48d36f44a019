// Where the broker's CPU goes: `perf record` of the broker alone under one closed-loop load, JavaScript functions by name.
//
//   node bench/profile.mjs <produce|fetch|tiny> <bytes> [--connections 4] [--depth 1] [--seconds 5] [--directory DIR] [--top 45]
//
// Needs perf (Debian: linux-perf). Samples are taken by the CPU clock, which virtual machines have too. Prints two tables: by place (kernel, engine, JavaScript,
// V8, libuv, C library) and by function.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildBench } from './native/build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: 'string', default: '4' },
    depth: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '5' },
    directory: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    top: { type: 'string', default: '45' },
  },
});
const [mode = 'fetch', bytes = '1024'] = positionals;
const programs = buildBench();
const { WireClient, createTopic, produceOnce } = await import('./wire.mjs');
const directory = mkdtempSync(join(values.directory, 'millrace-profile-'));
const flags = ['--perf-basic-prof-only-functions', '--interpreted-frames-native-stack'];
const broker = spawn(
  process.execPath,
  [
    ...flags,
    join(root, 'dist/bin/main.js'),
    'start',
    '--port',
    '0',
    '--data',
    join(directory, 'data'),
    '--set',
    'millrace.flush.mode=os',
  ],
  { stdio: ['ignore', 'pipe', 'inherit'], cwd: directory },
);
try {
  const port = await new Promise((resolve, reject) => {
    let text = '';
    broker.stdout.on('data', (chunk) => {
      text += chunk;
      const match = /"bootstrapServers":"[^"]*:(\d+)"/.exec(text);
      if (match !== null) resolve(Number(match[1]));
    });
    broker.on('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
  });
  const client = await WireClient.connect(port);
  await createTopic(client, 'profile');
  if (mode === 'fetch') for (let i = 0; i < 64; i += 1) await produceOnce(client, 'profile', Number(bytes));
  client.close();
  const load = (seconds) =>
    new Promise((resolve) => {
      const named = {
        port,
        mode,
        'batch-bytes': bytes,
        connections: values.connections,
        depth: values.depth,
        seconds,
        topic: 'profile',
      };
      const args = Object.entries(named).flatMap(([name, value]) => [`--${name}`, String(value)]);
      const child = spawn(programs.load, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (chunk) => (out += chunk));
      child.on('close', () => resolve(out.trim()));
    });
  await load(1.5);
  const data = join(directory, 'perf.data');
  const perf = spawn(
    'perf',
    ['record', '-q', '-e', 'cpu-clock', '-F', '1999', '-g', '-o', data, '-p', String(broker.pid)],
    {
      stdio: 'ignore',
    },
  );
  console.log(await load(Number(values.seconds)));
  perf.kill('SIGINT');
  await new Promise((resolve) => perf.on('close', resolve));
  const report = (...args) =>
    spawnSync('perf', ['report', '-i', data, '--no-children', '-g', 'none', '--stdio', '-q', ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }).stdout;
  console.log(report('--sort', 'dso'));
  console.log(
    report('--sort', 'dso,symbol', ...(process.env.PROFILE_FILTER ? process.env.PROFILE_FILTER.split(' ') : []))
      .split('\n')
      .slice(0, Number(values.top))
      .join('\n'),
  );
} finally {
  broker.removeAllListeners('exit');
  broker.kill('SIGTERM');
  await new Promise((resolve) => broker.on('exit', resolve));
  rmSync(`/tmp/perf-${broker.pid}.map`, { force: true });
  rmSync(directory, { recursive: true, force: true });
}
