import { expect } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { WireClient } from '../support/wire_client.js';

const records = encodeBatch({ records: [{ timestampMs: 0, key: null, value: Buffer.alloc(10_000, 'x') }] });

export type Entity = Readonly<Record<string, string | null>>;

/** A whole broker in virtual time, and clients that wait as they are told. */
export class QuotaScene {
  private readonly clients: WireClient[] = [];
  private constructor(readonly broker: Broker) {}

  static async start(): Promise<QuotaScene> {
    return new QuotaScene(await startBroker({ clock: 'virtual', seed: 1 }));
  }

  async stop(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    await this.broker.close();
  }

  async connect(clientId: string): Promise<WireClient> {
    const client = await WireClient.connect(this.broker.port, clientId);
    this.clients.push(client);
    return client;
  }

  /** `null` takes the quota away. */
  async setQuota(entity: Entity, key: string, value: number | null): Promise<void> {
    const admin = await this.connect('admin');
    const answer = await admin.send<{ entries: Array<{ errorCode: number }> }>(ApiKey.AlterClientQuotas, 1, {
      entries: [
        {
          entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
          ops: [{ key, value: value ?? 0, remove: value === null }],
        },
      ],
      validateOnly: false,
    });
    expect(answer.entries.map(({ errorCode }) => errorCode)).toEqual([0]);
  }

  async createTopic(client: WireClient, name: string): Promise<void> {
    // The records are of 1970.
    const configs = [{ name: 'retention.ms', value: '-1' }];
    await client.send(ApiKey.CreateTopics, 7, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
      timeoutMs: 1000,
      validateOnly: false,
    });
  }

  /**
   * What `step` moves per second when it is called as fast as the broker lets it. Kafka's window lets a burst through every ten seconds or
   * so and less in between: only what is measured over many of them says something.
   */
  async measured(
    step: () => Promise<{ readonly throttleMs: number; readonly amount: number }>,
    spanMs = 600_000,
  ): Promise<number> {
    let elapsedMs = 0;
    let total = 0;
    while (elapsedMs < spanMs) {
      const { throttleMs, amount } = await step();
      total += amount;
      if (throttleMs > 0) await this.broker.clock.advance(throttleMs);
      elapsedMs += throttleMs;
    }
    return (total * 1000) / elapsedMs;
  }
}

/** Bytes of a request of {@link produce}, as quotas count them. */
export const produceBytes = records.length + 80;

export async function produce(client: WireClient, topic: string): Promise<number> {
  const { throttleTimeMs, responses } = await client.send<{
    throttleTimeMs: number;
    responses: Array<{ partitionResponses: Array<{ errorCode: number }> }>;
  }>(ApiKey.Produce, 9, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
  return throttleTimeMs;
}

/** Bytes of records, and what the client is told to wait. */
export async function fetch(client: WireClient, topic: string, fetchOffset: number) {
  const { throttleTimeMs, responses } = await client.send<{
    readonly throttleTimeMs: number;
    readonly responses: ReadonlyArray<{ readonly partitions: ReadonlyArray<{ readonly records: Uint8Array | null }> }>;
  }>(ApiKey.Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 10_000,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 10_000 }] }],
  });
  const amount = responses[0]?.partitions[0]?.records?.length ?? 0;
  expect(amount).toBeGreaterThan(0);
  return { throttleMs: throttleTimeMs, amount };
}

export function expectWithin5Percent(rate: number, limit: number): void {
  expect(rate / limit).toBeGreaterThan(0.95);
  expect(rate / limit).toBeLessThan(1.05);
}
