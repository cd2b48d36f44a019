import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ClusterClient, Consumer } from '../../src/client/index.js';
import type { CreateTopicsResponse } from '../../src/protocol/api/create_topics.js';
import type { DescribeConfigsResponse } from '../../src/protocol/api/describe_configs.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { environment } from '../client/support/broker.js';
import { createTopic } from '../integration/produce_fetch.js';
import { BrokerProcess } from '../support/broker_process.js';
import { WireClient } from '../support/wire_client.js';

const rounds = 20;
const partitions = [0, 1, 2];
const directory = mkdtempSync(join(tmpdir(), 'millrace-kill-metadata-'));
const settings = { 'offsets.topic.num.partitions': '5', 'group.initial.rebalance.delay.ms': '0' };
let broker: BrokerProcess | undefined;
afterAll(async () => {
  await broker?.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** Offsets that a member of a classic group commits, one after the other, and the last one that was acknowledged. */
class Committer {
  acknowledged = 0;
  count = 0;
  private next = 0;

  constructor(private readonly consumer: Consumer) {}

  async run(stop: () => boolean): Promise<void> {
    while (!stop()) {
      this.next += 1;
      const offset = this.next;
      try {
        await this.consumer.commit(
          partitions.map((partition) => ({ topic: 'committed', partition, offset, metadata: `at ${offset}` })),
        );
      } catch {
        // The broker died under it: what becomes of this one is unknown.
        return;
      }
      this.acknowledged = offset;
      this.count += 1;
    }
  }
}

/** Topics with configs and producer ids that one connection was told it has. */
class Registrar {
  readonly topics = new Map<string, { readonly topicId: string; readonly retentionMs: string }>();
  readonly producerIds: number[] = [];
  private made = 0;

  async run(client: WireClient, stop: () => boolean): Promise<void> {
    try {
      while (!stop()) {
        const name = `made-${this.made++}`;
        const retentionMs = String(1_000_000 + this.made);
        const created = await client.send<CreateTopicsResponse>(ApiKey.CreateTopics, 7, {
          topics: [
            { name, numPartitions: 1, replicationFactor: 1, configs: [{ name: 'retention.ms', value: retentionMs }] },
          ],
          timeoutMs: 5000,
        });
        const [topic] = created.topics;
        expect(topic?.errorCode).toBe(0);
        this.topics.set(name, { topicId: topic?.topicId ?? '', retentionMs });
        const { producerId } = await client.send<{ producerId: number }>(ApiKey.InitProducerId, 4, {
          transactionalId: null,
          transactionTimeoutMs: 0,
        });
        this.producerIds.push(producerId);
      }
    } catch (error) {
      if (!(error instanceof Error && error.message === 'connection closed')) throw error;
    }
  }

  async verify(client: WireClient): Promise<void> {
    const { topics } = await client.send<MetadataResponse>(ApiKey.Metadata, 12, { topics: null });
    const found = new Map(topics.map((topic) => [topic.name, topic]));
    for (const [name, { topicId }] of this.topics)
      expect(found.get(name), name).toMatchObject({ topicId, errorCode: 0, partitions: [{ errorCode: 0 }] });
    const described = await client.send<DescribeConfigsResponse>(ApiKey.DescribeConfigs, 4, {
      resources: [...this.topics.keys()].map((resourceName) => ({
        resourceType: 2,
        resourceName,
        configurationKeys: ['retention.ms'],
      })),
    });
    expect(described.results.map(({ resourceName, configs }) => [resourceName, configs[0]?.value])).toEqual(
      [...this.topics].map(([name, { retentionMs }]) => [name, retentionMs]),
    );
    expect(new Set(this.producerIds).size).toBe(this.producerIds.length);
  }
}

/** The committed offsets as the broker tells them, when it has loaded them. */
async function committed(
  client: WireClient,
): Promise<Array<{ readonly offset: number; readonly metadata: string | null }>> {
  const retriable = new Set([14, 15, 16]);
  for (;;) {
    const { groups } = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
      groups: [{ groupId: 'group', topics: [{ name: 'committed', partitionIndexes: partitions }] }],
      requireStable: true,
    });
    const [group] = groups;
    if (retriable.has(group?.errorCode ?? 0)) continue;
    expect(group?.errorCode).toBe(0);
    return (group?.topics[0]?.partitions ?? []).map(({ committedOffset, metadata }) => ({
      offset: committedOffset,
      metadata,
    }));
  }
}

it(`keeps acknowledged commits, topics, configs and producer ids through ${rounds} rounds of kill -9`, async () => {
  broker = await BrokerProcess.start(directory, settings);
  const { port } = broker;
  let client = await WireClient.connect(port);
  await createTopic(client, 'committed', partitions.length);
  const cluster = new ClusterClient(environment, { bootstrapServers: [{ host: '127.0.0.1', port }] });
  const consumer = new Consumer(cluster, {
    groupId: 'group',
    groupInstanceId: 'one',
    enableAutoCommit: false,
    autoOffsetReset: 'earliest',
    sessionTimeoutMs: 45_000,
  });
  consumer.subscribe(['committed']);
  while (consumer.assignment().length < partitions.length) await consumer.poll({ timeoutMs: 100 });
  const committer = new Committer(consumer);
  const registrar = new Registrar();
  for (let round = 0; round < rounds; round += 1) {
    let stopping = false;
    const working = [committer.run(() => stopping), registrar.run(client, () => stopping)];
    // A different moment of the work each time.
    await new Promise((resolve) => setTimeout(resolve, 20 + ((round * 7919) % 90)));
    await broker.end('SIGKILL');
    stopping = true;
    broker = await BrokerProcess.start(directory, settings, port);
    await Promise.all(working);
    client.close();
    client = await WireClient.connect(port);
    const found = await committed(client);
    expect(found).toHaveLength(partitions.length);
    for (const { offset, metadata } of found) {
      expect(offset, `round ${round}`).toBeGreaterThanOrEqual(committer.acknowledged);
      expect(metadata).toBe(`at ${offset}`);
    }
    // One commit is one batch: all of it or nothing.
    expect(new Set(found.map(({ offset }) => offset)).size).toBe(1);
    await registrar.verify(client);
    // The member lives on, with the generation it had.
    while (consumer.assignment().length < partitions.length) await consumer.poll({ timeoutMs: 100 });
  }
  await consumer.close();
  await cluster.close();
  expect(committer.count).toBeGreaterThan(rounds);
  expect(registrar.topics.size).toBeGreaterThan(rounds);
  console.log(
    `${committer.count} commits, ${registrar.topics.size} topics with configs and ${registrar.producerIds.length} producer ids acknowledged in ${rounds} rounds of kill -9, none lost`,
  );
  client.close();
});
