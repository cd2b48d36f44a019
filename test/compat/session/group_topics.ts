import { CONFIG_RESOURCE } from '../../../src/config/index.js';
import { createAcls, OPERATION, TYPE } from './acls.js';
import { type Answers, type Body, create, idOf, type RequestStep } from './step.js';

// Topics in groups whose protocol has the broker know them: `zt-closed` is somebody else's from the rules on, `zt-seen` may be described
// and not read. Groups begin before the rules, so that there is something to hide.

const made = 'create: for group topics';
const topicNames = ['zt-open', 'zt-closed', 'zt-seen'] as const;
const ANONYMOUS = 'User:ANONYMOUS';
const epochOf = (answers: Answers, step: string): number => (answers.get(step) as { memberEpoch: number }).memberEpoch;

const step = (
  name: string,
  api: RequestStep['api'],
  version: number,
  body: RequestStep['body'],
  until?: RequestStep['until'],
): RequestStep => ({ name: `topics: ${name}`, api, version, body, ...(until === undefined ? {} : { until }) });

/** Coordinators load in the background. */
const settled = (answer: Body) => ![14, 15, 16].includes(Number(answer.errorCode));

const consumer = (name: string, groupId: string, more: object, epoch: number | string = 0, until = settled) =>
  step(
    name,
    'ConsumerGroupHeartbeat',
    1,
    (answers) => ({
      groupId,
      memberId: 'm',
      memberEpoch: typeof epoch === 'number' ? epoch : epochOf(answers, `topics: ${epoch}`),
      ...(epoch === 0 ? { rebalanceTimeoutMs: 60_000, topicPartitions: [] } : {}),
      ...more,
    }),
    until,
  );

const share = (name: string, groupId: string, more: object, memberEpoch = 0) =>
  step(name, 'ShareGroupHeartbeat', 1, { groupId, memberId: 'm', memberEpoch, ...more }, settled);

const streams = (name: string, groupId: string, sourceTopics: readonly string[], changelog?: string) =>
  step(
    name,
    'StreamsGroupHeartbeat',
    0,
    {
      groupId,
      memberId: 'm',
      memberEpoch: 0,
      endpointInformationEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      processId: 'p',
      clientTags: [],
      activeTasks: [],
      standbyTasks: [],
      warmupTasks: [],
      topology: {
        epoch: 0,
        subtopologies: [
          {
            subtopologyId: '0',
            sourceTopics,
            sourceTopicRegex: [],
            stateChangelogTopics:
              changelog === undefined
                ? []
                : [{ name: changelog, partitions: 0, replicationFactor: 1, topicConfigs: [] }],
            repartitionSinkTopics: [],
            repartitionSourceTopics: [],
            copartitionGroups: [],
          },
        ],
      },
    },
    settled,
  );

const immediately = step('settings', 'IncrementalAlterConfigs', 1, {
  resources: [
    ...['zc-names', 'zc-pattern', 'zc-closed'].map((group) => [group, 'consumer'] as const),
    ...['zs-all', 'zs-names'].map((group) => [group, 'share'] as const),
  ].map(([resourceName, kind]) => ({
    resourceType: CONFIG_RESOURCE.GROUP,
    resourceName,
    configs: [{ name: `${kind}.assignment.interval.ms`, configOperation: 0, value: '0' }],
  })),
  validateOnly: false,
});

const shareFetch = (name: string, shareSessionEpoch: number, names: readonly string[]) =>
  step(name, 'ShareFetch', 1, (answers) => ({
    groupId: 'zs-all',
    memberId: 'm',
    shareSessionEpoch,
    maxWaitMs: 100,
    minBytes: 1,
    maxBytes: 1_000_000,
    maxRecords: 10,
    batchSize: 10,
    topics: names.map((name) => ({
      topicId: idOf(answers, made, name),
      partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }],
    })),
    forgottenTopicsData: [],
  }));

const accepted = (answers: Answers) =>
  topicNames.map((name) => ({
    topicId: idOf(answers, made, name),
    partitions: [
      { partitionIndex: 0, acknowledgementBatches: [{ firstOffset: 0, lastOffset: 0, acknowledgeTypes: [1] }] },
    ],
  }));

/** Kafka makes the topic of offsets when somebody asks for a coordinator. */
const coordinator = step(
  'coordinator',
  'FindCoordinator',
  4,
  { keyType: 0, coordinatorKeys: ['zc-names'] },
  (answer) => !JSON.stringify(answer).includes('"errorCode":15'),
);

const before: readonly RequestStep[] = [
  coordinator,
  create(
    'for group topics',
    7,
    topicNames.map((name) => ({ name, numPartitions: 1, replicationFactor: 1 })),
  ),
  immediately,
  consumer('consume what will be closed', 'zc-closed', { subscribedTopicNames: ['zt-open', 'zt-closed'] }),
  share('share what will be closed', 'zs-all', { subscribedTopicNames: [...topicNames] }),
  streams('stream what will be closed', 'zst-closed', ['zt-closed']),
  // What it brings depends on how fast the state of the group is read.
  { ...shareFetch('fetch before', 0, topicNames), silent: true },
];

