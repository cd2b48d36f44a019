// Latencies at fixed rates (open loop): to the acknowledgement, and end to end.
import { compare } from '../harness/compare.mjs';
import { freshTopic, removeTopic } from '../harness/topics.mjs';
import { startBothModes } from './matrix.mjs';

const cells = [
  ...[500, 5000, 20_000].map((rate) => ({
    name: `produce 1 KiB, ${rate}/s`,
    mode: 'produce',
    rate,
    recordBytes: 1024,
  })),
  { name: 'produce 100 × 100 B, 2000/s', mode: 'produce', rate: 2000, recordBytes: 100, records: 100 },
  { name: 'produce 1 MiB, 100/s', mode: 'produce', rate: 100, batchBytes: 2 ** 20 },
  ...[500, 5000].map((rate) => ({
    name: `end to end 1 KiB, ${rate}/s`,
    mode: 'end-to-end',
    rate,
    recordBytes: 1024,
    consumers: 2,
  })),
];
const partitions = 8;

export async function runRates(context) {
  const servers = await startBothModes(context, 'rates');
  const slow = { ...context, rounds: context.quick ? 1 : 3, seconds: context.quick ? 2 : 5 };
  const runs = [];
  for (const { name, ...load } of cells.filter(context.wanted))
    runs.push(
      await compare(slow, {
        name,
        settings: { connections: 16, partitions, acks: 'all' },
        servers,
        prepare: (server) => freshTopic(server, { partitions }),
        cleanUp: removeTopic,
        options: (_, topic) => ({ ...load, topic, partitions, connections: 16, depth: 1000, acks: -1 }),
        countSystemCalls: false,
        report: { throughput: null },
      }),
    );
  for (const server of servers) await server.stop();
  return {
    id: 'rates',
    title: 'Latency at fixed rates, both flush modes',
    servers: servers.map(({ name }) => ({ name })),
    runs,
    notes: ['Open loop: latency counts from the time a request was due, whether it could be sent then or not.'],
  };
}
