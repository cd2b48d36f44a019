// Starts and stops what is measured: Millrace, the plain C reference, Apache Kafka.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WireClient } from '../wire.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const kafkaVersion = '4.3.1';
const realKafka = process.env.REAL_KAFKA ?? join(root, '../shared/tools/real-kafka');

/** A free port whose successor is free too (Kafka's controller listens there). */
export async function freePort() {
  for (;;) {
    const port = await new Promise((resolve, reject) => {
      const server = createServer();
      server.on('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port: found } = server.address();
        server.close(() => resolve(found));
      });
    });
    if (port < 65_000 && (await isFree(port + 1))) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Resolves when the server answers ApiVersions and Metadata; asked every 2 ms. */
async function firstAnswer(port, alive) {
  while (alive()) {
    const client = await WireClient.connect(port).catch(() => undefined);
    if (client !== undefined) {
      const answers = client.send(18, 0, {}).then(() => client.send(3, 4, { topics: [] }));
      const answer = await Promise.race([answers, client.closed.then(() => undefined)]);
      client.close();
      if (answer !== undefined && answer.brokers.length > 0) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('the server ended before it answered');
}

// What is still running when the benchmark ends, in whatever way, ends with it.
const running = new Set();
process.on('exit', () => {
  for (const end of running) end();
});

function endWithUs(child) {
  const end = () => child.kill('SIGKILL');
  running.add(end);
  child.once('exit', () => running.delete(end));
}

function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
}

/**
 * What servers are started with: NODE_EXTRA_CA_CERTS, which some machines set for what their Node programs fetch, makes Node 20 parse a file of
 * certificates (on Debian 140 of them, 40 to 80 ms) before its first line, and a broker never looks at them.
 */
const { NODE_EXTRA_CA_CERTS: furtherCertificates, ...withoutCertificates } = process.env;
export const ownEnvironment = withoutCertificates;
export const hasFurtherCertificates = furtherCertificates !== undefined;

/**
 * `set`: broker configs. `nodeFlags`: for a profile. `wholeEnvironment`: with NODE_EXTRA_CA_CERTS, when it is set. `startMs`: from the start of
 * the process to its first answers.
 */
export async function startMillrace({
  name = 'Millrace',
  data,
  set = {},
  metrics = true,
  nodeFlags = [],
  wholeEnvironment = false,
}) {
  const port = await freePort();
  const metricsPort = await freePort();
  const configs = { 'millrace.flush.mode': 'os', 'log.segment.delete.delay.ms': '0', ...set };
  const args = [
    ...nodeFlags,
    join(root, 'dist/bin/main.js'),
    'start',
    '--port',
    port,
    '--data',
    data,
    '--log-level',
    'warn',
  ];
  if (metrics) args.push('--metrics-port', metricsPort);
  for (const [key, value] of Object.entries(configs)) args.push('--set', `${key}=${value}`);
  const begunMs = performance.now();
  const child = spawn(process.execPath, args.map(String), {
    env: wholeEnvironment ? process.env : ownEnvironment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  endWithUs(child);
  await firstAnswer(port, () => child.exitCode === null);
  const startMs = performance.now() - begunMs;
  return { name, kind: 'millrace', pid: child.pid, port, metricsPort, startMs, stop: () => stop(child) };
}

/** `restart()` begins with an empty file, in a new process behind the same object. */
export async function startReference({ program, directory, sendfileMinBytes = 32768 }) {
  const server = { name: 'C reference', kind: 'reference' };
  const start = async () => {
    const child = spawn(program, [directory, String(sendfileMinBytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
    endWithUs(child);
    const port = await new Promise((resolve, reject) => {
      child.stdout.on('data', (chunk) => resolve(Number(/ready (\d+)/.exec(String(chunk))?.[1])));
      child.on('exit', (code) => reject(new Error(`the reference server ended with ${code}`)));
    });
    Object.assign(server, { pid: child.pid, port, stop: () => stop(child) });
  };
  server.restart = async () => {
    await server.stop();
    await start();
  };
  await start();
  return server;
}

/** Undefined when Kafka can be started here, else what is missing. */
export function kafkaMissing() {
  if (!existsSync(realKafka)) return `${realKafka} (or REAL_KAFKA), which starts Apache Kafka`;
  if (spawnSync('java', ['-version']).status !== 0) return 'java (17 or newer)';
  return undefined;
}

/**
 * Apache Kafka with the heap and collector of its own start scripts. The first start formats its directory and is not counted; `startMs`
 * is the second one, from the start of the script (a few ms before Java's) to the first answers.
 */
export async function startKafka() {
  const port = await freePort();
  const instance = `bench-${process.pid}`;
  const begin = () => {
    const child = spawn(realKafka, ['start', `name=${instance}`, `port=${port}`, 'log.segment.delete.delay.ms=0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    const ready = new Promise((resolve, reject) => {
      child.on('close', () => {
        const match = /ready \d+ (\d+) (\S+)/.exec(text);
        if (match === null) reject(new Error('Apache Kafka did not start'));
        else resolve({ pid: Number(match[1]), data: match[2] });
      });
    });
    return { ready, alive: () => child.exitCode === null || child.exitCode === 0 };
  };
  await begin().ready;
  spawnSync(realKafka, ['stop', instance]);
  const begunMs = performance.now();
  const second = begin();
  await firstAnswer(port, second.alive);
  const startMs = performance.now() - begunMs;
  const { pid, data } = await second.ready;
  const wipe = () => spawnSync(realKafka, ['wipe', instance]);
  running.add(wipe);
  const stopKafka = async () => {
    running.delete(wipe);
    wipe();
  };
  return { name: `Kafka ${kafkaVersion}`, kind: 'kafka', pid, port, data, startMs, stop: stopKafka };
}

/** Sums of Millrace's metrics over their labels. */
export async function metricsOf(server) {
  const text = await new Promise((resolve, reject) => {
    // No connection is kept: the server may close one just when it is used again.
    get({ host: '127.0.0.1', port: server.metricsPort, path: '/metrics', agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body));
    }).on('error', reject);
  });
  const totals = new Map();
  for (const line of text.split('\n')) {
    const match = /^([a-z_][\w:]*)(?:\{.*\})? (\S+)$/i.exec(line);
    if (match !== null) totals.set(match[1], (totals.get(match[1]) ?? 0) + Number(match[2]));
  }
  return totals;
}
