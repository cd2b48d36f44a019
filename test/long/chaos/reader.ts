import type { FetchResponse } from '../../../src/protocol/api/fetch.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches } from '../../../src/records/index.js';
import { WireClient } from '../../support/wire_client.js';
import type { Load, LoadContext } from './load.js';
import { isConnectionLoss } from './wire_producer.js';

/** Reads every partition along while records come in, each in one session: it goes on exactly where it was. */
export class Reader implements Load {
  readonly positions: number[];
  private stopping = false;
  private client: WireClient | undefined;
  private readonly running: Promise<void>;

  constructor(
    private readonly name: string,
    private readonly context: LoadContext,
  ) {
    this.positions = Array.from({ length: context.partitions }, () => 0);
    this.running = context.watch(this.run());
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
    this.client?.close();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        this.client ??= await WireClient.connect(this.context.port, this.name);
        await poll(this.client, this.name, this.positions, this.context);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        this.client?.close();
        this.client = undefined;
      }
      await this.context.pause(20);
    }
  }
}

/** One fetch of all partitions; `positions` move on. Gives the count of records read, and whether every partition answered. */
export async function poll(
  client: WireClient,
  consumer: string,
  positions: number[],
  context: LoadContext,
): Promise<{ readonly records: number; readonly complete: boolean }> {
  const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
    maxWaitMs: 20,
    minBytes: 1,
    maxBytes: 1 << 20,
    topics: [
      {
        topic: context.topic,
        partitions: positions.map((fetchOffset, partition) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 18 })),
      },
    ],
  });
  let records = 0;
  let complete = true;
  for (const answer of response.responses[0]?.partitions ?? []) {
    const partition = answer.partitionIndex;
    const position = positions[partition] ?? 0;
    if (answer.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const from = await startOf(client, context.topic, partition);
      if (from < position) throw new Error(`${consumer}: ${partition} ends before ${position}, where it was read to`);
      positions[partition] = from;
      complete = false;
      continue;
    }
    if (answer.errorCode !== ErrorCode.NONE) {
      if (!context.retriable.has(answer.errorCode)) throw new Error(`${consumer}: fetch answered ${answer.errorCode}`);
      complete = false;
      continue;
    }
    if (answer.records === null || answer.records.length === 0) continue;
    for (const batch of decodeBatches(answer.records)) {
      for (const { offset, value } of batch.records) {
        if (offset < position) continue;
        context.record({
          kind: 'poll',
          consumer,
          session: 0,
          partition,
          offset,
          value: Buffer.from(value ?? []).toString(),
        });
        records += 1;
      }
      positions[partition] = Math.max(position, batch.lastOffset + 1);
    }
  }
  return { records, complete };
}

async function startOf(client: WireClient, topic: string, partition: number): Promise<number> {
  const { topics } = await client.send<{ topics: Array<{ partitions: Array<{ offset: number }> }> }>(
    ApiKey.ListOffsets,
    7,
    {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: -2 }] }],
    },
  );
  return topics[0]?.partitions[0]?.offset ?? 0;
}
