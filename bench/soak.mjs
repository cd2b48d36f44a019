// A soak: producers and consumers at a part of the measured capacity for a long time, with retention so that the disk stays bounded, and
// connections and topics that come and go. Says whether memory, descriptors and p99 stay flat; the exit code is 1 when one rises.
// What a full collection leaves, before the load and at the end, tells what is kept from what the collector has not come to yet.
//
//   node bench/soak.mjs [--minutes 20] [--share 0.7] [--flush group|os] [--rate REQUESTS_A_SECOND] [--directory DIR] [--out NAME]
//
// Results go to bench/results/NAME.{json,md}; `--out -` writes no files.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchEnvironment } from './harness/environment.mjs';
import { runClient } from './harness/load.mjs';
import { anonymousBytes, descriptorKinds, openDescriptors, rssBytes, since, snapshot } from './harness/proc.mjs';
import { metricsOf, root, startMillrace } from './harness/servers.mjs';
import { blocksOf, median, theilSen } from './harness/stats.mjs';
import { freshTopic, removeTopic } from './harness/topics.mjs';
import { buildBench } from './native/build.mjs';
import { WireClient } from './wire.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    share: { type: 'string', default: '0.7' },
    flush: { type: 'string', default: 'group' },
    rate: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
  },
});
const sampleSeconds = 10;
const lookMs = 330;
const partitions = 8;
const MiB = 2 ** 20;
const topicShape = { partitions, configs: { 'segment.bytes': 16 * MiB, 'retention.bytes': 64 * MiB } };
const load = { mode: 'end-to-end', recordBytes: 1024, records: 4, partitions, consumers: 2, connections: 16, acks: -1 };

/** What leaks when it leaks: connections that come and go, one of them in the middle of a request, and a topic that does. */
async function churn(server) {
  const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.connect(server.port)));
  clients[0].socket.write(Buffer.from([0, 0, 1, 0, 0, 18]));
  await Promise.all(clients.slice(1).map((client) => client.send(18, 0, {})));
  for (const client of clients) client.close();
  await removeTopic(server, await freshTopic(server, { partitions: 2, filled: 1, batchBytes: 1024 }));
}

/**
 * Looks at memory and descriptors many times in an interval. Retention lets segments go every 2 s, and samples every 10 s would show a
 * beat of the two, which takes minutes and passes for a slope: the least of the interval is what is open behind retention.
 */
class Looks {
  #rss = [];
  #anonymous = [];
  #descriptors = [];
  #timer;

