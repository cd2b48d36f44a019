import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { controlTypeOf, decodeBatches } from '../../src/records/index.js';
import type { WireClient } from './wire_client.js';

/** Values of committed records of a partition from its start, as a client picks them out of what the broker gives. */
export async function committedValues(client: WireClient, topic: string, partition = 0): Promise<string[]> {
  const values: string[] = [];
  let offset = 0;
  for (;;) {
    const response = await client.send<FetchResponse>(ApiKey.Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 8 << 20,
      isolationLevel: 1,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 8 << 20 }] }],
    });
    const answer = response.responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) throw new Error(`fetch: error ${answer?.errorCode}`);
    if (offset >= answer.highWatermark) {
      if (answer.lastStableOffset === answer.highWatermark) return values;
    }
    const from = offset;
    const begins = [...(answer.abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset);
    const aborting = new Set<number>();
    for (const batch of decodeBatches(answer.records ?? new Uint8Array(0))) {
      for (let next = begins[0]; next !== undefined && next.firstOffset <= batch.lastOffset; next = begins[0]) {
        aborting.add(next.producerId);
        begins.shift();
      }
      const [first] = batch.records;
      if (batch.isControl && first !== undefined && controlTypeOf(first) === 'ABORT') aborting.delete(batch.producerId);
      offset = Math.max(offset, batch.lastOffset + 1);
      if (batch.isControl || (batch.isTransactional && aborting.has(batch.producerId))) continue;
      for (const { offset: at, value } of batch.records)
        if (at >= from) values.push(Buffer.from(value ?? []).toString());
    }
  }
}
