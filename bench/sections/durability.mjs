// What a sync for every acknowledgement costs when many producers share it.
import { compare } from '../harness/compare.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';
import { startBothModes } from './matrix.mjs';

export async function runDurability(context) {
  const servers = await startBothModes(context, 'durability');
  const run = await compare(context, {
    name: '64 producers, 16 KiB',
    settings: { connections: 64, depth: 1 },
    targets: [{ metric: 'requestsPerSecond', against: 'flush=os', atLeast: 0.8 }],
    servers,
    prepare: (server) => freshTopic(server),
    cleanUp: removeTopic,
    options: (_, topic) => ({ mode: 'produce', batchBytes: 16384, connections: 64, depth: 1, topic, acks: -1 }),
    report: { throughput: 'requestsPerSecond' },
  });
  for (const server of servers) await server.stop();
  return {
    id: 'durability',
    title: 'Durability: a sync for every acknowledgement against none',
    servers: servers.map(({ name }) => ({ name })),
    runs: [run],
    notes: ['acks=all, one topic with one partition; both brokers run at the same time and are loaded in turn.'],
  };
}
