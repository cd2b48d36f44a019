import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { parseExposition } from '../../src/telemetry/index.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce } from './produce_fetch.js';

const flushMode = 'millrace.flush.mode';
const topicResource = 2;
const brokerResource = 4;
const set = 0;
const remove = 1;

let directory: string;
let broker: Broker;
let client: WireClient;

async function start(config: Readonly<Record<string, string>> = {}): Promise<void> {
  broker = await startBroker({ dataDirectory: directory, config });
  client = await WireClient.connect(broker.port);
}
async function stop(): Promise<void> {
  client.close();
  await broker.close();
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
});
afterEach(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

async function metric(name: string): Promise<number> {
  for (const sample of parseExposition(await broker.metrics())) if (sample.name === name) return sample.value;
  throw new Error(`no metric ${name}`);
}

/** Flushes that one acknowledged append asks for. */
async function flushesOfAppend(topic: string, acks = -1): Promise<number> {
  const before = await metric('millrace_flush_requests_total');
  expect((await produce(client, topic, ['value'], { acks })).errorCode).toBe(0);
  return (await metric('millrace_flush_requests_total')) - before;
}

async function alter(resourceType: number, resourceName: string, configOperation: number, value: string | null) {
  const response = await client.send<{ responses: ReadonlyArray<{ errorCode: number }> }>(
    ApiKey.IncrementalAlterConfigs,
    1,
    {
      resources: [{ resourceType, resourceName, configs: [{ name: flushMode, configOperation, value }] }],
      validateOnly: false,
    },
  );
  expect(response.responses[0]?.errorCode).toBe(0);
}

describe('millrace.flush.mode', () => {
  it('is group by default: acks=1 and acks=all follow an fdatasync', async () => {
    await start();
    await createTopic(client, 't');
    expect(await flushesOfAppend('t')).toBe(1);
    expect(await flushesOfAppend('t', 1)).toBe(1);
  });

  it('is os for a topic that says so, beside others', async () => {
    await start();
    await createTopic(client, 'fast', 1, { [flushMode]: 'os' });
    await createTopic(client, 'safe');
    expect(await flushesOfAppend('fast')).toBe(0);
    expect(await flushesOfAppend('safe')).toBe(1);
  });

  it('is os for a broker that says so, but for topics that say group', async () => {
    await start({ [flushMode]: 'os' });
    await createTopic(client, 'fast');
    await createTopic(client, 'safe', 1, { [flushMode]: 'group' });
    expect(await flushesOfAppend('fast')).toBe(0);
    expect(await flushesOfAppend('safe')).toBe(1);
  });

  it('acts when it is changed for a topic, and after a restart', async () => {
    await start();
    await createTopic(client, 't');
    await alter(topicResource, 't', set, 'os');
    expect(await flushesOfAppend('t')).toBe(0);
    await stop();
    await start();
    expect(await flushesOfAppend('t')).toBe(0);
    await alter(topicResource, 't', remove, null);
    expect(await flushesOfAppend('t')).toBeGreaterThan(0);
  });

  it('acts when it is changed for all brokers', async () => {
    await start();
    await createTopic(client, 't');
    await alter(brokerResource, '', set, 'os');
    expect(await flushesOfAppend('t')).toBe(0);
    await alter(brokerResource, '', set, 'group');
    expect(await flushesOfAppend('t')).toBeGreaterThan(0);
  });

  it('flushes what os had left when it becomes group', async () => {
    await start();
    await createTopic(client, 't', 1, { [flushMode]: 'os' });
    for (let i = 0; i < 3; i += 1) await produce(client, 't', ['value']);
    expect(await metric('millrace_flush_group_bytes_sum')).toBe(0);
    const size = await metric('kafka_log_log_size');
    await alter(topicResource, 't', set, 'group');
    // A later append is acknowledged after a flush that covers everything before it.
    await produce(client, 't', ['value']);
    expect(await metric('millrace_flush_group_bytes_sum')).toBe((size * 4) / 3);
  });

  it('shows group sizes, bytes and times by log directory', async () => {
    await start();
    await createTopic(client, 't');
    await Promise.all(Array.from({ length: 20 }, () => produce(client, 't', ['value'])));
    const samples = [...parseExposition(await broker.metrics())].filter(({ labels }) => labels.directory === directory);
    const value = (name: string, le?: string) =>
      samples.find((sample) => sample.name === name && sample.labels.le === le)?.value ?? Number.NaN;
    const syncs = await metric('millrace_flush_total');
    for (const name of ['millrace_flush_group_requests', 'millrace_flush_group_bytes', 'millrace_flush_sync_seconds']) {
      expect(value(`${name}_count`)).toBe(syncs);
      expect(value(`${name}_bucket`, '+Inf')).toBe(syncs);
      expect(value(`${name}_sum`)).toBeGreaterThan(0);
    }
    expect(value('millrace_flush_group_requests_sum')).toBe(20);
    expect(value('millrace_flush_group_bytes_sum')).toBe(await metric('kafka_log_log_size'));
    expect(value('millrace_flush_group_requests_bucket', '32')).toBe(syncs);
  });
});
