import { afterEach, describe, expect, it } from 'vitest';
import { CONFIG_RESOURCE } from '../../../src/config/index.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { BrokerFixture, FakeConnection } from '../../support/broker_fixture.js';
import { gauge, metricsData, sum } from '../../support/otlp.js';

// What Kafka 4.3.1 answers at one moment is in the session (compat); here is what depends on time and connections.

interface Told {
  readonly errorCode: number;
  readonly clientInstanceId: string;
  readonly subscriptionId: number;
  readonly pushIntervalMs: number;
  readonly requestedMetrics: readonly string[];
}

const zero = 'AAAAAAAAAAAAAAAAAAAAAA';
const own = 'bbbbbbbbbbbbbbbbbbbbbQ';
const intervalMs = 10_000;

describe('metrics of clients', () => {
  let broker: BrokerFixture;

  afterEach(() => broker.close());

  async function open(settings: Record<string, string> = {}): Promise<void> {
    broker = await BrokerFixture.open({ 'millrace.telemetry.receivers': 'prometheus', ...settings });
    await subscribe('org.apache.kafka.');
  }

  async function subscribe(metrics: string): Promise<void> {
    const value = { 'interval.ms': String(intervalMs), metrics };
    await broker.call('IncrementalAlterConfigs', 1, {
      resources: [
        {
          resourceType: CONFIG_RESOURCE.CLIENT_METRICS,
          resourceName: 'some',
          configs: Object.entries(value).map(([name, text]) => ({ name, configOperation: 0, value: text })),
        },
      ],
      validateOnly: false,
    });
  }

  const get = (clientInstanceId: string, connection?: FakeConnection): Promise<Told> =>
    broker.call<Told>('GetTelemetrySubscriptions', 0, { clientInstanceId }, connection);

  async function push(told: Told, more: object = {}, connection?: FakeConnection): Promise<number> {
    const { clientInstanceId, subscriptionId } = told;
    const body = { clientInstanceId, subscriptionId, terminating: false, compressionType: 0, metrics: Buffer.alloc(0) };
    const answer = await broker.call<{ errorCode: number }>('PushTelemetry', 0, { ...body, ...more }, connection);
    return answer.errorCode;
  }

  const scrape = async (name: string): Promise<string[]> =>
    (await broker.metrics.exposition()).split('\n').filter((line) => line.startsWith(name));

  it('a client without an id is given one, and keeps what it is told', async () => {
    await open();
    const told = await get(zero);
    expect(told).toMatchObject({ errorCode: 0, pushIntervalMs: intervalMs, requestedMetrics: ['org.apache.kafka.'] });
    expect(told.clientInstanceId).not.toBe(zero);
    expect((await get(zero)).clientInstanceId).not.toBe(told.clientInstanceId);
    await broker.time.advance(intervalMs);
    expect(await get(told.clientInstanceId)).toEqual(told);
  });

  it('takes the first push at any time, every other an interval later', async () => {
    await open();
    const told = await get(own);
    await broker.time.advance(intervalMs / 2);
    expect(await push(told)).toBe(ErrorCode.NONE);
    await broker.time.advance(intervalMs - 1);
    expect(await push(told)).toBe(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    await broker.time.advance(1);
    expect(await push(told)).toBe(ErrorCode.NONE);
    expect((await get(own)).errorCode).toBe(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    expect(await scrape('kafka_server_client_metrics_throttle_count{')).toEqual([
      `kafka_server_client_metrics_throttle_count{client_instance_id="${own}"} 2`,
    ]);
    await broker.time.advance(intervalMs);
    expect((await get(own)).errorCode).toBe(ErrorCode.NONE);
    expect(await push(told)).toBe(ErrorCode.NONE);
  });

  it('has a client ask again when the subscriptions change, at once', async () => {
    await open();
    const told = await get(own);
    expect(await push(told)).toBe(ErrorCode.NONE);
    await subscribe('org.apache.kafka.producer.');
    expect(await push(told)).toBe(ErrorCode.UNKNOWN_SUBSCRIPTION_ID);
    const again = await get(own);
    expect(again.subscriptionId).not.toBe(told.subscriptionId);
    expect(again.requestedMetrics).toEqual(['org.apache.kafka.producer.']);
    await broker.time.advance(intervalMs);
    expect(await push(again)).toBe(ErrorCode.NONE);
    expect(await scrape('kafka_server_client_metrics_unknown_subscription_request_count ')).toEqual([
      'kafka_server_client_metrics_unknown_subscription_request_count 1',
    ]);
  });

  it('forgets who is silent for three intervals or a minute, whichever is longer', async () => {
    await open();
    await get(own);
    await broker.time.advance(30_000);
    expect((await get(own)).errorCode).toBe(ErrorCode.NONE);
    await broker.time.advance(59_999);
    expect(broker.clientMetrics.size).toBe(1);
    await broker.time.advance(1);
    expect(broker.clientMetrics.size).toBe(0);
    expect(await scrape('kafka_server_client_metrics_throttle_count{')).toEqual([]);
  });

  it('forgets who disconnects, with its numbers', async () => {
    await open();
    const connection = new FakeConnection();
    const told = await get(own, connection);
    const metrics = metricsData(gauge('org.apache.kafka.x', 1.5));
    expect(await push(told, { metrics }, connection)).toBe(ErrorCode.NONE);
    expect(await scrape('org_apache_kafka_x{')).toHaveLength(1);
    connection.close();
    expect(broker.clientMetrics.size).toBe(0);
    expect(await scrape('org_apache_kafka_x{')).toEqual([]);
    expect((await get(own)).errorCode).toBe(ErrorCode.NONE);
  });

  it('shows what was pushed: gauges as they are, deltas added up, under the names of the clients', async () => {
    await open();
    const told = await get(own);
    const metrics = metricsData(
      gauge('org.apache.kafka.avg', 2.5, { node_id: '1' }),
      sum('org.apache.kafka.sent', 7, 'delta'),
    );
    for (let round = 0; round < 3; round += 1) {
      expect(await push(told, { metrics })).toBe(ErrorCode.NONE);
      await broker.time.advance(intervalMs);
    }
    const labels = `client_instance_id="${own}",client_id="",client_software_name="unknown",client_software_version="unknown"`;
    expect(await scrape('org_apache_kafka')).toEqual([
      `org_apache_kafka_avg{rack="r1",node_id="1",${labels}} 2.5`,
      `org_apache_kafka_sent_total{rack="r1",${labels}} 21`,
    ]);
    expect(await scrape('kafka_server_client_metrics_plugin_export_count{')).toEqual([
      `kafka_server_client_metrics_plugin_export_count{client_instance_id="${own}"} 3`,
    ]);
  });

  it('refuses what is no OTLP, and counts it', async () => {
    await open();
    const told = await get(own);
    expect(await push(told, { metrics: Buffer.from([0x0a, 0xff, 0x01]) })).toBe(ErrorCode.INVALID_RECORD);
    expect(await scrape('kafka_server_client_metrics_plugin_error_count{')).toEqual([
      `kafka_server_client_metrics_plugin_error_count{client_instance_id="${own}"} 1`,
    ]);
  });
});
