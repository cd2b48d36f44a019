// How long a broker recovers after a kill, by the size of its log with one and the same active segment:
// `node bench/recovery.mjs [GB ...]` (1 10 50), `--directory DIR`, `--rounds N`, `--out FILE`. Run `npm run build` before.
//
// The log is written here, as a broker would have: sealed segments of 1 GiB with their indexes, all below the recovery point, and an
// active one of 512 MiB without, as a crash leaves it, of which the last half lies behind the recovery point; and the producer snapshot of
// the last roll. Logs of all sizes share these files (by links), each in a data directory of its own, and are started in turn, so that the
// disk and its cache are the same for all. Before each start the files of the log are dropped from the page cache.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crc32c } from '../dist/common/crc32c.js';
import { startBroker } from '../dist/index.js';
import { encodeProducerSnapshot } from '../dist/storage/producer_snapshot.js';
import { benchEnvironment } from './harness/environment.mjs';
import { ownEnvironment, root } from './harness/servers.mjs';
import { createTopic, WireClient } from './wire.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { directory: { type: 'string' }, rounds: { type: 'string', default: '5' }, out: { type: 'string' } },
});
const sizesGb = (positionals.length > 0 ? positionals : ['1', '10', '50']).map(Number);
const rounds = Number(values.rounds);

const segmentBytes = 2 ** 30;
const activeBytes = 2 ** 29;
const sealedBatchBytes = 2 ** 20;
const activeBatchBytes = 2 ** 14;
const timestampMs = BigInt(Date.now());

