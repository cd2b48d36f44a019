import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreatePartitionsResponse } from '../../../src/protocol/api/create_partitions.js';
import type { CreateTopicsResponse } from '../../../src/protocol/api/create_topics.js';
import type { DeleteTopicsResponse } from '../../../src/protocol/api/delete_topics.js';
import type { DescribeConfigsResponse } from '../../../src/protocol/api/describe_configs.js';
import type { DescribeTopicPartitionsResponse } from '../../../src/protocol/api/describe_topic_partitions.js';
import type { IncrementalAlterConfigsResponse } from '../../../src/protocol/api/incremental_alter_configs.js';
import type { MetadataResponse } from '../../../src/protocol/api/metadata.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { topicIdOf } from '../../coordinator/support/metadata.js';
import { BrokerFixture } from '../../support/broker_fixture.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open({ 'auto.create.topics.enable': 'true', 'num.partitions': '2' });
});
afterEach(() => fixture.close());

const topicSet = () => [...fixture.cache.current().topicsByName.keys()].sort();
const TOPIC = 2;

describe('CreateTopics', () => {
  const create = (topics: readonly object[], more: object = {}) =>
    fixture.call<CreateTopicsResponse>('CreateTopics', 7, { topics, timeoutMs: 1000, ...more });
  const plain = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1 });

  it('does each for itself, and the topics can be used when it answers', async () => {
    const bad = { ...plain('b'), configs: [{ name: 'nonsense', value: '1' }] };
    const { topics } = await create([plain('a'), bad, { ...plain('c'), numPartitions: -1, replicationFactor: -1 }]);
    expect(topics.map(({ name, errorCode, numPartitions }) => [name, errorCode, numPartitions])).toEqual([
      ['a', 0, 1],
      ['b', ErrorCode.INVALID_CONFIG, -1],
      ['c', 0, 2],
    ]);
    expect(topicSet()).toEqual(['a', 'c']);
    expect(topics[0]?.topicId).toBe(fixture.cache.current().topicsByName.get('a')?.id);
    expect(fixture.partition('c', 1).log?.log.logEndOffset).toBe(0);
    expect(topics[2]?.configs?.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '604800000' });
  });

  it('only looks when asked to validate', async () => {
    const { topics } = await create([plain('a'), plain('a.b'), { ...plain('c'), numPartitions: 0 }], {
      validateOnly: true,
    });
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([0, 0, ErrorCode.INVALID_PARTITIONS]);
    expect(topicSet()).toEqual([]);
  });

  it('refuses a name that is there twice, once', async () => {
    const { topics } = await create([plain('a'), plain('b'), plain('a')]);
    expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', ErrorCode.INVALID_REQUEST],
      ['b', 0],
    ]);
    expect(topicSet()).toEqual(['b']);
  });
});

describe('CreatePartitions', () => {
  it('adds, refuses and validates, each topic for itself', async () => {
    await fixture.createTopic('a', 1);
    await fixture.createTopic('b', 2);
    const call = (topics: readonly object[], validateOnly = false) =>
      fixture.call<CreatePartitionsResponse>('CreatePartitions', 3, { topics, timeoutMs: 1000, validateOnly });
    const more = (name: string, count: number) => ({ name, count, assignments: null });
    expect((await call([more('a', 3)], true)).results).toMatchObject([{ errorCode: 0 }]);
    expect(fixture.replicas.get('a', 1)).toBeUndefined();
    const { results } = await call([more('a', 3), more('b', 2), more('c', 2), more('d', 1), more('d', 2)]);
    expect(results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', 0],
      ['b', ErrorCode.INVALID_PARTITIONS],
      ['c', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ['d', ErrorCode.INVALID_REQUEST],
    ]);
    expect(fixture.partition('a', 2).log?.log.logEndOffset).toBe(0);
  });
});

