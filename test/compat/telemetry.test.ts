import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_RESOURCE } from '../../src/config/index.js';
import { type Broker, startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { decodeOtlp } from '../../src/server/client_metrics/otlp.js';
import { createTopic } from '../integration/produce_fetch.js';
import { setConfigs } from '../support/set_configs.js';
import { WireClient } from '../support/wire_client.js';
import { findDrivers, run } from './drivers.js';

// Clients that push their metrics (KIP-714) to a broker that hands them on to a collector.
const software: Readonly<Record<string, RegExp>> = {
  java: /^apache-kafka-java$/,
  'confluent-kafka-javascript': /librdkafka|confluent/,
};
const clients = (await findDrivers()).flatMap((driver) => {
  const called = software[driver.name];
  if (called === undefined) return [];
  if (driver.command !== undefined) return [{ name: driver.name, driver, called }];
  console.log(`compat: telemetry of ${driver.name} is skipped, not installed: ${driver.missing}`);
  return [];
});

const taken: Uint8Array[] = [];
let collector: Server;
let broker: Broker;
let client: WireClient;

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      taken.push(Buffer.concat(chunks));
      response.end();
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  broker = await startBroker({
    config: { 'millrace.telemetry.receivers': `prometheus,http://127.0.0.1:${port}/v1/metrics` },
  });
  client = await WireClient.connect(broker.port);
  await setConfigs(client, CONFIG_RESOURCE.CLIENT_METRICS, 'all', { metrics: '*', 'interval.ms': '100' });
});
afterAll(async () => {
  client.close();
  await broker.close();
  await new Promise((resolve) => collector.close(resolve));
});

async function offersTelemetry(port: number): Promise<boolean> {
  const asking = await WireClient.connect(port);
  const { apiKeys } = await asking.send<{ apiKeys: ReadonlyArray<{ apiKey: number }> }>(ApiKey.ApiVersions, 0, {});
  asking.close();
  const found = apiKeys.filter(({ apiKey }) => [71, 72].includes(apiKey));
  expect([0, 2]).toContain(found.length);
  return found.length > 0;
}

describe('telemetry', () => {
  it('is offered where there is a receiver, and only there', async () => {
    expect(await offersTelemetry(broker.port)).toBe(true);
    const other = await startBroker();
    expect(await offersTelemetry(other.port).finally(() => other.close())).toBe(false);
  });

  it.each(clients)('of $name arrives at the collector', { timeout: 60_000 }, async ({ name, driver, called }) => {
    const topic = `telemetry-${name}`;
    await createTopic(client, topic, 3);
    const before = taken.length;
    for (const command of [
      ['produce', broker.bootstrapServers, topic, 'none', '30'],
      ['consume', broker.bootstrapServers, topic, '30', `group-${name}`],
    ]) {
      const ran = await run(driver, command, 25_000);
      expect(`${ran.status} ${ran.stderr}`).toMatch(/^0 /);
    }
    // The producer may be gone before it has anything to say.
    const told = () => taken.slice(before).flatMap((data) => decodeOtlp(data).points);
    const ofConsumer = () => told().filter((point) => point.name.startsWith('org.apache.kafka.consumer.'));
    await expect.poll(() => ofConsumer().length, { timeout: 10_000 }).toBeGreaterThan(0);
    for (const { labels } of told()) {
      expect(labels.get('client_software_name')).toMatch(called);
      expect(labels.get('client_instance_id')).toHaveLength(22);
    }
    expect(await broker.metrics()).toMatch(/^kafka_server_client_metrics_unknown_subscription_request_count 0$/m);
  });
});
