import { type Answers, idOf, metadata, type RequestStep, strangerId, zeroId } from './step.js';

/** Metadata of every version, DescribeCluster. */
export const shows: readonly RequestStep[] = [
  // Below 4 a client cannot say that it does not want missing topics to be made.
  ...[0, 1, 2, 3].map((version) =>
    metadata(`v${version}`, version, [
      { name: 'three' },
      { name: 'a b' },
      { name: '' },
      { name: 'one' },
      { name: 'one' },
    ]),
  ),
  ...[4, 5, 6, 7, 8, 9].map((version) =>
    metadata(`v${version}`, version, [
      { name: 'three' },
      { name: 'missing' },
      { name: 'a b' },
      { name: '' },
      { name: 'one' },
    ]),
  ),
  ...[10, 11, 12, 13].map((version) =>
    metadata(`by name v${version}`, version, [
      { name: 'three', topicId: zeroId },
      { name: 'missing', topicId: zeroId },
    ]),
  ),
  ...[10, 11, 12, 13].map((version) => ({
    name: `metadata: by id v${version}`,
    api: 'Metadata' as const,
    version,
    body: (answers: Answers) => ({
      topics: [
        { name: null, topicId: idOf(answers, 'create: plain', 'three') },
        { name: null, topicId: strangerId },
      ],
      allowAutoTopicCreation: false,
    }),
  })),
  {
    name: 'metadata: by id and name',
    api: 'Metadata',
    version: 12,
    body: (answers) => ({
      topics: [
        { name: 'one', topicId: idOf(answers, 'create: plain', 'three') },
        { name: 'one', topicId: zeroId },
        { name: 'missing', topicId: strangerId },
      ],
      allowAutoTopicCreation: true,
    }),
  },
  metadata('without name and id', 12, [{ name: null, topicId: zeroId }]),
  metadata('empty list v1', 1, []),
  metadata('empty list v12', 12, []),
  metadata('all v0', 0, []),
  metadata('all v1', 1, null),
  metadata('all v12', 12, null),
  metadata('with operations v8', 8, [{ name: 'one' }, { name: 'missing' }], {
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  }),
  metadata('with operations v12', 12, [{ name: 'one', topicId: zeroId }], { includeTopicAuthorizedOperations: true }),
  ...[0, 1, 2].flatMap((version): RequestStep[] => [
    {
      name: `cluster: v${version}`,
      api: 'DescribeCluster',
      version,
      body: { includeClusterAuthorizedOperations: false },
    },
    {
      name: `cluster: with operations v${version}`,
      api: 'DescribeCluster',
      version,
      body: { includeClusterAuthorizedOperations: true },
    },
  ]),
  ...[0, 2, 3].map(
    (endpointType): RequestStep => ({
      name: `cluster: endpoint ${endpointType}`,
      api: 'DescribeCluster',
      version: 1,
      body: { endpointType },
    }),
  ),
  {
    name: 'cluster: endpoint -1',
    api: 'DescribeCluster',
    version: 2,
    body: { endpointType: -1, includeFencedBrokers: true },
  },
  { name: 'cluster: with fenced', api: 'DescribeCluster', version: 2, body: { includeFencedBrokers: true } },
];

/** DescribeTopicPartitions and its cursor. */
export const pages: readonly RequestStep[] = [
  ...(
    [
      [
        'some',
        {
          topics: [{ name: 'three' }, { name: 'missing' }, { name: 'a b' }, { name: 'configured' }, { name: 'three' }],
          responsePartitionLimit: 2000,
        },
      ],
      ['first page', { topics: [{ name: 'three' }, { name: 'v2' }, { name: 'v3' }], responsePartitionLimit: 2 }],
      [
        'cursor',
        {
          topics: [{ name: 'three' }, { name: 'v2' }, { name: 'v3' }],
          responsePartitionLimit: 2,
          cursor: { topicName: 'three', partitionIndex: 2 },
        },
      ],
      ['exact', { topics: [{ name: 'three' }, { name: 'v2' }], responsePartitionLimit: 3 }],
      ['exact, then missing', { topics: [{ name: 'three' }, { name: 'u-missing' }], responsePartitionLimit: 3 }],
      [
        'exact, then missing, then there',
        { topics: [{ name: 'three' }, { name: 'u-missing' }, { name: 'v2' }], responsePartitionLimit: 3 },
      ],
      ['exact end', { topics: [{ name: 'three' }], responsePartitionLimit: 3 }],
      [
        'cursor at a topic that is not asked for',
        {
          topics: [{ name: 'three' }, { name: 'v2' }],
          responsePartitionLimit: 2,
          cursor: { topicName: 'u', partitionIndex: 1 },
        },
      ],
      [
        'cursor beyond the last partition',
        {
          topics: [{ name: 'three' }, { name: 'v2' }],
          responsePartitionLimit: 4,
          cursor: { topicName: 'three', partitionIndex: 7 },
        },
      ],
      [
        'cursor at a topic that is gone',
        {
          topics: [{ name: 'missing' }, { name: 'three' }],
          responsePartitionLimit: 4,
          cursor: { topicName: 'missing', partitionIndex: 1 },
        },
      ],
      [
        'cursor behind everything',
        { topics: [{ name: 'three' }], responsePartitionLimit: 4, cursor: { topicName: 'zzz', partitionIndex: 0 } },
      ],
      [
        'cursor with a missing topic before it',
        {
          topics: [{ name: 'missing' }, { name: 'three' }],
          responsePartitionLimit: 4,
          cursor: { topicName: 'three', partitionIndex: 0 },
        },
      ],
      ['limit 0', { topics: [{ name: 'three' }], responsePartitionLimit: 0 }],
      ['limit -1', { topics: [{ name: 'three' }], responsePartitionLimit: -1 }],
      [
        'negative cursor',
        { topics: [{ name: 'three' }], responsePartitionLimit: 2, cursor: { topicName: 'three', partitionIndex: -1 } },
      ],
      ['all, 5', { topics: [], responsePartitionLimit: 5 }],
      ['all from a cursor', { topics: [], responsePartitionLimit: 5, cursor: { topicName: 'one', partitionIndex: 0 } }],
      [
        'all from a cursor that is gone',
        { topics: [], responsePartitionLimit: 5, cursor: { topicName: 'oo', partitionIndex: 3 } },
      ],
    ] as const
  ).map(([name, body]): RequestStep => ({ name: `pages: ${name}`, api: 'DescribeTopicPartitions', version: 0, body })),
];
