import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { type Broker, startBroker } from '../../src/index.js';
import type { InitProducerIdResponse } from '../../src/protocol/api/init_producer_id.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { chunks, FakeIo } from '../cli/support/fake_io.js';
import { committedValues } from '../support/committed_values.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic } from './produce_fetch.js';

let broker: Broker;
let client: WireClient;
let producerId: number;

async function run(...args: readonly string[]) {
  const io = new FakeIo(chunks(''));
  const exitCode = await runCli(['-b', broker.bootstrapServers, 'transactions', ...args], io);
  return { exitCode, out: io.output.text, err: io.errors.text };
}

const rows = async (...args: readonly string[]) =>
  JSON.parse((await run(...args, '--format', 'json')).out) as ReadonlyArray<Record<string, unknown>>;

async function produce(id: number, baseSequence: number, partition: number, ageMs: number): Promise<void> {
  const records = encodeBatch({
    records: [{ timestampMs: Date.now() - ageMs, value: Buffer.from(`of ${id}`) }],
    ...{ producerId: id, producerEpoch: 0, baseSequence, isTransactional: true },
  });
  const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
    transactionalId: 'open',
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: 't', partitionData: [{ index: partition, records }] }],
  });
  expect(response.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
}

beforeAll(async () => {
  // Without verification a transaction can begin that no coordinator knows of: what brokers before 3.6 left behind.
  broker = await startBroker({
    config: { 'transaction.partition.verification.enable': false, 'transaction.state.log.num.partitions': 2 },
  });
  client = await WireClient.connect(broker.port);
  await createTopic(client, 't', 2);
  await client.send(ApiKey.FindCoordinator, 3, { key: 'open', keyType: 1 });
  const init = (transactionalId: string) =>
    client.send<InitProducerIdResponse>(ApiKey.InitProducerId, 4, { transactionalId, transactionTimeoutMs: 600_000 });
  await init('idle');
  producerId = (await init('open')).producerId;
  await client.send(ApiKey.AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: 'open',
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: 0,
    v3AndBelowTopics: [{ name: 't', partitions: [1] }],
  });
  await produce(producerId, 0, 1, 20 * 60_000);
  await produce(4711, 0, 0, 20 * 60_000);
  await produce(4712, 0, 0, 1_000);
});
afterAll(async () => {
  client.close();
  await broker.close();
});

describe('millrace transactions', () => {
  it('lists and describes', async () => {
    expect((await rows('list')).map((one) => `${one.transactionalId} ${one.state}`)).toEqual([
      'idle Empty',
      'open Ongoing',
    ]);
    expect(await rows('list', '--state', 'Ongoing', '--pattern', 'op.*')).toEqual([
      { transactionalId: 'open', coordinatorId: 1, producerId, state: 'Ongoing' },
    ]);
    expect(await rows('list', '--longer-than', '1h', '--state', 'Ongoing')).toEqual([]);
    expect((await run('list', '--state', 'Nonsense')).err).toContain('knows no such state');
    expect((await run('list', '--pattern', '(')).exitCode).not.toBe(0);
    const [open] = await rows('describe', 'open');
    expect(open).toMatchObject({
      transactionalId: 'open',
      producerId,
      producerEpoch: 0,
      state: 'Ongoing',
      timeoutMs: 600_000,
      partitions: [{ topic: 't', partition: 1 }],
    });
    expect((await run('describe', 'idle')).out).toMatch(/idle +1 +\d+ +0 +Empty +600000 +- +- +-/);
    expect((await run('describe', 'nobody')).err).toContain('transactional id nobody does not exist');
  });

  it('shows producers of a partition', async () => {
    expect(await rows('describe-producers', '--topic', 't', '--partition', '0')).toMatchObject([
      { producerId: 4711, producerEpoch: 0, lastSequence: 0, coordinatorEpoch: -1, transactionStartOffset: 0 },
      { producerId: 4712, transactionStartOffset: 1 },
    ]);
  });

  it('finds transactions that hang, and aborts them', async () => {
    expect((await run('find-hanging')).err).toContain('Name --topic or --broker');
    expect(await rows('find-hanging', '--broker', '1')).toMatchObject([
      { topic: 't', partition: 0, producerId: 4711, transactionStartOffset: 0, durationMinutes: 20 },
    ]);
    expect(await rows('find-hanging', '--topic', 't', '--partition', '1')).toEqual([]);
    expect((await run('abort', '--topic', 't', '--partition', '0')).err).toContain('which transaction?');
    expect((await run('abort', '--topic', 't', '--partition', '0', '--start-offset', '7')).err).toContain(
      'no transaction',
    );
    const aborted = await run('abort', '--topic', 't', '--partition', '0', '--start-offset', '0');
    expect(aborted.out).toBe('aborted the transaction of producer 4711 on t-0\n');
    expect(await rows('find-hanging', '--topic', 't')).toEqual([]);
    const byProducer = ['--producer-id', '4712', '--producer-epoch', '0', '--coordinator-epoch', '-1'];
    expect((await run('abort', '--topic', 't', '--partition', '0', ...byProducer)).exitCode).toBe(0);
    expect(await committedValues(client, 't')).toEqual([]);
  });
});
