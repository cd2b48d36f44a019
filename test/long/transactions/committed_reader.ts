import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchResponse } from '../../../src/protocol/api/fetch.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import type { TransactionEvent } from '../../support/transaction_history.js';
import { batchesOf } from '../../support/transaction_view.js';
import { WireClient } from '../../support/wire_client.js';
import { isConnectionLoss } from '../chaos/wire_producer.js';

/** Reads the committed records of every partition, each in one session: it goes on exactly where it was. */
export class CommittedReader {
  readonly positions: number[];
  private stopping = false;
  private client: WireClient | undefined;
  private readonly running: Promise<void>;
  private failure: Error | undefined;

  constructor(
    private readonly name: string,
    private readonly port: number,
    private readonly topic: string,
    partitions: number,
    private readonly events: TransactionEvent[],
  ) {
    this.positions = Array.from({ length: partitions }, () => 0);
    this.running = this.run().catch((error: unknown) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
    this.client?.close();
    if (this.failure !== undefined) throw this.failure;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        this.client ??= await WireClient.connect(this.port, this.name);
        await pollCommitted(this.client, this.name, this.topic, this.positions, this.events);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        this.client?.close();
        this.client = undefined;
      }
      await sleep(5);
    }
  }
}

/** One fetch of all partitions; `positions` move on. True when every partition answered and was at its last stable offset. */
export async function pollCommitted(
  client: WireClient,
  consumer: string,
  topic: string,
  positions: number[],
  events: TransactionEvent[],
): Promise<boolean> {
  const response = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
    maxWaitMs: 20,
    minBytes: 1,
    maxBytes: 1 << 20,
    isolationLevel: 1,
    topics: [
      {
        topic,
        partitions: positions.map((fetchOffset, partition) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 18 })),
      },
    ],
  });
  let atEnd = true;
  for (const answer of response.responses[0]?.partitions ?? []) {
    const { partitionIndex: partition, errorCode, records } = answer;
    if (errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.LEADER_NOT_AVAILABLE) {
      atEnd = false;
      continue;
    }
    if (errorCode !== ErrorCode.NONE) throw new Error(`${consumer}: fetch of ${partition} answered ${errorCode}`);
    const position = positions[partition] ?? 0;
    let end = position;
    for (const { batch, visible } of batchesOf(records ?? new Uint8Array(0), answer.abortedTransactions ?? [])) {
      end = Math.max(end, batch.lastOffset + 1);
      if (!visible) continue;
      for (const { offset, value } of batch.records)
        if (offset >= position)
          events.push({
            kind: 'poll',
            consumer,
            session: 0,
            partition,
            offset,
            value: Buffer.from(value ?? []).toString(),
          });
    }
    positions[partition] = end;
    if (end < answer.highWatermark) atEnd = false;
  }
  return atEnd;
}
