import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { ListOffsetsResponse } from '../../src/protocol/api/list_offsets.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { controlTypeOf, decodeBatches, type RecordBatch } from '../../src/records/index.js';
import type { WireClient } from './wire_client.js';

/** What a consumer of committed records sees of a partition. */
export interface View {
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** ListOffsets, latest, of the two isolation levels. */
  readonly latest: number;
  readonly latestCommitted: number;
  /** Offset, key and value of each record. */
  readonly records: readonly string[];
  /** Producer and first offset of every aborted transaction that was named, as they came. */
  readonly aborted: readonly string[];
}

export async function fetchOnce(client: WireClient, topic: string, fetchOffset: number, more: object = {}) {
  const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    isolationLevel: 1,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
    ...more,
  });
  const answer = response.responses[0]?.partitions[0];
  if (answer === undefined || answer.errorCode !== 0) throw new Error(`Fetch: ${JSON.stringify(answer)}`);
  return answer;
}

async function latest(client: WireClient, topic: string, isolationLevel: number): Promise<number> {
  const response = await client.send<ListOffsetsResponse>(ApiKey.ListOffsets, 5, {
    replicaId: -1,
    isolationLevel,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  return response.topics[0]?.partitions[0]?.offset ?? -1;
}

/** The batches of an answer; `visible`: neither a marker nor of a transaction that was aborted. */
export function* batchesOf(
  records: Uint8Array,
  abortedTransactions: ReadonlyArray<{ readonly producerId: number; readonly firstOffset: number }>,
): Generator<{ readonly batch: RecordBatch; readonly visible: boolean }> {
  const aborted = [...abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset);
  const leftOut = new Set<number>();
  for (const batch of decodeBatches(records)) {
    for (let next = aborted[0]; next !== undefined && next.firstOffset <= batch.lastOffset; next = aborted[0]) {
      leftOut.add(next.producerId);
      aborted.shift();
    }
    const [marker] = batch.records;
    if (batch.isControl && marker !== undefined && controlTypeOf(marker) === 'ABORT') leftOut.delete(batch.producerId);
    yield { batch, visible: !batch.isControl && !(batch.isTransactional && leftOut.has(batch.producerId)) };
  }
}

/** Reads everything as Kafka's consumer does: a transaction is left out from its first offset to its abort marker. */
export async function committedView(client: WireClient, topic: string): Promise<View> {
  const records: string[] = [];
  const named = new Set<string>();
  let highWatermark = -1;
  let lastStableOffset = -1;
  for (let offset = 0; ; ) {
    const answer = await fetchOnce(client, topic, offset);
    ({ highWatermark, lastStableOffset } = answer);
    if (answer.records === null || answer.records.length === 0) break;
    for (const { producerId, firstOffset } of answer.abortedTransactions ?? [])
      named.add(`${producerId} ${firstOffset}`);
    for (const { batch, visible } of batchesOf(answer.records, answer.abortedTransactions ?? [])) {
      offset = batch.lastOffset + 1;
      if (visible)
        for (const record of batch.records)
          records.push(
            `${record.offset} ${Buffer.from(record.key ?? []).toString()} ${record.value === null ? 'null' : Buffer.from(record.value).toString()}`,
          );
    }
  }
  return {
    highWatermark,
    lastStableOffset,
    latest: await latest(client, topic, 0),
    latestCommitted: await latest(client, topic, 1),
    records,
    aborted: [...named],
  };
}
