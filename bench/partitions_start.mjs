// Start, clean stop, memory, descriptors and Metadata of a broker with many partitions of three segments each.
//
//   node bench/partitions_start.mjs [--partitions 10000] [--rounds 3] [--descriptors 0] [--directory DIR] [--out FILE|-]
//
// `--descriptors`: `millrace.open.segment.files.max`. Cold starts need the right to drop the page cache and are left out without it. Run
// `npm run build` before.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeBatch } from '../dist/records/index.js';
import { benchEnvironment } from './harness/environment.mjs';
import { openDescriptors, rssBytes, since, snapshot } from './harness/proc.mjs';
import { metricsOf, root, startMillrace } from './harness/servers.mjs';
import { createTopic, WireClient } from './wire.mjs';

const { values } = parseArgs({
  options: {
    partitions: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    descriptors: { type: 'string', default: '0' },
    directory: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
  },
});
const partitions = Number(values.partitions);
const segments = 3;
const perRequest = 250;
const topic = 'many';
const directory = mkdtempSync(join(values.directory, 'millrace-many-'));
const data = join(directory, 'data');
const set = { 'millrace.open.segment.files.max': values.descriptors };

async function withClient(server, act) {
  const client = await WireClient.connect(server.port);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

/** One batch to every partition; its timestamp lies behind `segment.ms`, so that it begins a segment. */
async function writeSegment(client, number) {
  const timestampMs = Date.now() + number * 60_000;
  const records = encodeBatch({ records: [{ timestampMs, key: null, value: Buffer.alloc(900, 0x5a), headers: [] }] });
  for (let first = 0; first < partitions; first += perRequest) {
    const partitionData = Array.from({ length: Math.min(perRequest, partitions - first) }, (_, i) => ({
      index: first + i,
      records: Uint8Array.from(records),
    }));
    const answer = await client.send(0, 7, { acks: 1, timeoutMs: 30_000, topicData: [{ name: topic, partitionData }] });
    const failed = answer.responses[0].partitionResponses.find(({ errorCode }) => errorCode !== 0);
    if (failed !== undefined) throw new Error(`partition ${failed.index}: error ${failed.errorCode}`);
  }
}

const everything = { topics: [{ name: topic }], allowAutoTopicCreation: false };

/** Until every log is open: they are loaded behind the first answers, the last partitions last. A look at these costs the broker little. */
async function allLed(client) {
  const last = Array.from({ length: 16 }, (_, i) => ({ partitionIndex: partitions - 1 - i, timestamp: -1 }));
  for (;;) {
    const { topics } = await client.send(2, 1, { replicaId: -1, topics: [{ name: topic, partitions: last }] });
    if (topics[0].partitions.every(({ errorCode }) => errorCode === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Until the last byte of a Metadata answer about every partition is here, ms. */
async function metadataMs(client) {
  const request = everything;
  const whole = await client.send(3, 4, request);
  const led = whole.topics[0].partitions.filter(({ errorCode, leaderId }) => errorCode === 0 && leaderId >= 0).length;
  if (led !== partitions) throw new Error(`${led} of ${partitions} partitions are led`);
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const begunMs = performance.now();
    const answered = client.send(3, 4, request);
    const { waiting } = client;
    // Decoding is not the broker's work.
    const { api } = waiting[0];
    waiting[0].api = { ...api, response: { isFlexible: (version) => api.response.isFlexible(version), decode() {} } };
    await answered;
    times.push(performance.now() - begunMs);
  }
  return median(times);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** Fetches one batch at the first offset of every partition: each opens a segment that was never open. */
async function readFirstMs(client) {
  const begunMs = performance.now();
  for (let first = 0; first < partitions; first += perRequest) {
    const asked = Array.from({ length: Math.min(perRequest, partitions - first) }, (_, i) => ({
      partition: first + i,
      fetchOffset: 0,
      partitionMaxBytes: 1024,
    }));
    const body = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 25, topics: [{ topic, partitions: asked }] };
    const answer = await client.send(1, 11, body);
    for (const { errorCode, records } of answer.responses[0].partitions)
      if (errorCode !== 0 || records.length === 0) throw new Error(`fetch: error ${errorCode}`);
  }
  return performance.now() - begunMs;
}

function dropCaches() {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

/** What a log waits for that opens a segment, and then for the first page of it: microseconds each, of some partitions spread over all. */
function openingUs() {
  const opening = [];
  const reading = [];
  const page = Buffer.alloc(4096);
  const step = Math.max(1, Math.floor(partitions / 300));
  const files = [];
  for (let partition = 0; partition < partitions; partition += step) {
    const folder = join(data, `${topic}-${partition}`);
    const [, second] = readdirSync(folder).filter((name) => name.endsWith('.log'));
    files.push(join(folder, second));
  }
  const cold = dropCaches();
  for (const file of files) {
    const begunMs = performance.now();
    const fd = openSync(file, 'r+');
    fstatSync(fd);
    const openMs = performance.now();
    readSync(fd, page, 0, page.length, 0);
    reading.push((performance.now() - openMs) * 1000);
    opening.push((openMs - begunMs) * 1000);
    closeSync(fd);
  }
  return cold ? { opening, reading } : undefined;
}

async function stopMs(server) {
  const begunMs = performance.now();
  await server.stop();
  return performance.now() - begunMs;
}

const rows = [];
const row = (name, numbers, unit, digits = 0) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const show = (value) => value.toFixed(digits);
  const spread = sorted.length > 1 ? ` (${show(sorted[0])}–${show(sorted.at(-1))})` : '';
  rows.push(`| ${name} | ${show(median(numbers))}${spread} ${unit} |`);
  console.log(rows.at(-1));
};

try {
  const empty = await startMillrace({ data: join(directory, 'empty'), set });
  const emptyRss = rssBytes(empty.pid);
  row('start to the first answer, no partition', [empty.startMs], 'ms');
  await empty.stop();

  const first = await startMillrace({ data, set });
  await withClient(first, async (client) => {
    const begunMs = performance.now();
    await createTopic(client, topic, { partitions, configs: { 'segment.ms': 1000 } });
    row(`creating ${partitions} partitions`, [performance.now() - begunMs], 'ms');
    for (let number = 0; number < segments; number += 1) await writeSegment(client, number);
  });
  row(`clean stop, ${segments * partitions} segments just written`, [await stopMs(first)], 'ms');

  const measured = {
    warm: [],
    cold: [],
    stop: [],
    rss: [],
    descriptors: [],
    cpu: [],
    answer: [],
    metadata: [],
    read: [],
    readRss: [],
  };
  for (let round = 0; round < Number(values.rounds) * 2; round += 1) {
    const cold = round % 2 === 1;
    if (cold && !dropCaches()) continue;
    const server = await startMillrace({ data, set });
    const answeredMs = performance.now();
    await withClient(server, allLed);
    const spent = since({ pid: server.pid, tasks: new Map(), ticks: 0, switches: snapshot(server.pid).switches });
    measured[cold ? 'cold' : 'warm'].push(server.startMs + performance.now() - answeredMs);
    if (!cold) {
      measured.answer.push(server.startMs);
      measured.cpu.push(spent.cpuSeconds * 1000);
      measured.rss.push(rssBytes(server.pid));
      measured.descriptors.push(openDescriptors(server.pid));
      await withClient(server, async (client) => {
        measured.metadata.push(await metadataMs(client));
        if (round === 0) {
          measured.read.push(await readFirstMs(client));
          const metrics = await metricsOf(server);
          row(
            'segment files open after a read of each first segment',
            [metrics.get('millrace_open_segment_files')],
            '',
          );
          measured.readRss.push(rssBytes(server.pid));
        }
      });
    }
    measured.stop.push(await stopMs(server));
  }
  row('start to the first answer', measured.answer, 'ms');
  row('start until every partition is led', measured.warm, 'ms');
  row('CPU of it, all threads', measured.cpu, 'ms');
  if (measured.cold.length > 0) row('the same, nothing in the page cache', measured.cold, 'ms');
  row('clean stop, nothing written', measured.stop, 'ms');
  row('descriptors after the start', measured.descriptors, '');
  row(
    'RSS after the start',
    measured.rss.map((bytes) => bytes / 2 ** 20),
    'MiB',
  );
  row(
    'of it for each partition',
    measured.rss.map((bytes) => (bytes - emptyRss) / partitions / 1024),
    'KiB',
    1,
  );
  row('Metadata of all partitions', measured.metadata, 'ms', 1);
  row('one Fetch of every first segment', measured.read, 'ms');
  row(
    'RSS after it',
    measured.readRss.map((bytes) => bytes / 2 ** 20),
    'MiB',
  );
  const waited = openingUs();
  if (waited !== undefined) {
    row('opening a segment file, nothing in the page cache', waited.opening, 'us');
    row('reading its first page then', waited.reading, 'us');
  }
  const environment = benchEnvironment();
  const name = values.out ?? `${environment.date.slice(0, 10)}-${environment.commit.split(',')[0]}-partitions-start.md`;
  if (name !== '-') {
    const results = join(root, 'bench/results');
    mkdirSync(results, { recursive: true });
    const { machine, cpu, cpuCount, kernel, node, commit } = environment;
    const head = `# ${partitions} partitions of ${segments} segments: ${environment.date.slice(0, 10)}, commit ${commit}\n\n${machine}, ${cpuCount} × ${cpu}, Linux ${kernel}, node ${node}. \`node bench/partitions_start.mjs\` reruns it.\n`;
    writeFileSync(join(results, name), `${head}\n| | median (min–max) |\n|---|---|\n${rows.join('\n')}\n`);
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}