const rules = createAcls('for group topics', 3, [
  { name: 'zt-closed', operation: OPERATION.ALL },
  { name: 'zt-seen', principal: ANONYMOUS, operation: OPERATION.DESCRIBE },
]);

const heartbeats: readonly RequestStep[] = [
  consumer('subscribe to open', 'zc-names', { subscribedTopicNames: ['zt-open'] }),
  consumer(
    'subscribe to closed, too',
    'zc-names',
    { subscribedTopicNames: ['zt-open', 'zt-closed'] },
    'subscribe to open',
  ),
  consumer(
    'subscribe to what is not there',
    'zc-names',
    { subscribedTopicNames: ['zt-none', 'zt-seen'] },
    'subscribe to open',
  ),
  consumer('subscribe to a pattern', 'zc-pattern', { subscribedTopicRegex: 'zt-.*' }),
  consumer('get what the pattern matches', 'zc-pattern', {}, 'subscribe to a pattern', ({ assignment }) =>
    JSON.stringify(assignment ?? null).includes('partitions'),
  ),
  step('describe consumers', 'ConsumerGroupDescribe', 1, {
    groupIds: ['zc-pattern', 'zc-closed', 'zc-none'],
    includeAuthorizedOperations: true,
  }),
  share('share open', 'zs-names', { subscribedTopicNames: ['zt-open', 'zt-seen'] }),
  share('share closed, too', 'zs-names', { subscribedTopicNames: ['zt-open', 'zt-closed'] }, 1),
  step('describe shares', 'ShareGroupDescribe', 1, {
    groupIds: ['zs-all', 'zs-none'],
    includeAuthorizedOperations: false,
  }),
  streams('stream closed', 'zst-new', ['zt-open', 'zt-closed']),
  streams('stream closed and internal', 'zst-new', ['__consumer_offsets', 'zt-closed']),
  streams('stream closed and invalid', 'zst-new', ['zt-closed', 'a topic']),
  step('describe streams', 'StreamsGroupDescribe', 0, {
    groupIds: ['zst-closed', 'zst-none'],
    includeAuthorizedOperations: false,
  }),
];

const records: readonly RequestStep[] = [
  shareFetch('fetch what is closed', 1, []),
  step('acknowledge what is closed', 'ShareAcknowledge', 1, (answers) => ({
    groupId: 'zs-all',
    memberId: 'm',
    shareSessionEpoch: 2,
    topics: accepted(answers),
  })),
  step('offsets by name', 'DescribeShareGroupOffsets', 1, {
    groups: [{ groupId: 'zs-all', topics: topicNames.map((topicName) => ({ topicName, partitions: [0] })) }],
  }),
  step('offsets of all', 'DescribeShareGroupOffsets', 1, { groups: [{ groupId: 'zs-all', topics: null }] }),
  share('leave', 'zs-all', {}, -1),
  step('alter offsets', 'AlterShareGroupOffsets', 0, {
    groupId: 'zs-all',
    topics: [...topicNames, 'zt-none'].map((topicName) => ({
      topicName,
      partitions: [{ partitionIndex: 0, startOffset: 0 }],
    })),
  }),
  step('alter closed offsets alone', 'AlterShareGroupOffsets', 0, {
    groupId: 'zs-all',
    topics: [{ topicName: 'zt-closed', partitions: [{ partitionIndex: 0, startOffset: 0 }] }],
  }),
  step('delete offsets', 'DeleteShareGroupOffsets', 0, {
    groupId: 'zs-all',
    topics: topicNames.map((topicName) => ({ topicName })),
  }),
];

/** The broker is ANONYMOUS too and keeps what it needs. */
const internal: readonly RequestStep[] = [
  createAcls('for internal topics', 3, [
    { type: TYPE.CLUSTER, name: 'kafka-cluster', principal: ANONYMOUS, operation: OPERATION.CLUSTER_ACTION },
    { name: 'zst-app-store-changelog', principal: ANONYMOUS, operation: OPERATION.DESCRIBE },
  ]),
  streams('stream with a changelog', 'zst-app', ['zt-open'], 'zst-app-store-changelog'),
];

export const groupTopics: readonly RequestStep[] = [...before, rules, ...heartbeats, ...records, ...internal];

/** Where `group.coordinator.rebalance.protocols` has classic alone. */
export const classicOnly: readonly RequestStep[] = [
  coordinator,
  consumer('consumer protocol', 'g', { subscribedTopicNames: ['t'] }),
  step('describe consumer protocol', 'ConsumerGroupDescribe', 1, {
    groupIds: ['g', 'h'],
    includeAuthorizedOperations: true,
  }),
  streams('streams protocol', 'g', ['t']),
  step('describe streams protocol', 'StreamsGroupDescribe', 0, {
    groupIds: ['g', 'h'],
    includeAuthorizedOperations: true,
  }),
  share('share protocol', 'g', { subscribedTopicNames: ['t'] }),
];
