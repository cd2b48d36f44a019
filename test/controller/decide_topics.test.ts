import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerConfig } from '../../src/config/index.js';
import { type ControllerError, isFailure } from '../../src/controller/assignments.js';
import {
  decideCreatePartitions,
  decideCreateTopic,
  maxPartitionsPerTopic,
  type TopicCreation,
  type TopicDecision,
} from '../../src/controller/decide_topics.js';
import { collidingTopic, invalidTopicName } from '../../src/controller/topic_names.js';
import type { MetadataImage } from '../../src/metadata/image.js';
import { keys, type TopicValue } from '../../src/metadata/keys.js';
import { maxValueBytes, validateTxn } from '../../src/metadata/store.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { TestMetadata, topicIdOf } from '../coordinator/support/metadata.js';

/** Metadata with these brokers and topics. */
function image(brokers: readonly number[], topics: Record<string, number> = {}): MetadataImage {
  const metadata = new TestMetadata(topics).current();
  const [known] = metadata.brokers.values();
  if (known === undefined) throw new Error('no broker');
  return { ...metadata, brokers: new Map(brokers.map((id) => [id, { ...known, id }])) };
}

function creation(more: Partial<TopicCreation> = {}): TopicCreation {
  return { name: 'new', numPartitions: 3, replicationFactor: 1, assignments: [], configs: new Map(), ...more };
}

const create = (more: Partial<TopicCreation> = {}, where = image([1]), start = 0) =>
  decideCreateTopic(creation(more), {
    image: where,
    config: BrokerConfig.defaults,
    topicId: topicIdOf('new id'),
    start,
  });

function decided(decision: TopicDecision | ControllerError): TopicDecision {
  if (isFailure(decision)) throw new Error(`refused: ${decision.errorCode} ${decision.errorMessage}`);
  return decision;
}

const codeOf = (decision: object) => ('errorCode' in decision ? decision.errorCode : ErrorCode.NONE);

function topicValueOf(ops: TopicDecision['ops']): TopicValue {
  const [op] = ops;
  if (op === undefined || !('put' in op)) throw new Error('no value');
  return JSON.parse(op.value) as TopicValue;
}

const assigned = (...lists: readonly (readonly number[])[]) => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: lists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
});

