import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isUnknownTopic, throwFirst } from '../../../src/client/index.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { type TestBroker, TestClients, testBroker } from '../support/broker.js';

let broker: TestBroker;
let clients: TestClients;

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker.close());
beforeEach(() => {
  clients = new TestClients(broker);
});
afterEach(() => clients.close());

describe('topics', () => {
  test('are created, described, listed, grown and deleted', async () => {
    const { admin } = clients;
    const name = clients.name('life');
    const [created] = await admin.createTopics([{ name, numPartitions: 3, replicationFactor: 1 }]);
    expect(created).toMatchObject({ name, numPartitions: 3, replicationFactor: 1, error: undefined });
    await admin.awaitTopics([name]);
    const [description] = await admin.describeTopics([name]);
    expect(description?.topic).toMatchObject({ name, topicId: created?.topicId, isInternal: false });
    expect(description?.topic?.partitions.map((one) => one.partition)).toEqual([0, 1, 2]);
    expect((await admin.listTopics()).map((topic) => topic.name)).toContain(name);
    throwFirst(await admin.createPartitions([{ name, count: 5 }]));
    // Kafka's brokers hear of changes a little later.
    await expect.poll(async () => (await admin.describeTopics([name]))[0]?.topic?.partitions.length).toBe(5);
    throwFirst(await admin.deleteTopics([name]));
    await expect.poll(async () => isUnknownTopic((await admin.describeTopics([name]))[0]?.error)).toBe(true);
    expect((await admin.listTopics()).map((topic) => topic.name)).not.toContain(name);
  });

  test('errors name the topic, one for each', async () => {
    const { admin } = clients;
    const good = clients.name('good');
    const outcomes = await admin.createTopics([
      { name: 'not/valid', numPartitions: 1 },
      { name: good, numPartitions: 1, replicationFactor: 1 },
      { name: clients.name('wide'), numPartitions: 1, replicationFactor: 9 },
    ]);
    const codes = new Map(outcomes.map((one) => [one.name, one.error]));
    expect(codes.get('not/valid')).toMatchObject({ code: ErrorCode.INVALID_TOPIC_EXCEPTION });
    expect(codes.get(good)).toBeUndefined();
    expect([...codes.values()].filter((one) => one !== undefined)).toHaveLength(2);
    const [again] = await admin.createTopics([{ name: good, numPartitions: 1, replicationFactor: 1 }]);
    expect(again?.error).toMatchObject({ code: ErrorCode.TOPIC_ALREADY_EXISTS });
    await admin.deleteTopics([good]);
    const [deleted] = await admin.deleteTopics([clients.name('never')]);
    expect(isUnknownTopic(deleted?.error)).toBe(true);
  });

  test('validateOnly changes nothing', async () => {
    const name = clients.name('dry');
    const [outcome] = await clients.admin.createTopics([{ name, numPartitions: 1, replicationFactor: 1 }], {
      validateOnly: true,
    });
    expect(outcome?.error).toBeUndefined();
    expect(isUnknownTopic((await clients.admin.describeTopics([name]))[0]?.error)).toBe(true);
  });

  test('partitions are placed where the assignment says', async () => {
    const { admin } = clients;
    const [brokerNode] = (await admin.describeCluster()).brokers;
    const nodeId = brokerNode?.nodeId ?? -1;
    const name = clients.name('placed');
    throwFirst(await admin.createTopics([{ name, assignments: [[nodeId], [nodeId]] }]));
    await admin.awaitTopics([name]);
    const [description] = await admin.describeTopics([name]);
    expect(description?.topic?.partitions.map((one) => one.replicas)).toEqual([[nodeId], [nodeId]]);
    await admin.deleteTopics([name]);
  });
});

describe('configs', () => {
  test('of a topic are set, appended to, read and taken back', async () => {
    const { admin } = clients;
    const name = await clients.topic('configs', 1, { 'retention.ms': '3600000' });
    const resource = { type: 'topic', name } as const;
    const entryOf = async (config: string) => {
      const [description] = await admin.describeConfigs([resource]);
      return description?.entries.find((one) => one.name === config);
    };
    expect(await entryOf('retention.ms')).toMatchObject({ value: '3600000', source: 'dynamic-topic' });
    throwFirst(
      await admin.incrementalAlterConfigs([
        {
          resource,
          changes: [
            { operation: 'set', name: 'retention.ms', value: '7200000' },
            { operation: 'append', name: 'cleanup.policy', value: 'compact' },
          ],
        },
      ]),
    );
    await expect.poll(() => entryOf('retention.ms')).toMatchObject({ value: '7200000' });
    expect((await entryOf('cleanup.policy'))?.value?.split(',').sort()).toEqual(['compact', 'delete']);
    throwFirst(
      await admin.incrementalAlterConfigs([
        { resource, changes: [{ operation: 'delete', name: 'retention.ms', value: null }] },
      ]),
    );
    await expect.poll(() => entryOf('retention.ms')).toMatchObject({ value: '604800000', source: 'default' });
  });

  test('a wrong value is refused with the reason', async () => {
    const name = await clients.topic('bad-config');
    const [outcome] = await clients.admin.incrementalAlterConfigs([
      { resource: { type: 'topic', name }, changes: [{ operation: 'set', name: 'retention.ms', value: 'soon' }] },
    ]);
    expect(outcome?.error).toMatchObject({ code: ErrorCode.INVALID_CONFIG });
  });

  test('of a broker are read from that broker', async () => {
    const [node] = (await clients.admin.describeCluster()).brokers;
    const [description] = await clients.admin.describeConfigs([{ type: 'broker', name: String(node?.nodeId) }], {
      names: ['num.partitions'],
    });
    expect(description?.error).toBeUndefined();
    expect(description?.entries.map((one) => one.name)).toEqual(['num.partitions']);
  });
});

describe('cluster', () => {
  test('is described with its brokers and log directories', async () => {
    const { admin } = clients;
    const topic = await clients.topic('dirs');
    await clients.producer().send({ topic, value: Buffer.alloc(1_000) });
    const cluster = await admin.describeCluster();
    expect(cluster.clusterId).toMatch(/^[\w-]{22}$/);
    expect(cluster.brokers).toMatchObject([{ port: broker.port }]);
    const dirs = await admin.describeLogDirs();
    const partition = dirs.flatMap((dir) => dir.partitions).find((one) => one.topic === topic);
    expect(partition?.sizeBytes).toBeGreaterThan(1_000);
  });

  test('records below an offset are deleted', async () => {
    const topic = await clients.topic('cut');
    const producer = clients.producer();
    for (let i = 0; i < 5; i += 1) await producer.send({ topic, value: Buffer.from(String(i)) });
    const [all] = await clients.admin.deleteRecords([{ topic, partition: 0, beforeOffset: -1 }]);
    expect(all?.value).toBe(5);
    const [beyond] = await clients.admin.deleteRecords([{ topic, partition: 0, beforeOffset: 9 }]);
    expect(beyond?.error).toMatchObject({ code: ErrorCode.OFFSET_OUT_OF_RANGE });
  });
});
