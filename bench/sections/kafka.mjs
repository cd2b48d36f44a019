// Against Apache Kafka with one librdkafka client (rdkafka_performance), and end to end at one rate with the project's load client.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../harness/compare.mjs';
import { warmMemory } from '../harness/load.mjs';
import { rssBytes, since, snapshot } from '../harness/proc.mjs';
import { hasFurtherCertificates, kafkaMissing, kafkaVersion, startKafka, startMillrace } from '../harness/servers.mjs';
import { median, spread } from '../harness/stats.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';

const home = process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat');
const client = join(home, 'nrd/deps/librdkafka/examples/rdkafka_performance');
const kafkaName = `Kafka ${kafkaVersion}`;

// Enough bytes that a broker's CPU time is some tenths of a second at least.
const produces = [
  { name: 'produce 1 KiB', bytes: 1024, count: 600_000, goal: 1.0 },
  { name: 'produce 100 B', bytes: 100, count: 4_000_000, goal: 1.5 },
  { name: 'produce 100 B, batches of 100', bytes: 100, count: 1_500_000, batch: 100, goal: 5 },
];
const fetches = [
  { name: 'fetch 1 KiB', from: 'produce 1 KiB', goal: 0.35 },
  { name: 'fetch 100 B, batches of 100', from: 'produce 100 B, batches of 100', goal: 0.8 },
];
const endToEnd = { rate: 1000, recordBytes: 1024, connections: 8, partitions: 8, consumers: 2 };
const idleSeconds = 10;
// A process that has just started still compiles and collects: V8 does so for the last time about 8 s after the last request, on a slow
// host behind 9: there 38 ms of it counted as idle.
const settleSeconds = 14;

/** What is missing for this section, or undefined. */
export function kafkaSectionMissing() {
  if (!existsSync(client)) return `${client}, which test/compat/install-clients builds`;
  return kafkaMissing();
}

/** One run of rdkafka_performance. It stops at the first error; every record is acknowledged or read. */
function perform(context, server, topic, work, consume) {
  const common = ['-t', topic, '-p', '0', '-b', `127.0.0.1:${server.port}`, '-c', String(work.count), '-u'];
  const batch = work.batch === undefined ? [] : ['-X', `batch.num.messages=${work.batch}`];
  const args = consume
    ? ['-C', ...common, '-o', 'beginning']
    : ['-P', ...common, '-s', String(work.bytes), '-a', '1', '-X', 'linger.ms=5', ...batch];
  if (!consume) warmMemory(context.directory, 1.3 * work.bytes * work.count);
  const before = snapshot(server.pid);
  const begunMs = performance.now();
  const result = spawnSync(client, args, { encoding: 'utf8', timeout: 90_000 });
  const seconds = (performance.now() - begunMs) / 1000;
  if (result.status !== 0) throw new Error(`${server.name}, ${work.name}: ${result.stderr.slice(-500)}`);
  const spent = since(before);
  const bytes = work.bytes * work.count;
  return {
    recordsPerSecond: work.count / seconds,
    megabytesPerSecond: bytes / 1e6 / seconds,
    cpuSecondsPerGb: (spent.cpuSeconds / bytes) * 1e9,
  };
}

async function librdkafkaRuns(context, servers) {
  const rounds = context.quick ? 3 : 5;
  const results = new Map([...produces, ...fetches].map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const metrics = new Map([...results.keys()].map((name) => [name, {}]));
    for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
      for (const work of produces) {
        const topic = await freshTopic(server);
        metrics.get(work.name)[server.name] = perform(context, server, topic, work, false);
        const fetch = fetches.find(({ from }) => from === work.name);
        if (fetch !== undefined)
          metrics.get(fetch.name)[server.name] = perform(context, server, topic, { ...work, name: fetch.name }, true);
        await removeTopic(server, topic);
      }
    }
    for (const [name, row] of metrics) results.get(name).push(row);
  }
  return [...produces, ...fetches].map(({ name, goal }) => {
    const cpu = servers.map((server) => spread(results.get(name).map((row) => row[server.name].cpuSecondsPerGb)));
    context.progress(
      `${name.padEnd(34)} CPU-s/GB ${servers.map((server, i) => `${server.name} ${cpu[i]}`).join(', ')}, goal ≤ ${goal}`,
    );
    return {
      workload: name,
      settings: { client: 'rdkafka_performance' },
      rounds: results.get(name),
      targets: [{ metric: 'cpuSecondsPerGb', atMost: goal }],
      throughput: 'recordsPerSecond',
    };
  });
}

