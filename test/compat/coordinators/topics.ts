import { encodeBatch } from '../../../src/records/index.js';
import type { Connections } from './connection.js';

export const topics: ReadonlyArray<readonly [string, number]> = [
  ['a', 3],
  ['b', 1],
  ['many-1', 2],
  ['many-2', 1],
];

export async function createTopics(on: Connections): Promise<void> {
  const wanted = topics.map(([name, numPartitions]) => ({ name, numPartitions, replicationFactor: 1, configs: [] }));
  await on.until('admin', 'CreateTopics', 7, { topics: wanted, timeoutMs: 5000 });
  await on.until('admin', 'Metadata', 12, { topics: topics.map(([name]) => ({ name })) });
}

/** Ids of topics by name, those of the broker included. */
export async function topicIds(on: Connections): Promise<Map<string, string>> {
  const answer = await on.until('admin', 'Metadata', 12, { topics: null });
  return new Map(
    (answer.topics as Array<{ name: string; topicId: string }>).map(({ name, topicId }) => [name, topicId]),
  );
}

export interface Producer {
  readonly transactionalId?: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export async function produce(
  on: Connections,
  topic: string,
  index: number,
  count: number,
  producer?: Producer,
): Promise<void> {
  const values = Array.from({ length: count }, (_, n) => ({
    timestampMs: Date.now(),
    key: null,
    value: Buffer.from(`value ${n}`),
    headers: [],
  }));
  const { transactionalId = null, ...state } = producer ?? {};
  const records = encodeBatch({
    records: values,
    ...state,
    ...(transactionalId === null ? {} : { isTransactional: true }),
  });
  const topicData = [{ name: topic, partitionData: [{ index, records }] }];
  await on.until('producer', 'Produce', 9, { transactionalId, acks: -1, timeoutMs: 5000, topicData });
}