describe('DeleteTopics', () => {
  it('by name and id, each for itself', async () => {
    const [a, b] = [await fixture.createTopic('a'), await fixture.createTopic('b')];
    await fixture.createTopic('c');
    const { responses } = await fixture.call<DeleteTopicsResponse>('DeleteTopics', 6, {
      topics: [{ name: 'a' }, { name: null, topicId: b }, { name: 'x' }, { name: null, topicId: topicIdOf('x') }],
      timeoutMs: 1000,
    });
    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', 0],
      ['b', 0],
      ['x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
    ]);
    expect(responses[0]?.topicId).toBe(a);
    expect(topicSet()).toEqual(['c']);
    expect(fixture.replicas.get('a', 0)).toBeUndefined();
  });

  it('leaves alone what is named twice, in whatever way', async () => {
    const id = await fixture.createTopic('a');
    const call = (topics: readonly object[]) =>
      fixture.call<DeleteTopicsResponse>('DeleteTopics', 6, { topics, timeoutMs: 1000 });
    for (const topics of [
      [{ name: 'a' }, { name: 'a' }],
      [{ name: 'a' }, { name: null, topicId: id }],
      [
        { name: null, topicId: id },
        { name: null, topicId: id },
      ],
    ]) {
      const { responses } = await call(topics);
      expect(responses.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.INVALID_REQUEST]);
      expect(topicSet()).toEqual(['a']);
    }
  });

  it('is refused where delete.topic.enable is off', async () => {
    await fixture.close();
    fixture = await BrokerFixture.open({ 'delete.topic.enable': 'false' });
    await fixture.createTopic('a');
    const call = (version: number) =>
      fixture.call<DeleteTopicsResponse>('DeleteTopics', version, { topicNames: ['a'], timeoutMs: 1000 });
    expect((await call(3)).responses).toMatchObject([{ errorCode: ErrorCode.TOPIC_DELETION_DISABLED }]);
    expect((await call(2)).responses).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST }]);
    expect(topicSet()).toEqual(['a']);
  });
});