function endToEndRun(context, servers) {
  const { partitions, ...load } = endToEnd;
  return compare(
    { ...context, seconds: context.quick ? 2 : 6 },
    {
      name: `end to end, ${endToEnd.rate} × 1 KiB a second`,
      settings: { connections: load.connections, partitions, acks: 'all' },
      targets: [{ metric: 'p99Us', against: kafkaName, atMost: 0.5 }],
      servers,
      rounds: context.quick ? 3 : 5,
      prepare: (server) => freshTopic(server, { partitions }),
      cleanUp: removeTopic,
      options: (_, topic) => ({ mode: 'end-to-end', topic, partitions, acks: -1, depth: 1000, ...load }),
      report: { throughput: null },
    },
  );
}

async function idleRun(context, servers) {
  for (const server of servers) await freshTopic(server);
  await new Promise((resolve) => setTimeout(resolve, settleSeconds * 1000));
  const before = servers.map((server) => snapshot(server.pid));
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  const row = Object.fromEntries(
    servers.map((server, i) => [server.name, { idleCpuMs: since(before[i]).cpuSeconds * 1000 }]),
  );
  context.progress(
    `idle CPU in ${idleSeconds} s: ${servers.map((server) => `${server.name} ${row[server.name].idleCpuMs.toFixed(0)} ms`).join(', ')}`,
  );
  return {
    workload: `idle for ${idleSeconds} s, one topic`,
    settings: {},
    rounds: [row],
    targets: [{ metric: 'idleCpuMs', atMost: 30 }],
    throughput: null,
  };
}

const rssRun = (workload, servers) => ({
  workload,
  settings: {},
  rounds: [Object.fromEntries(servers.map((server) => [server.name, { rssBytes: rssBytes(server.pid) }]))],
  targets: [{ metric: 'rssBytes', against: kafkaName, atMost: 0.2 }],
  throughput: null,
});

/**
 * Five starts, in milliseconds; with nothing else running, as Kafka is started, whose compilers work for seconds behind its first answer. In
 * turns with as many under NODE_EXTRA_CA_CERTS (servers.mjs) where this machine sets it, which are shown and have no goal.
 */
async function startsOfMillrace(context) {
  const starts = { own: [], certificates: [] };
  const measure = async (startsMs, wholeEnvironment) => {
    const server = await startMillrace({
      data: join(context.directory, `start-${wholeEnvironment}-${startsMs.length}`),
      metrics: false,
      wholeEnvironment,
    });
    startsMs.push(server.startMs);
    await server.stop();
  };
  for (let i = 0; i < 5; i += 1) {
    await measure(starts.own, false);
    if (hasFurtherCertificates) await measure(starts.certificates, true);
  }
  return starts;
}

const certificatesRun = (startsMs, millrace) => ({
  workload: 'the same, Node reading the certificates of NODE_EXTRA_CA_CERTS first, as this machine tells it to',
  settings: {},
  rounds: startsMs.map((startMs) => ({ [millrace.name]: { firstAnswerMs: startMs } })),
  throughput: null,
});

function startRun(context, startsMs, millrace, kafka) {
  context.progress(
    `first answer after: Millrace ${median(startsMs).toFixed(0)} ms, ${kafka.name} ${kafka.startMs.toFixed(0)} ms`,
  );
  return {
    workload: 'start of the process to the first answer',
    settings: {},
    rounds: startsMs.map((startMs, i) => ({
      [millrace.name]: { firstAnswerMs: startMs },
      [kafka.name]: i === 0 ? { firstAnswerMs: kafka.startMs } : {},
    })),
    targets: [{ metric: 'firstAnswerMs', atMost: 300 }],
    throughput: null,
  };
}

export async function runKafka(context) {
  const starts = await startsOfMillrace(context);
  const kafka = await startKafka();
  try {
    const millrace = await startMillrace({ data: join(context.directory, 'against-kafka') });
    const servers = [millrace, kafka];
    const runs = [
      startRun(context, starts.own, millrace, kafka),
      ...(starts.certificates.length > 0 ? [certificatesRun(starts.certificates, millrace)] : []),
      rssRun('memory after the start', servers),
      await idleRun(context, servers),
      ...(await librdkafkaRuns(context, servers)),
      await endToEndRun(context, servers),
      rssRun('memory after the load', servers),
    ];
    await millrace.stop();
    return {
      id: 'kafka',
      title: `Against Apache Kafka ${kafkaVersion}`,
      servers: [{ name: millrace.name }, { name: kafka.name, version: kafkaVersion }],
      runs,
      notes: [
        'Kafka runs as its own start scripts run it (1 GiB heap, G1); neither syncs for an acknowledgement (`millrace.flush.mode=os`). GB are 10^9 bytes of record values, from one rdkafka_performance with acks=1, linger.ms=5 and one partition.',
        "End to end: open loop, from the time a record was due to be sent to the time it is in the consumer's hands; the same load client, rate and partitions on both.",
      ],
    };
  } finally {
    await kafka.stop();
  }
}
