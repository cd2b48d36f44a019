// Millrace and Apache Kafka 4.3.1 with the same librdkafka client (rdkafka_performance), interleaved: records/s, broker CPU-seconds per GB,
// RSS, start time. Needs test/compat/install-clients and the path of real-kafka (REAL_KAFKA); says what is missing otherwise.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat');
const client = join(home, 'nrd/deps/librdkafka/examples/rdkafka_performance');
const realKafka = process.env.REAL_KAFKA ?? join(root, '../shared/tools/real-kafka');
if (!existsSync(client) || !existsSync(realKafka)) {
  console.log(`skipped: ${existsSync(client) ? realKafka : client} is not here`);
  process.exit(0);
}
const rounds = Number(process.argv[2] ?? 3);
const ticks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
const cpu = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
};
const rss = (pid) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const data = mkdtempSync(join(tmpdir(), 'millrace-vs-'));
const begun = Date.now();
const child = spawn(process.execPath, [
  join(root, 'dist/cli/main.js'),
  'start',
  '--port',
  '0',
  '--data',
  data,
  '--set',
  'millrace.flush.mode=os',
]);
const port = await new Promise((resolve) => {
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    const match = /"bootstrapServers":"[^"]*:(\d+)"/.exec(text);
    if (match) resolve(match[1]);
  });
});
const millrace = { name: 'Millrace', pid: child.pid, port, startMs: Date.now() - begun };
const begunKafka = Date.now();
const [, kafkaPort, kafkaPid] = spawnSync(realKafka, ['start', 'name=bench', 'port=26092'], {
  encoding: 'utf8',
}).stdout.split(' ');
const kafka = { name: 'Kafka 4.3.1', pid: Number(kafkaPid), port: kafkaPort, startMs: Date.now() - begunKafka };
for (const server of [millrace, kafka]) server.rssStart = rss(server.pid);

function measure(server, topic, size, count, consume) {
  const common = ['-t', topic, '-p', '0', '-b', `127.0.0.1:${server.port}`, '-c', String(count), '-u'];
  const args = consume
    ? ['-C', ...common, '-o', 'beginning']
    : ['-P', ...common, '-s', String(size), '-a', '1', '-X', 'linger.ms=5'];
  const before = cpu(server.pid);
  const started = process.hrtime.bigint();
  const result = spawnSync(client, args, { encoding: 'utf8', timeout: 60_000 });
  if (result.status !== 0) throw new Error(`${server.name}: ${result.stderr.slice(-300)}`);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { rate: count / seconds, cpuPerGb: ((cpu(server.pid) - before) / (size * count)) * 1e9 };
}

for (const [size, count] of [
  [1024, 300_000],
  [100, 1_000_000],
]) {
  const rows = new Map([millrace, kafka].map((server) => [server, { produce: [], fetch: [] }]));
  for (let round = 0; round < rounds; round += 1)
    for (const server of round % 2 === 0 ? [millrace, kafka] : [kafka, millrace]) {
      const topic = `vs-${size}-${round}`;
      rows.get(server).produce.push(measure(server, topic, size, count, false));
      rows.get(server).fetch.push(measure(server, topic, size, count, true));
    }
  for (const kind of ['produce', 'fetch'])
    for (const server of [millrace, kafka]) {
      const list = rows.get(server)[kind];
      const cpus = list.map((row) => row.cpuPerGb);
      console.log(
        `| ${kind} ${size} B | ${server.name} | ${Math.round(median(list.map((row) => row.rate)))} | ${median(cpus).toFixed(2)} (${Math.min(...cpus).toFixed(2)}–${Math.max(...cpus).toFixed(2)}) |`,
      );
    }
}
for (const server of [millrace, kafka])
  console.log(
    `${server.name}: ready after ${server.startMs} ms, RSS ${server.rssStart} MiB at start, ${rss(server.pid)} MiB after the load`,
  );
child.kill('SIGTERM');
spawnSync(realKafka, ['wipe', 'bench']);
rmSync(data, { recursive: true, force: true });
