// Millrace against the plain C reference server in one interleaved run.
//
//   npm run bench -- [--quick] [--rounds N] [--seconds S] [--out name] [--only 'part of a workload\'s name']
//                    [--directory /dev/shm]   (both servers write there; in memory the disk's moods are left out)
//
// Every workload runs A B A B ... on fresh topics; reported are medians with min and max, the ratio Millrace / reference per round, and
// CPU-seconds per GB of the server alone (user + system, from /proc). Results go to bench/results.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildBench } from './native/build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    out: { type: 'string' },
    only: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
const seconds = values.seconds ?? (values.quick ? '1' : '3');
const programs = buildBench();
const { WireClient, createTopic, produceOnce } = await import('./wire.mjs');

const workloads = [
  { name: 'produce 1 KiB, 4 × 4', mode: 'produce', bytes: 1024, connections: 4, depth: 4, target: undefined },
  { name: 'produce 16 KiB, 4 × 4', mode: 'produce', bytes: 16384, connections: 4, depth: 4, target: 0.85 },
  { name: 'produce 1 MiB, 4 × 1', mode: 'produce', bytes: 1 << 20, connections: 4, depth: 1, target: 0.9 },
  { name: 'fetch 1 KiB, 4 × 1', mode: 'fetch', bytes: 1024, connections: 4, depth: 1, target: 0.7 },
  { name: 'fetch 16 KiB, 4 × 1', mode: 'fetch', bytes: 16384, connections: 4, depth: 1, target: 0.9 },
  { name: 'fetch 1 MiB, 4 × 1', mode: 'fetch', bytes: 1 << 20, connections: 4, depth: 1, target: 0.95 },
  { name: 'tiny, 64 × 1', mode: 'tiny', bytes: 0, connections: 64, depth: 1, target: 0.9 },
];

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
function rssMib(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

function startProgram(command, args, pattern) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const match = pattern.exec(text);
      if (match !== null) resolve({ pid: child.pid, port: Number(match[1]), stop: () => stop(child) });
    });
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${text}`)));
  });
}

function stop(child) {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.on('exit', resolve);
    child.kill('SIGTERM');
  });
}

async function startServers(directory, flushMode) {
  const data = join(directory, `millrace-${flushMode}`);
  const millrace = await startProgram(
    process.execPath,
    [
      join(root, 'dist/cli/main.js'),
      'start',
      '--port',
      '0',
      '--data',
      data,
      '--log-level',
      'info',
      '--set',
      `millrace.flush.mode=${flushMode}`,
    ],
    /"bootstrapServers":"[^"]*:(\d+)"/,
  );
  return millrace;
}

/**
 * Virtual machines hand out memory slowly (here 350 MB/s) the first time a page is used, which halves whatever round writes into
 * new pages. A file is written and removed before each round, so that both servers write into pages that were just used, and what
 * earlier rounds left to be written back is gone.
 */
function warmMemory() {
  spawnSync('sync');
  const path = join(directory, 'warm');
  spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${Math.ceil(1500 * Number(seconds))}`]);
  rmSync(path);
}

