// Against the plain C server: the same framing, CRC-32C check, append and egress, and nothing else.
import { compare } from '../harness/compare.mjs';
import { startReference } from '../harness/servers.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';

const KiB = 1024;
/**
 * `shortRounds`: of `--quick`. What writes 1 MiB at a time meets page cache that the host hands out anew in one round and not in the next
 * (rounds of one run vary by a factor of two); what has no target is shown only.
 */
const workloads = [
  { name: 'produce 1 KiB', mode: 'produce', batchBytes: KiB, connections: 4, depth: 4, shortRounds: 2 },
  { name: 'produce 16 KiB', mode: 'produce', batchBytes: 16 * KiB, connections: 4, depth: 4, target: 0.85 },
  {
    name: 'produce 1 MiB',
    mode: 'produce',
    batchBytes: KiB * KiB,
    connections: 4,
    depth: 1,
    target: 0.9,
    shortRounds: 9,
  },
  { name: 'fetch 1 KiB', mode: 'fetch', batchBytes: KiB, connections: 4, depth: 1, target: 0.7 },
  { name: 'fetch 16 KiB', mode: 'fetch', batchBytes: 16 * KiB, connections: 4, depth: 1, target: 0.9 },
  {
    name: 'fetch 16 KiB, no two alike',
    mode: 'fetch',
    batchBytes: 16 * KiB,
    connections: 4,
    depth: 1,
    vary: 1,
    shortRounds: 2,
  },
  {
    name: 'fetch 1 MiB',
    mode: 'fetch',
    batchBytes: KiB * KiB,
    connections: 4,
    depth: 1,
    target: 0.95,
    shortRounds: 3,
  },
  { name: 'tiny requests', mode: 'tiny', connections: 64, depth: 1, target: 0.9 },
];

export const title = 'Against the plain C server';

export async function runReference(context, millrace) {
  const runs = [];
  for (const workload of workloads.filter(context.wanted)) {
    const { name, target, mode, batchBytes, connections, depth, vary, shortRounds } = workload;
    const reference = await startReference({ program: context.reference, directory: context.directory });
    const servers = [millrace, reference];
    const run = await compare(context, {
      name,
      settings: { connections, depth, sameAnswers: true },
      targets: target === undefined ? [] : [{ metric: 'requestsPerSecond', against: reference.name, atLeast: target }],
      servers,
      rounds: context.isShort ? shortRounds : undefined,
      prepare: (server) => freshTopic(server, mode === 'fetch' ? { filled: 64, batchBytes } : {}),
      cleanUp: removeTopic,
      options: (_, topic) => ({ mode, batchBytes, connections, depth, topic, vary }),
      report: { throughput: 'requestsPerSecond' },
    });
    await reference.stop();
    runs.push(run);
  }
  return {
    id: 'reference',
    title,
    servers: [{ name: millrace.name }, { name: 'C reference' }],
    runs,
    notes: [
      'One batch of one record in a request, the batch exactly as long as the workload says; `tiny requests`: ApiVersions with answers of the same size.',
      'A Fetch that repeats the last one of its connection but for its offset is answered by the engine alone; `no two alike`: each says another time to wait, so that JavaScript looks at every one.',
      'Both servers: one thread, the same CRC-32C check of every batch, one `pwritev` to the page cache for each, sendfile from 32 KiB on. Millrace runs with `millrace.flush.mode=os`.',
    ],
  };
}
