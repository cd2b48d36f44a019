// What a sync for every acknowledgement costs when many producers share it.
import { compare } from '../harness/compare.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';
import { startBothModes } from './matrix.mjs';

/** `max.in.flight.requests.per.connection` of Kafka's producer, whose `batch.size` is 16 KiB: the goal is for such ones. */
const producersDepth = 5;

export async function runDurability(context) {
  const servers = await startBothModes(context, 'durability');
  const runs = [];
  for (const depth of [1, producersDepth]) {
    const run = await compare(context, {
      name: `64 producers, 16 KiB, ${depth} in flight each`,
      settings: { connections: 64, depth },
      targets: depth === producersDepth ? [{ metric: 'requestsPerSecond', against: 'flush=os', atLeast: 0.8 }] : [],
      servers,
      // What has no target is shown only.
      rounds: context.isShort && depth !== producersDepth ? 2 : undefined,
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