/** One record with a value that fills the batch. */
function batchOf(bytes) {
  const batch = Buffer.alloc(bytes, 120);
  batch.writeInt32BE(bytes - 12, 8);
  batch.writeInt32BE(0, 12);
  batch[16] = 2;
  batch.writeInt16BE(0, 21);
  batch.writeInt32BE(0, 23);
  batch.writeBigInt64BE(timestampMs, 27);
  batch.writeBigInt64BE(timestampMs, 35);
  batch.writeBigInt64BE(-1n, 43);
  batch.writeInt16BE(-1, 51);
  batch.writeInt32BE(-1, 53);
  batch.writeInt32BE(1, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

const stem = (partition, base) => join(partition, String(base).padStart(20, '0'));

/** Batches of one size from `base` on; base offset and epoch lie outside of the CRC. Returns the offset behind them. */
function writeLog(partition, base, totalBytes, batchBytes) {
  const perChunk = 2 ** 25 / batchBytes;
  const one = batchOf(batchBytes);
  const chunk = Buffer.concat(Array.from({ length: perChunk }, () => one));
  const file = openSync(`${stem(partition, base)}.log`, 'w');
  let offset = base;
  for (let written = 0; written < totalBytes; written += chunk.length) {
    for (let i = 0; i < perChunk; i += 1, offset += 1) chunk.writeBigInt64BE(BigInt(offset), i * batchBytes);
    writeSync(file, chunk);
  }
  closeSync(file);
  return offset;
}

function writeSealed(partition, base) {
  const next = writeLog(partition, base, segmentBytes, sealedBatchBytes);
  const count = next - base;
  const index = Buffer.alloc(8 * (count - 1));
  for (let i = 1; i < count; i += 1) {
    index.writeInt32BE(i, 8 * (i - 1));
    index.writeInt32BE(i * sealedBatchBytes, 8 * (i - 1) + 4);
  }
  writeFileSync(`${stem(partition, base)}.index`, index);
  const times = Buffer.alloc(12);
  times.writeBigInt64BE(timestampMs, 0);
  writeFileSync(`${stem(partition, base)}.timeindex`, times);
  return next;
}

function dropFromCache(partition) {
  for (const name of readdirSync(partition))
    spawnSync('dd', [`of=${join(partition, name)}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], {
      stdio: 'ignore',
    });
}

/** Resolves once a broker answers ApiVersions at that port. */
async function firstAnswer(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      socket.write(Buffer.from('0000000a00120000000000010000', 'hex'));
      await once(socket, 'data');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2));
    } finally {
      socket.destroy();
    }
  }
}

/** Resolves once the partition says that it ends at `endOffset`; what it answered until then is counted by error code. */
async function untilLoaded(port, endOffset) {
  const wire = await WireClient.connect(port);
  for (;;) {
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
    const answer = await wire.send(2, 7, { replicaId: -1, topics });
    const { errorCode, offset } = answer.topics[0].partitions[0];
    if (errorCode === 0 && offset === endOffset) break;
    if (errorCode !== 0 && errorCode !== loadingError) throw new Error(`the partition answers with error ${errorCode}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  wire.close();
}

/** Starts a process, waits for its first answer and for its log, and kills it. */
async function recoverOnce(data, port, endOffset) {
  const startedMs = performance.now();
  const command = ['start', '--data', data, '--port', String(port), '--log-level', 'warn'];
  const broker = spawn(process.execPath, [join(root, 'dist/bin/main.js'), ...command], {
    env: ownEnvironment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    await firstAnswer(port);
    const answeredMs = performance.now() - startedMs;
    await untilLoaded(port, endOffset);
    return { answeredMs, loadedMs: performance.now() - startedMs };
  } finally {
    broker.kill('SIGKILL');
    await once(broker, 'exit');
  }
}

const topic = 'recovered';
/** NOT_LEADER_OR_FOLLOWER: try again. */
const loadingError = 6;
const port = 19_292;
const megabytes = 2 ** 20;

/** A data directory with one topic; returns the directory of its partition. */
async function prepare(data) {
  const broker = await startBroker({ dataDirectory: data, port });
  const wire = await WireClient.connect(broker.port);
  await createTopic(wire, topic, { configs: { 'retention.ms': -1 } });
  wire.close();
  await broker.close();
  rmSync(join(data, '.kafka_cleanshutdown'));
  return join(data, `${topic}-0`);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Segments of the largest log, and one active segment for all of them. */
function writeSegments(directory, gb) {
  const bases = [];
  let base = 0;
  for (let sealed = 0; sealed < gb; sealed += 1) {
    bases.push(base);
    base = writeSealed(directory, base);
  }
  const endOffset = writeLog(directory, base, activeBytes, activeBatchBytes);
  return { bases, base, endOffset };
}

/** A data directory whose log has the last `gb` sealed segments and the active one. */
async function prepareLog(data, gb, segments, { bases, base }) {
  mkdirSync(data);
  const partition = await prepare(data);
  for (const name of readdirSync(partition)) if (/^\d{20}\./.test(name)) rmSync(join(partition, name));
  for (const first of bases.slice(-gb))
    for (const suffix of ['.log', '.index', '.timeindex'])
      linkSync(`${stem(segments, first)}${suffix}`, `${stem(partition, first)}${suffix}`);
  linkSync(`${stem(segments, base)}.log`, `${stem(partition, base)}.log`);
  return { gb, data, partition, times: [] };
}

async function measure({ gb, data, partition, times }, { base, endOffset }) {
  const recoveryPoint = base + (endOffset - base) / 2;
  for (const name of readdirSync(partition))
    if (name.startsWith(String(base).padStart(20, '0')) && !name.endsWith('.log')) rmSync(join(partition, name));
  // As a roll leaves it: producers are read from there on.
  writeFileSync(`${stem(partition, base)}.snapshot`, encodeProducerSnapshot([]));
  writeFileSync(join(data, 'recovery-point-offset-checkpoint'), `0\n1\n${topic} 0 ${recoveryPoint}\n`);
  dropFromCache(partition);
  const time = await recoverOnce(data, port, endOffset);
  times.push(time);
  console.log(
    `${gb} GiB: first answer after ${Math.round(time.answeredMs)} ms, log there after ${Math.round(time.loadedMs)} ms`,
  );
}

const top = mkdtempSync(join(values.directory ?? tmpdir(), 'millrace-recovery-'));
const logs = [];
try {
  const { bavail, bsize } = statfsSync(top);
  const fitting = sizesGb.filter((gb) => (gb + 2) * segmentBytes < bavail * bsize).sort((a, b) => a - b);
  for (const gb of sizesGb) if (!fitting.includes(gb)) console.log(`${gb} GiB: left out, the disk has no room for it`);
  const segments = join(top, 'segments');
  mkdirSync(segments);
  const written = writeSegments(segments, fitting.at(-1) ?? 0);
  for (const gb of fitting) logs.push(await prepareLog(join(top, `data-${gb}`), gb, segments, written));
  spawnSync('sync');
  for (let round = 0; round < rounds; round += 1) for (const log of logs) await measure(log, written);
} finally {
  rmSync(top, { recursive: true, force: true });
}
const rows = logs.map(({ gb, times }) => {
  const of = (field) => times.map((time) => Math.round(time[field]));
  return { gb, firstAnswerMs: of('answeredMs'), loadedMs: of('loadedMs') };
});
const environment = benchEnvironment();
const table = [
  '| sealed log | first answer, median (all) | log there, median (all) |',
  '|---|---|---|',
  ...rows.map(({ gb, firstAnswerMs, loadedMs }) => {
    const cell = (ms) => `${median(ms)} ms (${ms.join(', ')})`;
    return `| ${gb} GiB | ${cell(firstAnswerMs)} | ${cell(loadedMs)} |`;
  }),
];
const text = `# Recovery after a kill, ${environment.date.slice(0, 10)}, commit ${environment.commit}

${environment.cpuCount} × ${environment.cpu}, kernel ${environment.kernel}, Node ${environment.node}. An active segment of ${activeBytes / megabytes} MiB in batches of
${activeBatchBytes / 1024} KiB without its index, the recovery point in its middle; sealed segments of 1 GiB below it. Logs of all sizes
share their files and start in turn; they are dropped from the page cache before each start. Times count from the start of the process: \`node bench/recovery.mjs\`.

${table.join('\n')}
`;
console.log(text);
if (values.out !== undefined) {
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(join(root, 'bench/results', `${values.out}.md`), text);
  writeFileSync(
    join(root, 'bench/results', `${values.out}.json`),
    `${JSON.stringify({ environment, rows }, null, 1)}\n`,
  );
}
