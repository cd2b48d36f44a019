// A selection of sizes, partitions, codecs, acks and connections on both flush modes: one thing is varied at a time.
import { join } from 'node:path';
import { batchFile } from '../harness/batches.mjs';
import { compare } from '../harness/compare.mjs';
import { startMillrace } from '../harness/servers.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';

const KiB = 1024;
const base = { mode: 'produce', recordBytes: KiB, records: 1, partitions: 1, connections: 16, depth: 1, acks: -1 };

const cells = [
  { name: 'produce 100 B', recordBytes: 100 },
  { name: 'produce 100 × 100 B', recordBytes: 100, records: 100 },
  { name: 'produce 1 KiB' },
  { name: 'produce 16 × 1 KiB', records: 16 },
  { name: 'produce 16 KiB', recordBytes: 16 * KiB },
  { name: 'produce 1 MiB', batchBytes: KiB * KiB },
  { name: 'produce 1 KiB, 100 partitions', partitions: 100 },
  { name: 'produce 1 KiB, 1000 partitions', partitions: 1000 },
  { name: 'produce 1 KiB, 1 connection', connections: 1 },
  { name: 'produce 1 KiB, 64 connections', connections: 64 },
  { name: 'produce 1 KiB, 1000 connections', connections: 1000 },
  { name: 'produce 16 KiB, 1000 connections', recordBytes: 16 * KiB, connections: 1000 },
  { name: 'produce 1 KiB, acks 0', acks: 0 },
  { name: 'produce 1 KiB, acks 1', acks: 1 },
  ...['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((compression) => ({
    name: `produce 64 × 1 KiB, ${compression}`,
    records: 64,
    compression,
  })),
  { name: 'fetch 100 B', mode: 'fetch', batchBytes: 180 },
  { name: 'fetch 1 KiB', mode: 'fetch', batchBytes: KiB },
  { name: 'fetch 16 KiB', mode: 'fetch', batchBytes: 16 * KiB },
  { name: 'fetch 1 MiB', mode: 'fetch', batchBytes: KiB * KiB },
  { name: 'fetch 1 KiB, 100 partitions', mode: 'fetch', batchBytes: KiB, partitions: 100 },
  { name: 'fetch 1 KiB, 1000 connections', mode: 'fetch', batchBytes: KiB, connections: 1000 },
  { name: 'fetch 1 MiB, 64 connections', mode: 'fetch', batchBytes: KiB * KiB, connections: 64 },
];

/** One broker for each flush mode, in turn. */
export async function startBothModes(context, folder) {
  const servers = [];
  for (const mode of ['group', 'os'])
    servers.push(
      await startMillrace({
        name: `flush=${mode}`,
        data: join(context.directory, `${folder}-${mode}`),
        set: { 'millrace.flush.mode': mode },
      }),
    );
  return servers;
}

export async function runMatrix(context) {
  const servers = await startBothModes(context, 'matrix');
  const short = { ...context, rounds: context.quick ? 1 : 3, seconds: context.quick ? 0.4 : 1.2 };
  const runs = [];
  for (const { name, compression, ...cell } of cells.filter(context.wanted)) {
    const { batchBytes, recordBytes, records, ...load } = { ...base, ...cell };
    const batch =
      compression === undefined
        ? { batchBytes, recordBytes, records }
        : { batchFile: await batchFile(context.directory, { compression, records, recordBytes }) };
    const { mode, partitions, connections, acks } = load;
    runs.push(
      await compare(short, {
        name,
        settings:
          mode === 'fetch'
            ? { connections, partitions }
            : { connections, partitions, acks: acks === -1 ? 'all' : acks },
        servers,
        prepare: (server) => freshTopic(server, { partitions, ...(mode === 'fetch' ? { filled: 4, batchBytes } : {}) }),
        cleanUp: removeTopic,
        options: (_, topic) => ({ ...load, ...batch, topic }),
        countSystemCalls: false,
        report: { throughput: 'requestsPerSecond' },
      }),
    );
  }
  for (const server of servers) await server.stop();
  return {
    id: 'matrix',
    title: 'Matrix, both flush modes',
    servers: servers.map(({ name }) => ({ name })),
    runs,
    notes: [
      'Closed loop, one request in flight on a connection, one batch in a request. Compressed batches are prepared beforehand and stored as they are.',
    ],
  };
}
