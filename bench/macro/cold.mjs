// What a consumer of evicted data does to the others: a hot producer and consumer run at a fixed rate on one topic, first
// undisturbed, then while another consumer reads a few GB that the page cache has given up.
//
//   node bench/macro/cold.mjs [--gb 2] [--rate 200] [--seconds 8] [--rounds 3] [--directory DIR]
//
// Latency is measured from the intended send time (open loop) to the answer of Produce, and to the record in the hot consumer's
// hands. DIR must be on a real medium (in tmpfs nothing is cold).
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startMillrace } from '../harness/servers.mjs';
import { median, spread } from '../harness/stats.mjs';
import { createTopic, fetchOnce, produceOnce, WireClient } from '../wire.mjs';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '2' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    directory: { type: 'string', default: tmpdir() },
    // Used by itself: the reader is a process of its own, so that its work is not in the others' latencies.
    reader: { type: 'string' },
  },
});
const directory = mkdtempSync(join(values.directory, 'millrace-cold-'));

const quantiles = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (q) => Number(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))].toFixed(2));
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
};

/** `seconds` of one 1 KiB record every 1/rate seconds, from the intended time. */
async function hotPair(port, seconds) {
  const producer = await WireClient.connect(port);
  const consumer = await WireClient.connect(port);
  const produced = [];
  const consumed = [];
  const intended = [];
  const count = Number(values.rate) * seconds;
  const everyMs = 1000 / Number(values.rate);
  let offset = await fetchOnce(consumer, 'hot', -1, 0).then(({ highWatermark }) => highWatermark);
  const reading = (async () => {
    for (let read = 0; read < count; ) {
      const answer = await fetchOnce(consumer, 'hot', offset, 500);
      const nowMs = performance.now();
      for (; offset < answer.nextOffset; offset += 1, read += 1) consumed.push(nowMs - intended[read]);
    }
  })();
  const startMs = performance.now();
  const sends = [];
  for (let i = 0; i < count; i += 1) {
    const dueMs = startMs + i * everyMs;
    intended[i] = dueMs;
    while (performance.now() < dueMs)
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(dueMs - performance.now())));
    sends.push(produceOnce(producer, 'hot', 1024).then(() => produced.push(performance.now() - dueMs)));
  }
  await Promise.all([...sends, reading]);
  producer.close();
  consumer.close();
  return { produce: quantiles(produced), endToEnd: quantiles(consumed) };
}

/** Reads the whole topic from the start, and says how many bytes. */
async function readCold(port) {
  const client = await WireClient.connect(port);
  let offset = 0;
  let bytes = 0;
  for (;;) {
    const answer = await fetchOnce(client, 'cold', offset, 0, 4 << 20);
    if (answer.nextOffset === offset) break;
    offset = answer.nextOffset;
    bytes += answer.sizeBytes;
  }
  client.close();
  console.log(bytes);
}

function startReader(port) {
  // The reader stands for one on another machine: it has what the others leave of the processors.
  const child = spawn(
    'nice',
    ['-n', '19', process.execPath, fileURLToPath(import.meta.url), '--reader', String(port)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const startedMs = performance.now();
  return new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('close', () =>
      resolve(`${(Number(text) / 1e9).toFixed(2)} GB in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`),
    );
  });
}

if (values.reader !== undefined) {
  await readCold(Number(values.reader));
  process.exit(0);
}

const broker = await startMillrace({ data: join(directory, 'data'), metrics: false });
try {
  const client = await WireClient.connect(broker.port);
  await createTopic(client, 'hot');
  await createTopic(client, 'cold');
  const megabytes = Number(values.gb) * 1000;
  for (let i = 0; i < megabytes; i += 8)
    await Promise.all(Array.from({ length: 8 }, () => produceOnce(client, 'cold', 1_000_000)));
  client.close();
  const evict = () => {
    for (const name of readdirSync(join(directory, 'data/cold-0')).filter((file) => file.endsWith('.log')))
      spawnSync('dd', [
        `of=${join(directory, 'data/cold-0', name)}`,
        'oflag=nocache',
        'conv=notrunc,fdatasync',
        'count=0',
      ]);
  };
  await hotPair(broker.port, 2);
  const ratios = { produce: [], endToEnd: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const quiet = await hotPair(broker.port, Number(values.seconds));
    console.log('undisturbed     ', JSON.stringify(quiet));
    evict();
    const cold = startReader(broker.port);
    const disturbed = await hotPair(broker.port, Number(values.seconds));
    console.log('with cold reads ', JSON.stringify(disturbed));
    console.log(`  cold: ${await cold}`);
    for (const [name, list] of Object.entries(ratios)) list.push(disturbed[name].p99 / quiet[name].p99);
  }
  for (const [name, list] of Object.entries(ratios))
    console.log(
      `${name}: p99 with cold reads / undisturbed ${spread(list)}, target ≤ 2: ${median(list) <= 2 ? 'met' : 'MISSED'}`,
    );
} finally {
  await broker.stop();
  rmSync(directory, { recursive: true });
}
