// What a sync for every acknowledgement costs when many producers share it.
import { compare } from '../harness/compare.mjs';
import { runClient } from '../harness/load.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';
import { startBothModes } from './matrix.mjs';

/** `max.in.flight.requests.per.connection` of Kafka's producer, whose `batch.size` is 16 KiB: the goal is for such ones. */
const producersDepth = 5;

/**
 * What waits for a sync passes through more JavaScript than what does not, so that a young broker loses more with it: of loads of 2 s the
 * first three had ratios of 0.68, 0.74 and 0.81, those behind them 0.87 to 1.03. Small requests compile the same in less time.
 */
async function warmUp(context, server) {
  const topic = await freshTopic(server);
  const load = {
    mode: 'produce',
    batchBytes: 1024,
    connections: 64,
    depth: producersDepth,
    topic,
    acks: -1,
    seconds: 2,
  };
  await runClient(context.load, server, load);
  await removeTopic(server, topic);
}

export async function runDurability(context) {
  const servers = await startBothModes(context, 'durability');
  for (const server of servers) await warmUp(context, server);
  const runs = [];
  for (const depth of [1, producersDepth]) {
    const run = await compare(context, {
      name: `64 producers, 16 KiB, ${depth} in flight each`,
      settings: { connections: 64, depth },
      targets: depth === producersDepth ? [{ metric: 'requestsPerSecond', against: 'flush=os', atLeast: 0.8 }] : [],
      servers,
      // What has no target is shown only; what has one varies with the disk.
      rounds: context.isShort ? (depth === producersDepth ? 7 : 2) : undefined,
      prepare: (server) => freshTopic(server),
      cleanUp: removeTopic,
      options: (_, topic) => ({ mode: 'produce', batchBytes: 16384, connections: 64, depth, topic, acks: -1 }),
      report: { throughput: 'requestsPerSecond' },
    });
    runs.push(run);
  }
  for (const server of servers) await server.stop();
  return {
    id: 'durability',
    title: 'Durability: a sync for every acknowledgement against none',
    servers: servers.map(({ name }) => ({ name })),
    runs,
    notes: [
      'acks=all, one topic with one partition; both brokers run at the same time and are loaded in turn.',
      "5 in flight (max.in.flight.requests.per.connection) and 16 KiB (batch.size) is what Kafka's own producer has: the goal is for that. With 1 every producer waits for the medium before it goes on, and how much less gets through is the disk's latency: shown, without a goal.",
    ],
  };
}
