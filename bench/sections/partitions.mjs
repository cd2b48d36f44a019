// Produce spread over 10,000 partitions of one broker against one partition of another.
import { join } from 'node:path';
import { compare } from '../harness/compare.mjs';
import { runClient } from '../harness/load.mjs';
import { openDescriptors, rssBytes, since, snapshot } from '../harness/proc.mjs';
import { startMillrace } from '../harness/servers.mjs';
import { freshTopic } from '../harness/topics.mjs';

const many = 10_000;
/**
 * `seconds`: of both servers together. A sync stands before each round, and the first write to a file after one costs much more than the
 * next: in rounds of 0.3 s every third write was such a one, where the kernel, left alone, writes a file back every 5 to 30 s.
 */
const workloads = [
  { name: 'produce 1 KiB', batchBytes: 1024, connections: 4, depth: 4, seconds: 4, shortRounds: 3 },
  {
    name: 'produce 16 KiB',
    batchBytes: 16384,
    connections: 4,
    depth: 4,
    seconds: 2,
    shortRounds: 2,
    shortSeconds: 1.2,
  },
];

/** Until half a second passes in which it uses next to no processor: what was begun behind answers is done. */
async function untilQuiet(pid) {
  const begunMs = performance.now();
  for (let spent = 1; spent > 0.02 && performance.now() - begunMs < 60_000; ) {
    const before = snapshot(pid);
    await new Promise((resolve) => setTimeout(resolve, 500));
    spent = since(before).cpuSeconds;
  }
  return performance.now() - begunMs;
}

export async function runPartitions(context) {
  const [spreadName, singleName] = ['10,000 partitions', '1 partition'];
  const servers = [];
  for (const [name, folder] of [
    [spreadName, 'many'],
    [singleName, 'one'],
  ])
    servers.push(await startMillrace({ name, data: join(context.directory, folder) }));
  const [spreadOut] = servers;
  const partitionsOf = ({ name }) => (name === spreadName ? many : 1);
  const before = rssBytes(spreadOut.pid);
  const begunMs = performance.now();
  const topics = new Map();
  for (const server of servers) topics.set(server.name, await freshTopic(server, { partitions: partitionsOf(server) }));
  const createdMs = performance.now() - begunMs;
  context.progress(`10,000 partitions created in ${(createdMs / 1000).toFixed(1)} s`);
  const afterMib = (rssBytes(spreadOut.pid) - before) / 2 ** 20;
  const [{ batchBytes, connections, depth }] = workloads;
  const first = { mode: 'produce', batchBytes, connections, depth, topic: topics.get(spreadName), partitions: many };
  const { requestsPerSecond } = await runClient(context.load, spreadOut, { ...first, seconds: 3 });
  context.progress(`first writes to all of them: ${requestsPerSecond.toFixed(0)} requests/s over 3 s`);
  const quietMs = await untilQuiet(spreadOut.pid);
  const runs = [];
  for (const { name, batchBytes, connections, depth, seconds, shortRounds, shortSeconds = seconds } of workloads)
    runs.push(
      await compare(
        { ...context, seconds: context.isShort ? shortSeconds : seconds },
        {
          name,
          settings: { connections, depth },
          targets: [{ metric: 'requestsPerSecond', against: singleName, atLeast: 0.5 }],
          servers,
          rounds: context.isShort ? shortRounds : context.rounds,
          prepare: async (server) => topics.get(server.name),
          options: (server, topic) => ({
            mode: 'produce',
            batchBytes,
            connections,
            depth,
            topic,
            partitions: partitionsOf(server),
          }),
          report: { throughput: 'requestsPerSecond' },
        },
      ),
    );
  const notes = [
    `The 10,000 partitions were created in ${(createdMs / 1000).toFixed(1)} s; the broker then held ${openDescriptors(spreadOut.pid)} descriptors and ${afterMib.toFixed(0)} MiB more than before them. The first 3 s of load, in which each is written for the first time, (its leader-epoch-checkpoint is too), ran at ${requestsPerSecond.toFixed(0)} requests/s; ${(quietMs / 1000).toFixed(1)} s later the broker was quiet, and the rounds began.`,
    'One partition in a request, all partitions in turn; `millrace.flush.mode=os`. Rounds of 2 and of 1 s a server (of 0.6 s in a quick run): shorter ones count above all first writes to files behind the sync that stands before each.',
  ];
  for (const server of servers) await server.stop();
  return { id: 'partitions', title: 'Many partitions', servers: servers.map(({ name }) => ({ name })), runs, notes };
}
