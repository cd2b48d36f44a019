import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { FindCoordinatorResponse } from '../../src/protocol/api/find_coordinator.js';
import type { InitProducerIdResponse } from '../../src/protocol/api/init_producer_id.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic } from './produce_fetch.js';

const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-test-coordinators-'));
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

const config = {
  'millrace.metrics.port': 0,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.num.partitions': 2,
};

async function scrape(broker: Broker): Promise<(name: string) => number | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${broker.metricsPort}/metrics`)).text();
  const values = new Map(
    text.split('\n').map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
  );
  return (name) => (values.has(name) ? Number(values.get(name)) : undefined);
}

/** Makes the coordinator's topic. */
async function findCoordinator(client: WireClient, keyType: number): Promise<void> {
  await vi.waitFor(async () => {
    const found = await client.send<FindCoordinatorResponse>(ApiKey.FindCoordinator, 4, {
      keyType,
      coordinatorKeys: ['x'],
    });
    expect(found.coordinators[0]?.errorCode).toBe(0);
  });
}

async function begin(client: WireClient, transactionalId: string) {
  const { producerId, producerEpoch } = await client.send<InitProducerIdResponse>(ApiKey.InitProducerId, 4, {
    transactionalId,
    transactionTimeoutMs: 60_000,
    producerId: -1,
    producerEpoch: -1,
  });
  const topics = [{ name: 't', partitions: [0] }];
  const v3 = { v3AndBelowTransactionalId: transactionalId, v3AndBelowProducerId: producerId, v3AndBelowTopics: topics };
  await client.send(ApiKey.AddPartitionsToTxn, 3, { ...v3, v3AndBelowProducerEpoch: producerEpoch });
  return { transactionalId, producerId, producerEpoch };
}

it('shows transactions and groups by state, and what coordinators loaded', async () => {
  let broker = await startBroker({ dataDirectory, config });
  let client = await WireClient.connect(broker.port);
  const transactions = (state: string) => `millrace_transactional_ids{state="${state}"}`;
  try {
    await createTopic(client, 't', 1);
    for (const keyType of [0, 1]) await findCoordinator(client, keyType);
    await client.send(ApiKey.OffsetCommit, 8, {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }] }],
    });
    const ended = await begin(client, 'ended');
    await client.send(ApiKey.EndTxn, 3, { ...ended, committed: true });
    await begin(client, 'open');
    await vi.waitFor(async () => expect((await scrape(broker))(transactions('CompleteCommit'))).toBe(1));
    const value = await scrape(broker);
    expect(value(transactions('Ongoing'))).toBe(1);
    expect(value(transactions('PrepareAbort'))).toBe(0);
    for (const name of ['millrace_transactions_ending', 'millrace_transaction_markers_in_flight'])
      expect(value(name)).toBe(0);
    expect(value('kafka_server_transaction_coordinator_metrics_num_partitions{state="active"}')).toBe(2);
    expect(value('kafka_coordinator_group_groupmetadatamanager_numgroupsempty')).toBe(1);
    expect(value('kafka_server_group_coordinator_metrics_group_count{protocol="classic"}')).toBe(1);
    expect(value('kafka_server_group_coordinator_metrics_consumer_group_count{state="Stable"}')).toBe(0);
    expect(value('millrace_coordinator_loaded_records_total{coordinator="transaction"}')).toBe(0);
  } finally {
    client.close();
    await broker.close();
  }
  broker = await startBroker({ dataDirectory, config });
  client = await WireClient.connect(broker.port);
  try {
    await vi.waitFor(async () => expect((await scrape(broker))(transactions('Ongoing'))).toBe(1));
    const value = await scrape(broker);
    expect(value('millrace_coordinator_loaded_partitions_total{coordinator="transaction"}')).toBe(2);
    expect(value('millrace_coordinator_loaded_records_total{coordinator="transaction"}')).toBeGreaterThanOrEqual(5);
    expect(value('millrace_coordinator_loaded_bytes_total{coordinator="group"}')).toBeGreaterThan(0);
    expect(value('kafka_server_transaction_coordinator_metrics_partition_load_time_max')).toBeGreaterThanOrEqual(0);
  } finally {
    client.close();
    await broker.close();
  }
});
