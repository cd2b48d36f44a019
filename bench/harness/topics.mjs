// Fresh topics for workloads. The reference server takes any name and has one log.
import { createTopic, deleteTopic, produceOnce, untilLed, WireClient } from '../wire.mjs';

let number = 0;

async function withClient(server, act) {
  const client = await WireClient.connect(server.port);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

/** The name of a new topic, with `filled` batches of `batchBytes` in each partition to be fetched. */
export function freshTopic(server, { partitions = 1, configs = {}, filled = 0, batchBytes = 0 } = {}) {
  number += 1;
  const topic = `bench-${String(number).padStart(5, '0')}`;
  return withClient(server, async (client) => {
    if (server.kind !== 'reference') {
      await createTopic(client, topic, { partitions, configs });
      if (server.kind === 'kafka') await untilLed(client, topic, partitions);
    }
    for (let partition = 0; partition < partitions; partition += 1)
      for (let i = 0; i < filled; i += 1) await produceOnce(client, topic, batchBytes, partition);
    return topic;
  });
}

/** With its files: no broker here waits before it deletes them. */
export async function removeTopic(server, topic) {
  if (server.kind === 'reference') await server.restart();
  else await withClient(server, (client) => deleteTopic(client, topic));
}