async function load(server, workload, topic) {
  if (workload.mode === 'produce') warmMemory();
  const before = cpuSeconds(server.pid);
  const args = [server.port, workload.mode, workload.bytes, workload.connections, workload.depth, seconds, topic].map(
    String,
  );
  const result = await new Promise((resolve, reject) => {
    const child = spawn(programs.load, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${workload.name}: ${err}`)),
    );
  });
  return { ...result, cpuPerGb: ((cpuSeconds(server.pid) - before) / result.bytes) * 1e9 };
}

const sorted = (list) => [...list].sort((a, b) => a - b);
const median = (list) => sorted(list)[Math.floor(list.length / 2)];
const spread = (list, digits = 2) =>
  `${median(list).toFixed(digits)} (${sorted(list)[0].toFixed(digits)}–${sorted(list).at(-1).toFixed(digits)})`;

let topicNumber = 0;
/** A topic with something to fetch in it, on both servers alike. */
async function prepare(servers, workload) {
  topicNumber += 1;
  const topic = `bench-${topicNumber}`;
  for (const server of servers) {
    const client = await WireClient.connect(server.port);
    if (server.isMillrace && workload.mode !== 'tiny') await createTopic(client, topic);
    if (workload.mode === 'fetch') for (let i = 0; i < 64; i += 1) await produceOnce(client, topic, workload.bytes);
    client.close();
  }
  return topic;
}

const directory = mkdtempSync(join(values.directory, 'millrace-bench-'));
const report = [];
const startedMs = Date.now();
const millrace = { ...(await startServers(directory, 'os')), isMillrace: true };
const startMs = Date.now() - startedMs;
const rssAtStart = rssMib(millrace.pid);
for (const workload of workloads.filter(({ name }) => name.includes(values.only ?? ''))) {
  const rows = { millrace: [], reference: [] };
  for (let round = 0; round < rounds; round += 1) {
    const reference = await startProgram(programs.reference, [directory, '32768'], /ready (\d+)/);
    const topic = await prepare([millrace, reference], workload);
    const order = round % 2 === 0 ? ['millrace', 'reference'] : ['reference', 'millrace'];
    for (const name of order) rows[name].push(await load(name === 'millrace' ? millrace : reference, workload, topic));
    await reference.stop();
  }
  const ratios = rows.millrace.map((row, index) => row.requestsPerSecond / rows.reference[index].requestsPerSecond);
  const pick = (name, field) => rows[name].map((row) => row[field]);
  const line = {
    workload: workload.name,
    target: workload.target,
    ratio: spread(ratios),
    ratioMedian: median(ratios),
    millraceRps: Math.round(median(pick('millrace', 'requestsPerSecond'))),
    referenceRps: Math.round(median(pick('reference', 'requestsPerSecond'))),
    millraceMbs: Math.round(median(pick('millrace', 'mbPerSecond'))),
    millraceCpuPerGb: median(pick('millrace', 'cpuPerGb')),
    referenceCpuPerGb: median(pick('reference', 'cpuPerGb')),
    millraceP99Ms: median(pick('millrace', 'p99Ms')),
    referenceP99Ms: median(pick('reference', 'p99Ms')),
    rounds: rows,
  };
  report.push(line);
  console.error(`${line.workload.padEnd(24)} ratio ${line.ratio}  target ${line.target ?? '–'}`);
}
const rssAfter = rssMib(millrace.pid);
await millrace.stop();

const flush = {};
for (const mode of values.only === undefined ? ['group', 'os'] : []) {
  const server = { ...(await startServers(directory, mode)), isMillrace: true };
  const workload = {
    name: `64 producers, 16 KiB, flush=${mode}`,
    mode: 'produce',
    bytes: 16384,
    connections: 64,
    depth: 1,
  };
  const rows = [];
  for (let round = 0; round < rounds; round += 1)
    rows.push((await load(server, workload, await prepare([server], workload))).requestsPerSecond);
  flush[mode] = spread(rows, 0);
  await server.stop();
}
rmSync(directory, { recursive: true, force: true });

const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
const environment = {
  date: new Date().toISOString(),
  commit,
  cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  rounds,
  seconds: Number(seconds),
  directory: values.directory,
};
const table = [
  '| workload | ratio to the C server: median (min–max) | target | requests/s | MB/s | CPU-s/GB | C server | p99 ms | C server |',
  '|---|---|---|---|---|---|---|---|---|',
  ...report.map(
    (r) =>
      `| ${r.workload} | ${r.ratio} | ${r.target === undefined ? '–' : `≥ ${r.target}`} | ${r.millraceRps} | ${r.millraceMbs} | ${r.millraceCpuPerGb.toFixed(2)} | ${r.referenceCpuPerGb.toFixed(2)} | ${r.millraceP99Ms.toFixed(2)} | ${r.referenceP99Ms.toFixed(2)} |`,
  ),
].join('\n');
const extra = `RSS ${rssAtStart.toFixed(0)} MiB at start, ${rssAfter.toFixed(0)} MiB after the load. Process start to ready: ${startMs} ms.
64 producers at 16 KiB, requests/s: flush=group ${flush.group}, flush=os ${flush.os}.`;
const text = `${Object.entries(environment)
  .map(([name, value]) => `${name}: ${value}`)
  .join(' · ')}\n\n${table}\n\n${extra}\n`;
console.log(text);
const name = values.out ?? `${environment.date.slice(0, 10)}-${commit}`;
mkdirSync(join(root, 'bench/results'), { recursive: true });
writeFileSync(
  join(root, `bench/results/${name}.json`),
  `${JSON.stringify({ environment, report, rssAtStart, rssAfter, startMs, flush }, null, 1)}\n`,
);
writeFileSync(join(root, `bench/results/${name}.md`), text);
