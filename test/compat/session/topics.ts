import { create, idOf, metadata, type RequestStep, remove, strangerId, zeroId } from './step.js';

const assign = (...lists: readonly (readonly number[])[]) =>
  lists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));

/** CreateTopics: names, counts, assignments, configs, what is checked first. */
export const creations: readonly RequestStep[] = [
  create('plain', 7, [
    { name: 'one' },
    { name: 'three', numPartitions: 3, replicationFactor: 1 },
    {
      name: 'configured',
      configs: [
        { name: 'retention.ms', value: '1000' },
        { name: 'cleanup.policy', value: 'compact,delete' },
      ],
    },
  ]),
  ...[2, 3, 4, 5, 6].map((version) =>
    create(`version ${version}`, version, [
      { name: `v${version}`, numPartitions: 2, replicationFactor: 1 },
      { name: 'one' },
    ]),
  ),
  create('again', 7, [{ name: 'one' }, { name: 'three', numPartitions: 0 }]),
  create('names', 7, [
    { name: '' },
    { name: '.' },
    { name: '..' },
    { name: 'a b' },
    { name: 'ü' },
    { name: 'x'.repeat(249), numPartitions: 1 },
    { name: 'x'.repeat(250) },
    { name: '...' },
    { name: 'slash/ed' },
  ]),
  create('colliding names', 7, [{ name: 'a.b' }]),
  create('colliding names, second', 7, [{ name: 'a_b' }, { name: 'a.b' }]),
  create('counts', 7, [
    { name: 'zero', numPartitions: 0 },
    { name: 'minus2', numPartitions: -2 },
    { name: 'rf0', replicationFactor: 0 },
    { name: 'rf-2', replicationFactor: -2 },
    { name: 'rf2', replicationFactor: 2 },
    { name: 'rf3p0', replicationFactor: 3, numPartitions: 0 },
    { name: 'rf0p0', replicationFactor: 0, numPartitions: 0 },
  ]),
  create('default counts', 7, [
    { name: 'p-default', replicationFactor: 1 },
    { name: 'r-default', numPartitions: 2 },
  ]),
  create('twice in one request', 7, [
    { name: 'twice' },
    { name: 'twice', numPartitions: 2 },
    { name: 'not twice' },
    { name: 'not-twice' },
  ]),
  create('assignments', 7, [
    { name: 'as1', assignments: assign([1], [1]) },
    { name: 'as-rf', replicationFactor: 1, assignments: assign([1]) },
    { name: 'as-p', numPartitions: 1, assignments: assign([1]) },
    { name: 'as-rf-p', numPartitions: 1, replicationFactor: 1, assignments: assign([1]) },
    { name: 'as-unknown', assignments: assign([2]) },
    { name: 'as-repeated', assignments: assign([1, 1]) },
    { name: 'as-empty', assignments: assign([]) },
    { name: 'as-uneven', assignments: assign([1], [1, 2]) },
    { name: 'as-uneven2', assignments: assign([1], []) },
    { name: 'as-negative', assignments: assign([-1]) },
    { name: 'as-gap', assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
    {
      name: 'as-gap2',
      assignments: [
        { partitionIndex: 0, brokerIds: [1] },
        { partitionIndex: 2, brokerIds: [1] },
      ],
    },
    { name: 'as-neg', assignments: [{ partitionIndex: -1, brokerIds: [1] }] },
    {
      name: 'as-dup',
      assignments: [
        { partitionIndex: 0, brokerIds: [1] },
        { partitionIndex: 0, brokerIds: [1] },
      ],
    },
  ]),
  create('configs', 7, [
    { name: 'c-unknown', configs: [{ name: 'no.such', value: '1' }] },
    { name: 'c-null', configs: [{ name: 'retention.ms', value: null }] },
    { name: 'c-null-unknown', configs: [{ name: 'no.such', value: null }] },
    { name: 'c-text', configs: [{ name: 'retention.ms', value: 'soon' }] },
    { name: 'c-range', configs: [{ name: 'min.insync.replicas', value: '0' }] },
    { name: 'c-empty', configs: [{ name: 'retention.ms', value: '' }] },
    { name: 'c-choice', configs: [{ name: 'compression.type', value: 'zip' }] },
    { name: 'c-list', configs: [{ name: 'cleanup.policy', value: 'compact,shred' }] },
    {
      name: 'c-twice',
      configs: [
        { name: 'retention.ms', value: '1' },
        { name: 'retention.ms', value: '2' },
      ],
    },
    {
      name: 'c-lag',
      configs: [
        { name: 'min.compaction.lag.ms', value: '10' },
        { name: 'max.compaction.lag.ms', value: '5' },
      ],
    },
    { name: 'c-remote', configs: [{ name: 'remote.storage.enable', value: 'true' }] },
    { name: 'c-segment', configs: [{ name: 'segment.bytes', value: '1000' }] },
    { name: 'c-bool', configs: [{ name: 'preallocate', value: 'maybe' }] },
    {
      name: 'c-spaces',
      configs: [
        { name: 'retention.ms', value: ' 5000 ' },
        { name: 'cleanup.policy', value: ' compact , delete ' },
      ],
    },
    { name: 'c-double', configs: [{ name: 'min.cleanable.dirty.ratio', value: '0.25' }] },
    { name: 'c-isr', configs: [{ name: 'min.insync.replicas', value: '2' }] },
    { name: 'c-policies', configs: [{ name: 'cleanup.policy', value: '' }] },
  ]),
  create('name, then counts, then configs', 7, [
    { name: '..', numPartitions: 0, configs: [{ name: 'no.such', value: '1' }] },
    { name: 'first', numPartitions: 0, configs: [{ name: 'no.such', value: '1' }] },
    { name: 'second', replicationFactor: 5, configs: [{ name: 'no.such', value: '1' }] },
    { name: 'third', numPartitions: 0, replicationFactor: 9 },
    { name: 'one', numPartitions: 0, configs: [{ name: 'no.such', value: '1' }] },
  ]),
  create(
    'validate only',
    7,
    [{ name: 'tried', numPartitions: 2, replicationFactor: 1 }, { name: 'one' }, { name: 'rf2', replicationFactor: 2 }],
    true,
  ),
  create('validate only, version 4', 4, [{ name: 'tried' }], true),
  create('validated topics are not there', 7, [{ name: 'tried' }]),
  create('nothing', 7, []),
  create('internal names', 7, [{ name: '__cluster_metadata' }, { name: '__transaction_state2', numPartitions: 1 }]),
];

const grow = (name: string, version: number, topics: readonly object[], validateOnly = false): RequestStep => ({
  name: `partitions: ${name}`,
  api: 'CreatePartitions',
  version,
  body: { topics: topics.map((one) => ({ assignments: null, ...one })), timeoutMs: 10_000, validateOnly },
});
const lists = (...all: readonly (readonly number[])[]) => all.map((brokerIds) => ({ brokerIds }));

/** CreatePartitions. */
export const growth: readonly RequestStep[] = [
  ...[0, 1, 2, 3].map((version) =>
    grow(`v${version}`, version, [
      { name: 'v2', count: version + 3 },
      { name: 'missing', count: 5 },
      { name: 'v3', count: 2 },
    ]),
  ),
  grow('bad counts', 3, [
    { name: 'v3', count: 1 },
    { name: 'v4', count: 0 },
    { name: 'v5', count: -1 },
    { name: 'v6', count: 2 },
  ]),
  grow('twice', 3, [
    { name: 'v3', count: 4 },
    { name: 'v3', count: 5 },
    { name: 'v4', count: 3 },
  ]),
  grow('names', 3, [
    { name: '', count: 4 },
    { name: 'a b', count: 5 },
    { name: '..', count: 5 },
  ]),
  grow('assignments', 3, [
    { name: 'v5', count: 4, assignments: lists([1]) },
    { name: 'v6', count: 3, assignments: lists([1], [1]) },
    { name: 'one', count: 2, assignments: lists([7]) },
    { name: 'three', count: 4, assignments: lists([1, 1]) },
    { name: 'configured', count: 2, assignments: lists([]) },
    { name: 'a.b', count: 2, assignments: lists([1, 2]) },
    { name: 'as1', count: 3, assignments: lists([1]) },
    { name: 'r-default', count: 3, assignments: [] },
  ]),
  grow(
    'validate only',
    3,
    [
      { name: 'v5', count: 9 },
      { name: 'v6', count: 1 },
    ],
    true,
  ),
  metadata(
    'what came of it',
    12,
    ['v2', 'v3', 'v4', 'v5', 'v6', 'one', 'as1', 'r-default'].map((name) => ({ name, topicId: zeroId })),
  ),
];

/** DeleteTopics, by name and by id. */
export const deletions: readonly RequestStep[] = [
  ...[1, 2, 3, 4, 5].map((version) =>
    remove(`v${version}`, version, [
      { name: version === 1 ? 'tried' : `v${version}` },
      { name: 'missing' },
      { name: 'a b' },
    ]),
  ),
  remove('by id', 6, (answers) => [
    { name: null, topicId: idOf(answers, 'create: plain', 'configured') },
    { name: null, topicId: strangerId },
    { name: 'missing', topicId: zeroId },
    { name: 'v6', topicId: zeroId },
  ]),
  remove('the same id again', 6, (answers) => [{ name: null, topicId: idOf(answers, 'create: plain', 'configured') }]),
  remove('both', 6, (answers) => [{ name: 'three', topicId: idOf(answers, 'create: plain', 'three') }]),
  remove('neither', 6, [{ name: null, topicId: zeroId }]),
  remove('twice by name', 6, [
    { name: 'three', topicId: zeroId },
    { name: 'three', topicId: zeroId },
    { name: 'a.b', topicId: zeroId },
  ]),
  remove('twice by id', 6, (answers) => {
    const topicId = idOf(answers, 'create: plain', 'three');
    return [
      { name: null, topicId },
      { name: null, topicId },
    ];
  }),
  remove('by name and by id', 6, (answers) => [
    { name: 'three', topicId: zeroId },
    { name: null, topicId: idOf(answers, 'create: plain', 'three') },
  ]),
  remove('missing twice', 6, [
    { name: 'nope', topicId: zeroId },
    { name: 'nope', topicId: zeroId },
  ]),
  remove('twice by name v3', 3, [{ name: 'p-default' }, { name: 'p-default' }]),
  remove('nothing', 6, []),
  create('made anew', 7, [{ name: 'configured' }]),
  metadata(
    'deleted and made anew',
    12,
    ['v2', 'v3', 'v6', 'tried', 'a.b', 'configured', 'three', 'p-default'].map((name) => ({ name, topicId: zeroId })),
  ),
];

/** Last: the two brokers go different ways here. */
export const collisions: readonly RequestStep[] = [
  create('colliding in one request', 7, [{ name: 'p.q' }, { name: 'p_q' }]),
];
