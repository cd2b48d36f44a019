import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { ListOffsetsResponse } from '../../src/protocol/api/list_offsets.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { decodeBatchHeader, splitBatches } from '../../src/records/index.js';
import type { WireClient } from '../support/wire_client.js';

/** Partitions that the golden directory `stopped` has, internal topics left out. */
export const stoppedPartitions = [
  'append-time-0',
  'codecs-0',
  'compacted-0',
  'empty-0',
  'segments-0',
  'segments-1',
  'shortened-0',
  'transactions-0',
] as const;

export function split(partition: string): { readonly topic: string; readonly index: number } {
  const dash = partition.lastIndexOf('-');
  return { topic: partition.slice(0, dash), index: Number(partition.slice(dash + 1)) };
}

/** The batches of a partition's segment files, one after the other, whose last offset is at least `from`. */
export function batchesOnDisk(directory: string, partition: string, from = 0): Buffer[] {
  const path = join(directory, partition);
  const logs = readdirSync(path).filter((name) => name.endsWith('.log'));
  return logs
    .sort()
    .flatMap((name) =>
      [...splitBatches(readFileSync(join(path, name)))]
        .map((batch) => Buffer.from(batch))
        .filter((batch) => decodeBatchHeader(batch).lastOffset >= from),
    );
}

/** A broker that has just started may not lead its partitions yet: asked until it does. */
async function startOf(client: WireClient, topic: string, partitionIndex: number): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const listed = await client.send<ListOffsetsResponse>(ApiKey.ListOffsets, 7, {
      replicaId: -1,
      topics: [{ name: topic, partitions: [{ partitionIndex, timestamp: -2 }] }],
    });
    const answer = listed.topics[0]?.partitions[0];
    if (answer?.errorCode === 0) return answer.offset;
    if (tries === 200) throw new Error(`${topic}-${partitionIndex}: ${answer?.errorCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The batches that a broker gives a consumer that begins at the earliest offset. */
export async function batchesServed(
  client: WireClient,
  partition: string,
): Promise<{ readonly start: number; readonly batches: Buffer[] }> {
  const { topic, index } = split(partition);
  const start = await startOf(client, topic, index);
  const batches: Buffer[] = [];
  for (let offset = start; ; ) {
    const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic, partitions: [{ partition: index, fetchOffset: offset, partitionMaxBytes: 1 << 20 }] }],
    });
    const answer = response.responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) throw new Error(`${partition}: ${answer?.errorCode}`);
    const found = [...splitBatches(answer.records ?? new Uint8Array(0))].map((batch) => Buffer.from(batch));
    const last = found.at(-1);
    if (last === undefined) return { start, batches };
    batches.push(...found);
    offset = decodeBatchHeader(last).lastOffset + 1;
  }
}