describe('configs', () => {
  const describeOne = async (...keys: string[]) => {
    const response = await fixture.call<DescribeConfigsResponse>('DescribeConfigs', 4, {
      resources: [{ resourceType: TOPIC, resourceName: 'a', configurationKeys: keys }],
      includeSynonyms: true,
    });
    return response.results[0];
  };
  const alter = async (operations: ReadonlyArray<readonly [string, number, string | null]>, more: object = {}) => {
    const response = await fixture.call<IncrementalAlterConfigsResponse>('IncrementalAlterConfigs', 1, {
      resources: [
        {
          resourceType: TOPIC,
          resourceName: 'a',
          configs: operations.map(([name, configOperation, value]) => ({ name, configOperation, value })),
        },
      ],
      ...more,
    });
    return response.responses[0]?.errorCode;
  };

  it('are set, appended to, taken from and removed, and act at once', async () => {
    await fixture.createTopic('a');
    expect(await alter([['max.message.bytes', 0, '1000']])).toBe(0);
    expect(fixture.partition('a').log?.config.maxMessageBytes).toBe(1000);
    expect(await alter([['cleanup.policy', 2, 'compact']])).toBe(0);
    expect((await describeOne('cleanup.policy'))?.configs).toMatchObject([
      { value: 'delete,compact', configSource: 1 },
    ]);
    expect(await alter([['cleanup.policy', 3, 'delete']])).toBe(0);
    expect(fixture.partition('a').log?.config).toMatchObject({ compact: true, deleteOld: false });
    expect(await alter([['max.message.bytes', 1, null]])).toBe(0);
    expect((await describeOne('max.message.bytes'))?.configs).toMatchObject([{ value: '1048588', configSource: 5 }]);
    expect(fixture.partition('a').log?.config.maxMessageBytes).toBe(1_048_588);
  });

  it('are all refused when one is wrong, and only looked at for validation', async () => {
    await fixture.createTopic('a');
    expect(
      await alter([
        ['retention.ms', 0, '5'],
        ['max.message.bytes', 0, 'many'],
      ]),
    ).toBe(ErrorCode.INVALID_CONFIG);
    expect(await alter([['retention.ms', 0, '5']], { validateOnly: true })).toBe(0);
    expect(await alter([['retention.ms', 9, '5']])).toBe(ErrorCode.INVALID_REQUEST);
    expect((await describeOne('retention.ms'))?.configs).toMatchObject([{ value: '604800000', configSource: 5 }]);
    expect(fixture.cache.current().topicsByName.get('a')?.configs.size).toBe(0);
  });

  it('of what is not there', async () => {
    expect((await describeOne())?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect(await alter([['retention.ms', 0, '5']])).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });
});

describe('Metadata', () => {
  const ask = (version: number, body: object) => fixture.call<MetadataResponse>('Metadata', version, body);
  const shown = ({ topics }: MetadataResponse) =>
    topics.map(({ name, errorCode, partitions }) => [name, errorCode, partitions.length]);

  it('of all, none, by name and by id', async () => {
    const id = await fixture.createTopic('a', 2);
    await fixture.createTopic('b');
    expect(shown(await ask(12, { topics: null }))).toEqual([
      ['a', 0, 2],
      ['b', 0, 1],
    ]);
    expect(shown(await ask(0, { topics: [] }))).toHaveLength(2);
    const none = await ask(1, { topics: [] });
    expect(shown(none)).toEqual([]);
    expect(none.brokers).toMatchObject([{ nodeId: 1, host: 'broker-1', port: 9092 }]);
    expect(none.controllerId).toBe(1);
    const byId = await ask(12, { topics: [id, topicIdOf('x')].map((topicId) => ({ name: null, topicId })) });
    expect(shown(byId)).toEqual([
      ['a', 0, 2],
      [null, ErrorCode.UNKNOWN_TOPIC_ID, 0],
    ]);
    expect(byId.topics[0]?.partitions[0]).toMatchObject({ leaderId: 1, replicaNodes: [1], isrNodes: [1] });
  });

  it('creates what is missing only when client and broker want it', async () => {
    const names = (allowAutoTopicCreation: boolean, ...list: string[]) =>
      ask(12, { topics: list.map((name) => ({ name })), allowAutoTopicCreation });
    expect(shown(await names(false, 'a'))).toEqual([['a', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0]]);
    expect(shown(await names(true, 'a', 'b c', 'a'))).toEqual([
      ['a', 0, 2],
      ['b c', ErrorCode.INVALID_TOPIC_EXCEPTION, 0],
    ]);
    expect(topicSet()).toEqual(['a']);
    expect(shown(await names(true, 'x.y', 'x_y'))).toEqual([
      ['x.y', 0, 2],
      ['x_y', ErrorCode.INVALID_TOPIC_EXCEPTION, 0],
    ]);
  });

  it('shows a partition whose log cannot be used without a leader', async () => {
    await fixture.createTopic('a');
    fixture.store.fail();
    const { topics } = await ask(12, { topics: [{ name: 'a' }] });
    expect(topics[0]?.partitions).toMatchObject([
      { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas: [1] },
    ]);
  });
});

describe('DescribeTopicPartitions', () => {
  const page = (limit: number, more: object = {}) =>
    fixture.call<DescribeTopicPartitionsResponse>('DescribeTopicPartitions', 0, {
      topics: [],
      responsePartitionLimit: limit,
      ...more,
    });
  const shown = ({ topics }: DescribeTopicPartitionsResponse) =>
    topics.flatMap(({ name, partitions }) => partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`));
  const everything = ['a-0', 'a-1', 'a-2', 'b-0', 'c-0', 'c-1', 'c-2', 'c-3'];

  beforeEach(async () => {
    // Not in the order of their names.
    await fixture.createTopic('c', 4);
    await fixture.createTopic('a', 3);
    await fixture.createTopic('b', 1);
  });

  it.each([1, 2, 3, 4, 5, 8, 100])('pages of %i give every partition once, in order', async (limit) => {
    const seen: string[] = [];
    let cursor: object | null = null;
    do {
      const response: DescribeTopicPartitionsResponse = await page(limit, { cursor });
      expect(shown(response).length).toBeLessThanOrEqual(limit);
      expect(shown(response).length).toBeGreaterThan(0);
      seen.push(...shown(response));
      cursor = response.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(everything);
  });

  it('goes on behind a topic that was deleted between two pages', async () => {
    const first = await page(4);
    expect(first.nextCursor).toMatchObject({ topicName: 'c', partitionIndex: 0 });
    const id = fixture.replicas.idOf('b');
    if (id === undefined) throw new Error('no topic');
    await fixture.controller.deleteTopic(id);
    expect(shown(await page(100, { cursor: { topicName: 'b', partitionIndex: 0 } }))).toEqual([
      'c-0',
      'c-1',
      'c-2',
      'c-3',
    ]);
  });

  it('of named topics tells which are missing, and takes a cursor among them only', async () => {
    const topics = ['c', 'x', 'a', 'a', 'b c'].map((name) => ({ name }));
    const response = await page(100, { topics });
    expect(response.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', 0],
      ['b c', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['c', 0],
      ['x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    const wrong = await page(100, { topics, cursor: { topicName: 'b', partitionIndex: 0 } });
    expect(new Set(wrong.topics.map(({ errorCode }) => errorCode))).toEqual(new Set([ErrorCode.INVALID_REQUEST]));
    const behind = await page(2, { topics: [{ name: 'a' }], cursor: { topicName: 'a', partitionIndex: 2 } });
    expect(shown(behind)).toEqual(['a-2']);
    expect(behind.nextCursor).toBeNull();
  });
});
