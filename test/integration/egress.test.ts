import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce } from './produce_fetch.js';

let broker: Broker;
const clients: WireClient[] = [];

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await broker.close();
});

async function connect(clientId: string): Promise<WireClient> {
  const client = await WireClient.connect(broker.port, clientId);
  clients.push(client);
  return client;
}

/** One Fetch of partition 0 of each topic; record bytes by topic. */
async function fetchBytes(client: WireClient, topics: readonly string[], offset = 0): Promise<number[]> {
  const { responses } = await client.send<FetchResponse>(ApiKey.Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 24,
    topics: topics.map((topic) => ({
      topic,
      partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 22 }],
    })),
  });
  return responses.map(({ partitions }) => partitions[0]?.records?.length ?? 0);
}

/** Values of one scrape by `name{labels}`. */
async function scrape(): Promise<(name: string) => number> {
  const lines = (await broker.metrics()).split('\n').filter((line) => !line.startsWith('#'));
  const values = new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  return (name) => values.get(name) ?? 0;
}

/** Over all label sets of a family. */
async function total(family: string): Promise<number> {
  const lines = (await broker.metrics())
    .split('\n')
    .filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('what was sent', () => {
  it('is counted by topic and client, by the way it left', async () => {
    const one = await connect('one');
    const two = await connect('two');
    await createTopic(one, 'little');
    await createTopic(one, 'much');
    await produce(one, 'little', ['x'.repeat(500)]);
    await produce(one, 'much', ['y'.repeat(300_000)]);
    let little = 0;
    let much = 0;
    for (let i = 0; i < 3; i += 1) little += (await fetchBytes(one, ['little']))[0] ?? 0;
    const [a = 0, b = 0] = await fetchBytes(two, ['little', 'much']);
    little += a;
    much += b;
    // Nothing there: a response without records.
    await fetchBytes(two, ['little'], 1);
    const at = await scrape();
    expect(at('millrace_topic_fetch_bytes_total{topic="little",path="copied",reason="small"}')).toBe(little);
    expect(at('millrace_topic_fetch_bytes_total{topic="little",path="sendfile",reason=""}')).toBe(0);
    expect(at('millrace_topic_fetch_answers_total{topic="little"}')).toBe(4);
    expect(at('millrace_topic_fetch_regions_total{topic="little"}')).toBe(4);
    // Read once; where it is asked for again it is mapped.
    expect(at('millrace_topic_fetch_calls_total{topic="little",call="pread"}')).toBe(1);
    const bySendfile = at('millrace_topic_fetch_bytes_total{topic="much",path="sendfile",reason=""}');
    const rest = at('millrace_topic_fetch_bytes_total{topic="much",path="copied",reason="small"}');
    expect(bySendfile).toBeGreaterThan(0);
    expect(bySendfile + rest).toBe(much);
    expect(at('millrace_client_fetch_answers_total{client_id="one"}')).toBe(3);
    expect(at('millrace_client_fetch_answers_total{client_id="two"}')).toBe(1);
    expect(at('millrace_client_fetch_bytes_total{client_id="two",path="sendfile",reason=""}')).toBe(bySendfile);
    expect(at('millrace_client_fetch_calls_total{client_id="one",call="sendmsg"}')).toBe(3);
    expect(at('millrace_fetch_bytes_total{path="sendfile",reason=""}')).toBe(bySendfile);
    expect(at('millrace_fetch_answers_total')).toBe(4);
    for (const family of ['bytes_total', 'calls_total', 'regions_total']) {
      const whole = await total(`millrace_fetch_${family}`);
      expect(await total(`millrace_topic_fetch_${family}`)).toBe(whole);
      expect(await total(`millrace_client_fetch_${family}`)).toBe(whole);
    }
  });

  it('follows a connection that changes its client id', async () => {
    const client = await connect('before');
    await createTopic(client, 'changing');
    await produce(client, 'changing', ['value']);
    const [first] = await fetchBytes(client, ['changing']);
    client.clientId = 'after';
    await fetchBytes(client, ['changing']);
    await fetchBytes(client, ['changing']);
    const at = await scrape();
    expect(at('millrace_client_fetch_answers_total{client_id="before"}')).toBe(1);
    expect(at('millrace_client_fetch_answers_total{client_id="after"}')).toBe(2);
    expect(at('millrace_client_fetch_bytes_total{client_id="before",path="copied",reason="small"}')).toBe(first);
  });

  it('of a deleted topic counts as other, and sums stay', async () => {
    const client = await connect('deleting');
    await createTopic(client, 'short-lived');
    await produce(client, 'short-lived', ['value']);
    const [bytes = 0] = await fetchBytes(client, ['short-lived']);
    const before = await total('millrace_topic_fetch_bytes_total');
    await client.send(ApiKey.DeleteTopics, 5, { topicNames: ['short-lived'], timeoutMs: 5000 });
    const at = await scrape();
    expect(at('millrace_topic_fetch_answers_total{topic="short-lived"}')).toBe(0);
    expect(at('millrace_topic_fetch_bytes_total{topic="(other)",path="copied",reason="small"}')).toBe(bytes);
    expect(await total('millrace_topic_fetch_bytes_total')).toBe(before);
    await createTopic(client, 'short-lived');
    await produce(client, 'short-lived', ['value']);
    await fetchBytes(client, ['short-lived']);
    expect((await scrape())('millrace_topic_fetch_answers_total{topic="short-lived"}')).toBe(1);
  });
});
