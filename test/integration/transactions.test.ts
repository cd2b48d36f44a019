import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { committedView } from '../support/transaction_view.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic } from './produce_fetch.js';

const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-test-txn-'));
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

async function produce(client: WireClient, transactionalId: string | null, baseSequence: number) {
  const isTransactional = transactionalId !== null;
  const records = encodeBatch({
    records: [{ timestampMs: Date.now(), key: Buffer.from('k'), value: Buffer.from(transactionalId ?? 'plain') }],
    ...(isTransactional ? { producerId: 5, producerEpoch: 0, baseSequence, isTransactional } : {}),
  });
  const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
    transactionalId,
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
  });
  return response.responses[0]?.partitionResponses[0];
}

it('an open transaction holds readers of committed records back, also over a restart', async () => {
  const config = { 'transaction.partition.verification.enable': false };
  let broker = await startBroker({ dataDirectory, config });
  let client = await WireClient.connect(broker.port);
  await createTopic(client, 't', 1);
  expect(await produce(client, null, 0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await produce(client, 'txn', 0)).toMatchObject({ errorCode: 0, baseOffset: 1 });
  expect(await produce(client, null, 0)).toMatchObject({ errorCode: 0, baseOffset: 2 });
  const wanted = {
    highWatermark: 3,
    lastStableOffset: 1,
    latest: 3,
    latestCommitted: 1,
    records: ['0 k plain'],
    aborted: [],
  };
  expect(await committedView(client, 't')).toEqual(wanted);
  client.close();
  await broker.close();
  broker = await startBroker({ dataDirectory, config });
  client = await WireClient.connect(broker.port);
  try {
    expect(await committedView(client, 't')).toEqual(wanted);
    expect(await produce(client, 'txn', 0)).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(await produce(client, 'txn', 1)).toMatchObject({ errorCode: 0, baseOffset: 3 });
    expect((await committedView(client, 't')).lastStableOffset).toBe(1);
  } finally {
    client.close();
    await broker.close();
  }
});