  constructor(pid) {
    this.#timer = setInterval(() => {
      this.#rss.push(rssBytes(pid) / MiB);
      this.#anonymous.push(anonymousBytes(pid) / MiB);
      this.#descriptors.push(openDescriptors(pid));
    }, lookMs);
  }

  get count() {
    return this.#rss.length;
  }

  /** Of the interval that ends now; the next begins. */
  take() {
    const [rss, anonymous, descriptors] = [this.#rss, this.#anonymous, this.#descriptors].map((list) => list.splice(0));
    return {
      rssMib: median(rss),
      anonymousMib: median(anonymous),
      descriptors: Math.min(...descriptors),
      descriptorsMost: Math.max(...descriptors),
    };
  }

  end() {
    clearInterval(this.#timer);
  }
}

/** What a sync took in the interval, and how many requests shared one. Resolves to the metrics, for the next interval. */
async function addFlushes(sample, before) {
  const now = await metricsOf(server);
  const delta = (name) => now.get(name) - before.get(name);
  const count = delta('millrace_flush_total');
  if (count > 0) {
    sample.flushMs = (delta('millrace_flush_seconds_total') / count) * 1000;
    sample.flushGroup = delta('millrace_flush_requests_total') / count;
  }
  return now;
}

/** What is alive in the broker: its JavaScript heap after a full collection, and the memory beside that which no file backs. MiB. */
async function alive(server) {
  process.kill(server.pid, 'SIGUSR2');
  for (let tries = 0; !existsSync(aliveFile); tries += 1) {
    if (tries === 1_000) throw new Error('the broker did not say what is alive in it');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, heapTotal } = JSON.parse(readFileSync(aliveFile, 'utf8'));
  rmSync(aliveFile);
  return { heapMib: heapUsed / MiB, besideMib: (anonymousBytes(server.pid) - heapTotal) / MiB };
}

/**
 * A series is flat when zero lies in the 95 % interval of the slope of its nine blocks (two minutes each in a soak of twenty), or when what
 * the slope adds up to over the whole time is below `enough` of its median: a slope may be certain and still be nothing.
 */
function verdict(name, unit, points, enough) {
  const { slope, low, high } = theilSen(blocksOf(points, 9));
  const middle = median(points.map(([, value]) => value));
  const hours = points.at(-1)[0] - points[0][0];
  const third = Math.floor(points.length / 3);
  const first = median(points.slice(0, third).map(([, value]) => value));
  const last = median(points.slice(-third).map(([, value]) => value));
  const isNothing = (low <= 0 && high >= 0) || Math.abs(slope * hours) < enough * middle;
  // What falls, as a disk gets its neighbours' work done, does not leak.
  const trend = isNothing ? 'flat' : slope < 0 ? 'falling' : 'RISING';
  const text = `${name}: ${first.toFixed(2)} ${unit} in the first third, ${last.toFixed(2)} in the last; slope ${slope.toFixed(2)} (95 %: ${low.toFixed(2)} to ${high.toFixed(2)}) ${unit} an hour: ${trend}`;
  return {
    name,
    unit,
    slopePerHour: slope,
    low,
    high,
    median: middle,
    firstThird: first,
    lastThird: last,
    trend,
    text,
  };
}

const keptText = ({ heapMib, besideMib }) =>
  `${heapMib.toFixed(2)} MiB of JavaScript are alive and ${besideMib.toFixed(1)} beside it`;

const kindsText = ({ descriptorKinds: kinds }) =>
  Object.entries(kinds)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');

const { load: program } = buildBench();
const directory = mkdtempSync(join(values.directory, 'millrace-soak-'));
const freeBytes = () => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};
const aliveFile = join(directory, 'alive.json');
process.env.MILLRACE_BENCH_ALIVE = aliveFile;
const server = await startMillrace({
  data: join(directory, 'data'),
  nodeFlags: ['--expose-gc', '--import', join(root, 'bench/harness/collect.mjs')],
  set: { 'millrace.flush.mode': values.flush, 'log.retention.check.interval.ms': '2000' },
});
const samples = [];
let looks;
let capacity;
let rate = Number(values.rate);
let spent;
let result;
// Warming up, a sixth of the time before the time that counts: code is compiled, buffers find their size, retention begins to delete. And
// before that more topics, connections and looks at the metrics come and go than in all that follows: allocators find their size, too, and
// what happens every 10 s would be compiled in the middle of the samples.
const churnsBefore = 200;
const warm = Math.ceil((Number(values.minutes) * 60) / sampleSeconds / 6);
const seconds = Number(values.minutes) * 60 + warm * sampleSeconds;
const kept = [];
try {
  if (values.rate === undefined) {
    const topic = await freshTopic(server, topicShape);
    const asked = { ...load, topic, depth: 4 };
    await runClient(program, server, { ...asked, topic: await freshTopic(server, topicShape), seconds: 3 });
    capacity = (await runClient(program, server, { ...asked, seconds: 10 })).requestsPerSecond;
    rate = Math.round(capacity * Number(values.share));
    console.error(`capacity ${capacity.toFixed(0)} requests/s; the soak runs at ${rate}`);
  }
  for (let i = 0; i < churnsBefore; i += 1) {
    await churn(server);
    await metricsOf(server);
  }
  // Not later: V8 takes ten minutes to let its heap grow again behind a full collection, which passes for a slope.
  kept.push(await alive(server));
  const topic = await freshTopic(server, topicShape);
  const begun = snapshot(server.pid);
  looks = new Looks(server.pid);
  let churning = Promise.resolve();
  let flushes = metricsOf(server);
  const onInterval = ({ atSeconds, requests, p50Ms, p99Ms, maxMs }) => {
    // Lines come one late, the last two together.
    if (looks.count === 0) return;
    const sample = {
      atSeconds,
      requests,
      p50Ms,
      p99Ms,
      maxMs,
      ...looks.take(),
      descriptorKinds: descriptorKinds(server.pid),
      diskFreeGb: freeBytes() / 1e9,
    };
    samples.push(sample);
    flushes = flushes.then((last) => addFlushes(sample, last));
    console.error(
      `${atSeconds.toFixed(0).padStart(5)} s  ${(requests / sampleSeconds).toFixed(0)}/s  p99 ${p99Ms.toFixed(2)} ms  max ${maxMs.toFixed(1)}  RSS ${sample.rssMib.toFixed(1)} MiB  descriptors ${sample.descriptors} to ${sample.descriptorsMost}`,
    );
    churning = churning.then(() => churn(server));
  };
  const options = { ...load, topic, depth: 1000, rate, seconds, reportEvery: sampleSeconds };
  result = await runClient(program, server, options, onInterval);
  await churning;
  await flushes;
  spent = since(begun);
  kept.push(await alive(server));
} finally {
  looks?.end();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

const steady = samples.slice(warm);
if (steady.length < 6) throw new Error(`${samples.length} samples are too few for a verdict: at least 2 minutes`);
const series = (field) => steady.map((sample) => [sample.atSeconds / 3600, sample[field]]);
const verdicts = [
  verdict('RSS', 'MiB', series('rssMib'), 0.02),
  verdict('descriptors, least of 10 s', '', series('descriptors'), 0.02),
  verdict('p99 of 10 s', 'ms', series('p99Ms'), 0.1),
];
const syncMs = (from, to) => {
  const part = steady.slice(Math.floor(from * steady.length), Math.floor(to * steady.length));
  return median(part.flatMap(({ flushMs }) => flushMs ?? [])).toFixed(2);
};
const environment = benchEnvironment();
const lines = [
  `${values.minutes} minutes, behind ${((warm * sampleSeconds) / 60).toFixed(1)} of warming up, at ${rate} requests/s (${capacity === undefined ? 'given' : `${Number(values.share) * 100} % of ${capacity.toFixed(0)}`}), 4 × 1 KiB each, flush=${values.flush}, end to end with 16 producers and 2 consumers over ${partitions} partitions; every 10 s 20 connections and a topic came and went`,
  `${result.requests} requests (${(result.bytes / 1e9).toFixed(1)} GB), ${result.unsent} not sent in time, ${spent.cpuSeconds.toFixed(0)} s of CPU; p50 ${result.p50Ms.toFixed(2)}, p99 ${result.p99Ms.toFixed(2)}, p99.9 ${result.p999Ms.toFixed(2)}, max ${result.maxMs.toFixed(0)} ms`,
  `free disk ${steady[0].diskFreeGb.toFixed(1)} GB after warming up, ${steady.at(-1).diskFreeGb.toFixed(1)} at the end`,
  ...(values.flush === 'group'
    ? [`a sync took ${syncMs(0, 1 / 3)} ms in the first third, ${syncMs(2 / 3, 1)} in the last`]
    : []),
  `descriptors within 10 s: ${samples[0].descriptors} to ${samples[0].descriptorsMost} at first, ${samples.at(-1).descriptors} to ${samples.at(-1).descriptorsMost} at last; after the first interval, then after the last: ${kindsText(samples[0])}; ${kindsText(samples.at(-1))}`,
  ...verdicts.map(({ text }) => text),
  `of the RSS without files: ${median(steady.map(({ anonymousMib }) => anonymousMib)).toFixed(1)} MiB in the median. After a full collection before the load ${keptText(kept[0])}; at the end, without load, ${keptText(kept[1])}`,
];
console.log(lines.join('\n'));
if (values.out !== '-') {
  const name = values.out ?? `${environment.date.slice(0, 10)}-${environment.commit.split(',')[0]}-soak`;
  const where = Object.entries(environment).map(([key, value]) => `${key}: ${value}`);
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(
    join(root, `bench/results/${name}.md`),
    `# Soak\n\n${where.join(' · ')}\n\n${lines.map((line) => `- ${line}`).join('\n')}\n`,
  );
  const { histogramNs, errors: _, ...summary } = result;
  writeFileSync(
    join(root, `bench/results/${name}.json`),
    `${JSON.stringify({ environment, rate, capacity, verdicts, kept, summary, histogramNs, samples }, null, 1)}\n`,
  );
}
process.exitCode = verdicts.every(({ trend }) => trend !== 'RISING') ? 0 : 1;
