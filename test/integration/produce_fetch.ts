import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { decodeBatches, encodeBatch } from '../../src/records/index.js';
import type { WireClient } from '../support/wire_client.js';

/** Steps that several integration tests share. */
export async function createTopic(
  client: WireClient,
  name: string,
  numPartitions = 1,
  configs: Record<string, string> = {},
) {
  const response = await client.send<{ topics: Array<{ errorCode: number; errorMessage: string | null }> }>(
    ApiKey.CreateTopics,
    7,
    {
      topics: [
        {
          name,
          numPartitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 5000,
    },
  );
  if (response.topics[0]?.errorCode !== 0) throw new Error(`topic ${name}: ${response.topics[0]?.errorMessage}`);
}

export interface ProduceOptions {
  readonly acks?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly timestampMs?: number;
  readonly partition?: number;
}

export async function produce(
  client: WireClient,
  topic: string,
  values: readonly string[],
  options: ProduceOptions = {},
) {
  const records = encodeBatch({
    records: values.map((value) => ({
      timestampMs: options.timestampMs ?? Date.now(),
      key: null,
      value: Buffer.from(value),
      headers: [],
    })),
    ...(options.producerId === undefined
      ? {}
      : {
          producerId: options.producerId,
          producerEpoch: options.producerEpoch ?? 0,
          baseSequence: options.baseSequence ?? 0,
        }),
  });
  const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
    transactionalId: null,
    acks: options.acks ?? -1,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: options.partition ?? 0, records }] }],
  });
  const answer = response.responses[0]?.partitionResponses[0];
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** Every value of a partition from its start, in order. */
export async function readAll(client: WireClient, topic: string, partition = 0): Promise<string[]> {
  const values: string[] = [];
  let offset = 0;
  for (;;) {
    const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1 << 20 }] }],
    });
    const answer = response.responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) throw new Error(`fetch: ${answer?.errorCode}`);
    const records = answer.records;
    if (records === null || records.length === 0) return values;
    for (const batch of decodeBatches(records)) {
      for (const record of batch.records)
        if (record.offset >= offset) values.push(Buffer.from(record.value ?? []).toString());
      offset = batch.lastOffset + 1;
    }
  }
}