describe('creating a topic', () => {
  it('is one transaction on keys that must be absent', () => {
    const decision = decided(create({ configs: new Map([['retention.ms', '1000']]) }));
    const id = topicIdOf('new id');
    expect(decision.checks).toEqual([
      { key: keys.topic(id), version: 0 },
      { key: keys.topicName('new'), version: 0 },
      { key: keys.topicConfig(id), version: 0 },
    ]);
    expect(decision.ops.map((op) => ('put' in op ? [op.put, op.value] : []))).toEqual([
      [keys.topic(id), JSON.stringify({ name: 'new', p: [0, 1, 2].map(() => ({ l: 1, e: 0, r: [1], i: [1] })) })],
      [keys.topicName('new'), id],
      [keys.topicConfig(id), '{"retention.ms":"1000"}'],
    ]);
    expect(decision).toMatchObject({ topicId: id, numPartitions: 3, replicationFactor: 1 });
    expect(decided(create()).ops).toHaveLength(2);
  });

  it('takes the defaults of the broker for -1', () => {
    const parsed = BrokerConfig.fromProperties({ 'num.partitions': '7', 'default.replication.factor': '2' });
    if (!parsed.ok) throw new Error('config');
    const topic = creation({ numPartitions: -1, replicationFactor: -1 });
    const context = { config: parsed.config, topicId: topicIdOf('id'), start: 0 };
    expect(decideCreateTopic(topic, { ...context, image: image([1, 2]) })).toMatchObject({
      numPartitions: 7,
      replicationFactor: 2,
    });
    expect(codeOf(decideCreateTopic(topic, { ...context, image: image([1]) }))).toBe(
      ErrorCode.INVALID_REPLICATION_FACTOR,
    );
  });

  it.each<[string, Partial<TopicCreation>, ErrorCode]>([
    ['no partitions', { numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
    ['fewer than none', { numPartitions: -2 }, ErrorCode.INVALID_PARTITIONS],
    ['too many', { numPartitions: maxPartitionsPerTopic + 1 }, ErrorCode.INVALID_PARTITIONS],
    ['no replicas', { replicationFactor: 0 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    ['less than none', { replicationFactor: -2 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    ['more than brokers', { replicationFactor: 3 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    ['a name that exists', { name: 'old.topic' }, ErrorCode.TOPIC_ALREADY_EXISTS],
    ['a name that collides', { name: 'old_topic' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['no name', { name: '' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["Kafka's own log", { name: '__cluster_metadata' }, ErrorCode.INVALID_REQUEST],
    ['an unknown config', { configs: new Map([['retention.msec', '1']]) }, ErrorCode.INVALID_CONFIG],
    ['a bad value', { configs: new Map([['retention.ms', 'long']]) }, ErrorCode.INVALID_CONFIG],
    ['an assignment and a count', { ...assigned([1]), numPartitions: 1 }, ErrorCode.INVALID_REQUEST],
    ['an assignment and a factor', { ...assigned([1]), replicationFactor: 1 }, ErrorCode.INVALID_REQUEST],
    ['an empty assignment', assigned([]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an unknown broker', assigned([1, 9]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['a broker twice', assigned([1, 1]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['uneven assignments', assigned([1, 2], [1]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [
      'a partition twice',
      { ...assigned([1]), assignments: [0, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] })) },
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      'a gap',
      { ...assigned([1]), assignments: [0, 2].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] })) },
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      'too many by assignment',
      assigned(...Array.from({ length: maxPartitionsPerTopic + 1 }, () => [1])),
      ErrorCode.INVALID_PARTITIONS,
    ],
  ])('is refused with %s', (_, more, errorCode) => {
    const refused = create(more, image([1, 2], { 'old.topic': 1 }));
    expect(codeOf(refused)).toBe(errorCode);
    expect(refused).not.toHaveProperty('ops');
    expect('errorMessage' in refused && refused.errorMessage).toMatch(/\w/);
  });

  it('keeps the order of assignments by partition, the first replica leads', () => {
    const assignments = [
      { partitionIndex: 1, brokerIds: [2, 1] },
      { partitionIndex: 0, brokerIds: [1, 3] },
    ];
    const { ops } = decided(create({ ...assigned(), assignments }, image([1, 2, 3])));
    expect(topicValueOf(ops).p).toEqual([
      { l: 1, e: 0, r: [1, 3], i: [1, 3] },
      { l: 2, e: 0, r: [2, 1], i: [2, 1] },
    ]);
  });

  it('places replicas on different brokers, and leaders evenly', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(100_000),
        fc.nat(7),
        (brokers, numPartitions, start, less) => {
          const replicationFactor = Math.max(1, brokers.length - less);
          const { ops } = decided(create({ numPartitions, replicationFactor }, image(brokers), start));
          const { p } = topicValueOf(ops);
          expect(p).toHaveLength(numPartitions);
          const leaders = new Map<number, number>();
          for (const { l, r, i } of p) {
            expect(new Set(r).size).toBe(replicationFactor);
            expect(r.every((id) => brokers.includes(id))).toBe(true);
            expect([l, i]).toEqual([r[0], r]);
            leaders.set(l, (leaders.get(l) ?? 0) + 1);
          }
          const counts = brokers.map((id) => leaders.get(id) ?? 0);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it('with as many partitions as allowed fits into the store', () => {
    const decision = decided(create({ numPartitions: maxPartitionsPerTopic }));
    expect(() => validateTxn(decision.checks, decision.ops)).not.toThrow();
    expect(topicValueOf(decision.ops).p).toHaveLength(maxPartitionsPerTopic);
    expect(maxValueBytes).toBeLessThan(1 << 20);
  });
});

describe('more partitions', () => {
  const where = image([1, 2], { t: 3 });
  const topic = where.topicsByName.get('t');
  if (topic === undefined) throw new Error('no topic');
  const more = (count: number, assignments: readonly (readonly number[])[] | null = null) =>
    decideCreatePartitions(topic, 4, count, assignments, { image: where, start: 0 });

  it('are added behind those there are, which stay as they are', () => {
    const led = { ...topic, partitions: topic.partitions.map((one) => ({ ...one, leaderEpoch: 5, isr: [1] })) };
    const decision = decideCreatePartitions(led, 4, 5, [[2], [1]], { image: where, start: 0 });
    if (isFailure(decision)) throw new Error('refused');
    expect(decision.checks).toEqual([{ key: keys.topic(topic.id), version: 4 }]);
    expect(topicValueOf(decision.ops)).toEqual({
      name: 't',
      p: [
        ...[0, 1, 2].map(() => ({ l: 1, e: 5, r: [1], i: [1] })),
        { l: 2, e: 0, r: [2], i: [2] },
        { l: 1, e: 0, r: [1], i: [1] },
      ],
    });
  });

  it.each<[string, number, readonly (readonly number[])[] | null, ErrorCode]>([
    ['as many', 3, null, ErrorCode.INVALID_PARTITIONS],
    ['fewer', 2, null, ErrorCode.INVALID_PARTITIONS],
    ['too many', maxPartitionsPerTopic + 1, null, ErrorCode.INVALID_PARTITIONS],
    ['too few assignments', 5, [[1]], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an unknown broker', 4, [[7]], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['another replication factor', 4, [[1, 2]], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an empty assignment', 4, [[]], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ])('are refused with %s', (_, count, assignments, errorCode) => {
    const refused = more(count, assignments);
    expect(codeOf(refused)).toBe(errorCode);
    expect(refused).not.toHaveProperty('ops');
  });
});

describe('topic names', () => {
  it.each(['a', 'A.b_c-9', '__consumer_offsets', '...', 'x'.repeat(249)])('%s is one', (name) => {
    expect(invalidTopicName(name)).toBeUndefined();
  });

  it.each(['', '.', '..', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(250), 'a:b', 'a\0'])('%j is none', (name) => {
    expect(invalidTopicName(name)).toMatch(/^Topic name is invalid: /);
  });

  it('collide when they differ in dots and underscores only', () => {
    expect(collidingTopic('a.b_c', ['x', 'a_b.c'])).toBe('a_b.c');
    expect(collidingTopic('a.b', ['a.b', 'a-b', 'a.b.c'])).toBeUndefined();
  });
});
