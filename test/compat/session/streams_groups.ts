import { type Answers, create, type RequestStep } from './step.js';

// Groups of the streams protocol (KIP-1071), without delays: nothing depends on how fast the session is played.

const group = 'sg';

const topology = {
  epoch: 0,
  subtopologies: [
    {
      subtopologyId: '0',
      sourceTopics: ['s-in'],
      sourceTopicRegex: [],
      stateChangelogTopics: [
        {
          name: 's-store-changelog',
          partitions: 0,
          replicationFactor: 1,
          topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }],
        },
      ],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    },
  ],
};

const epochIn = (answers: Answers, step: string): number => (answers.get(step) as { memberEpoch: number }).memberEpoch;
const tasks = (...partitions: number[]) => (partitions.length === 0 ? [] : [{ subtopologyId: '0', partitions }]);

interface Beat {
  readonly groupId?: string;
  readonly member?: string;
  readonly epoch: number | string;
  readonly owned?: readonly number[];
  readonly more?: object;
  readonly until?: RequestStep['until'];
}

const beat = (name: string, { groupId = group, member = 'a', epoch, owned, more, until }: Beat): RequestStep => ({
  name: `streams: ${name}`,
  api: 'StreamsGroupHeartbeat',
  version: 0,
  body: (answers: Answers) => ({
    groupId,
    memberId: member,
    memberEpoch: typeof epoch === 'number' ? epoch : epochIn(answers, `streams: ${epoch}`),
    endpointInformationEpoch: 0,
    ...(owned === undefined ? {} : { activeTasks: tasks(...owned), standbyTasks: [], warmupTasks: [] }),
    ...more,
  }),
  ...(until === undefined ? {} : { until }),
});

const joining = { rebalanceTimeoutMs: 60_000, topology, clientTags: [], processId: 'process' };
const join = (name: string, member: string, more: object = {}): RequestStep =>
  beat(name, { member, epoch: 0, owned: [], more: { ...joining, processId: `process of ${member}`, ...more } });

const describe = (name: string, ...groupIds: string[]): RequestStep => ({
  name: `streams: describe ${name}`,
  api: 'StreamsGroupDescribe',
  version: 0,
  body: { groupIds, includeAuthorizedOperations: true },
});

const commit = (name: string, member: string, epoch: number | string): RequestStep => ({
  name: `streams: commit ${name}`,
  api: 'OffsetCommit',
  version: 9,
  body: (answers: Answers) => ({
    groupId: group,
    generationIdOrMemberEpoch: typeof epoch === 'number' ? epoch : epochIn(answers, `streams: ${epoch}`),
    memberId: member,
    topics: [{ name: 's-in', partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }] }],
  }),
});

const alone = {
  generationIdOrMemberEpoch: -1,
  memberId: '',
  topics: [{ name: 's-in', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
};
/** The coordinator has loaded its partition. */
const isCommitted: RequestStep['until'] = (answer) => JSON.stringify(answer).includes('"errorCode":0');

export const streamsGroups: readonly RequestStep[] = [
  {
    name: 'streams: coordinator',
    api: 'FindCoordinator',
    version: 4,
    body: { keyType: 0, coordinatorKeys: [group] },
    until: (answer) => !JSON.stringify(answer).includes('"errorCode":15'),
  },
  create('for streams groups', 7, [{ name: 's-in', numPartitions: 2 }]),
  {
    name: 'streams: settings',
    api: 'IncrementalAlterConfigs',
    version: 1,
    body: {
      resources: [
        {
          resourceType: 32,
          resourceName: group,
          configs: ['streams.initial.rebalance.delay.ms', 'streams.assignment.interval.ms'].map((name) => ({
            name,
            configOperation: 0,
            value: '0',
          })),
        },
      ],
      validateOnly: false,
    },
  },
  { ...commit('in another group', '', -1), body: { ...alone, groupId: 'offsets' }, until: isCommitted },
  join('no member id', ''),
  join('no topology', 'a', { topology: null }),
  join('no rebalance timeout', 'a', { rebalanceTimeoutMs: -1 }),
  join('instance id', 'a', { instanceId: 'i' }),
  join('missing source', 'a', {
    groupId: 'sg-missing',
    topology: { ...topology, subtopologies: [{ ...topology.subtopologies[0], sourceTopics: ['s-nowhere'] }] },
  }),
  beat('epoch -3', { epoch: -3 }),
  beat('unknown group', { groupId: 'nowhere', epoch: 5 }),
  beat('leaving an unknown group', { groupId: 'nowhere', epoch: -1 }),
  beat('group of offsets', { groupId: 'offsets', epoch: 5 }),
  join('a joins', 'a'),
  beat('a has its tasks', {
    epoch: 'a joins',
    owned: [],
    until: (answer) => (answer.activeTasks as object[] | null)?.length === 1,
  }),
  describe('one member', group),
  beat('a again', { epoch: 'a has its tasks', owned: [0, 1] }),
  beat('a in the future', { epoch: 99, owned: [0, 1] }),
  beat('a with a task too many', { epoch: 'a has its tasks', owned: [0, 1, 7] }),
  join('b joins', 'b'),
  beat('a has to give up', { epoch: 'a has its tasks', owned: [0, 1] }),
  describe('revoking', group),
  beat('a gave up', { epoch: 'a has its tasks', owned: [0] }),
  beat('b gets the rest', { member: 'b', epoch: 'b joins', owned: [] }),
  describe('two members', group, 'nowhere', 'offsets'),
  commit('of a', 'a', 'a gave up'),
  commit('too new', 'a', 77),
  commit('of nobody', '', -1),
  {
    name: 'streams: list',
    api: 'ListGroups',
    version: 5,
    body: { statesFilter: [], typesFilter: ['streams'] },
  },
  { name: 'streams: delete', api: 'DeleteGroups', version: 2, body: { groupsNames: [group] } },
  beat('a leaves', { epoch: -1 }),
  beat('b leaves', { member: 'b', epoch: -1 }),
  describe('empty', group),
  { name: 'streams: delete empty', api: 'DeleteGroups', version: 2, body: { groupsNames: [group] } },
];
