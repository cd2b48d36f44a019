import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../src/protocol/data/consumer_protocol.js';
import { Writer } from '../../../src/protocol/writer.js';
import { type Answers, create, idOf, type RequestStep, strangerId, zeroId } from './step.js';

function versioned(encode: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  writer.int16(1);
  encode(writer);
  return Buffer.from(writer.bytes());
}

const subscription = versioned((writer) =>
  ConsumerProtocolSubscription.encode(writer, 1, { topics: ['g-topic'], userData: null, ownedPartitions: [] }),
);
const assignment = versioned((writer) =>
  ConsumerProtocolAssignment.encode(writer, 1, {
    assignedPartitions: [{ topic: 'g-topic', partitions: [0, 1] }],
    userData: null,
  }),
);
const made = 'create: for groups';

const member = (answers: Answers, step: string) => (answers.get(step) as { readonly memberId: string }).memberId;

const find = (version: number, key: string, keyType = 0): RequestStep => ({
  name: `coordinator: v${version} of ${key} (${keyType})`,
  api: 'FindCoordinator',
  version,
  body: version >= 4 ? { keyType, coordinatorKeys: [key] } : { key, ...(version >= 1 ? { keyType } : {}) },
  until: (answer) => answer.errorCode !== 15 && !JSON.stringify(answer).includes('"errorCode":15'),
});

const join = (
  name: string,
  version: number,
  groupId: string,
  memberIdOf: (answers: Answers) => string,
  more: object = {},
): RequestStep => ({
  name: `join: ${name}`,
  api: 'JoinGroup',
  version,
  body: (answers: Answers) => ({
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId: memberIdOf(answers),
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription }],
    ...more,
  }),
});
const sync = (name: string, version: number, groupId: string, joined: string, more: object = {}): RequestStep => ({
  name: `sync: ${name}`,
  api: 'SyncGroup',
  version,
  body: (answers: Answers) => {
    const memberId = member(answers, joined);
    return {
      groupId,
      generationId: (answers.get(joined) as { generationId: number }).generationId,
      memberId,
      ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
      assignments: [{ memberId, assignment }],
      ...more,
    };
  },
});
const beat = (name: string, version: number, groupId: string, joined: string, more: object = {}): RequestStep => ({
  name: `beat: ${name}`,
  api: 'Heartbeat',
  version,
  body: (answers: Answers) => ({
    groupId,
    generationId: (answers.get(joined) as { generationId: number }).generationId,
    memberId: member(answers, joined),
    ...more,
  }),
});
const leave = (name: string, version: number, groupId: string, joined: string): RequestStep => ({
  name: `leave: ${name}`,
  api: 'LeaveGroup',
  version,
  body: (answers: Answers) =>
    version >= 3
      ? { groupId, members: [{ memberId: member(answers, joined), ...(version >= 5 ? { reason: 'enough' } : {}) }] }
      : { groupId, memberId: member(answers, joined) },
});

const nobody = () => '';
/** One member's life in every version: what it sends and what it reads grew over the years. */
const lives: readonly RequestStep[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((version): RequestStep[] => {
  const group = `life-${version}`;
  const first = join(`v${version}`, version, group, nobody);
  const again = join(`v${version} with its id`, version, group, (answers) => member(answers, first.name));
  const joined = version >= 4 ? again.name : first.name;
  return [
    first,
    ...(version >= 4 ? [again] : []),
    sync(`v${Math.min(version, 5)} in ${group}`, Math.min(version, 5), group, joined),
    beat(`v${Math.min(version, 4)} in ${group}`, Math.min(version, 4), group, joined),
    beat(`wrong generation in ${group}`, Math.min(version, 4), group, joined, { generationId: 77 }),
    { name: `describe: ${group}`, api: 'DescribeGroups', version: Math.min(version, 6), body: { groups: [group] } },
    leave(`v${Math.min(version, 5)} of ${group}`, Math.min(version, 5), group, joined),
    {
      name: `describe: ${group}, left`,
      api: 'DescribeGroups',
      version: Math.min(version, 6),
      body: { groups: [group] },
    },
  ];
});

const parts = (topic: string, list: readonly (readonly [number, number, string | null])[]) => ({
  name: topic,
  partitions: list.map(([partitionIndex, committedOffset, committedMetadata]) => ({
    partitionIndex,
    committedOffset,
    committedMetadata,
  })),
});
const commit = (
  name: string,
  version: number,
  groupId: string,
  topics: readonly object[],
  more: object = {},
): RequestStep => ({
  name: `commit: ${name}`,
  api: 'OffsetCommit',
  version,
  body: { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics, ...more },
});
const committed = (
  name: string,
  version: number,
  groupId: string,
  topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null,
): RequestStep => ({
  name: `committed: ${name}`,
  api: 'OffsetFetch',
  version,
  body: version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics },
});
const gTopic = (...partitionIndexes: number[]) => [{ name: 'g-topic', partitionIndexes }];

const commits: readonly RequestStep[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 9].map((version) =>
    commit(`v${version}`, version, 'offsets', [
      parts('g-topic', [
        [0, version, `m${version}`],
        [1, 1, null],
      ]),
    ]),
  ),
  {
    name: 'commit: v10',
    api: 'OffsetCommit',
    version: 10,
    body: (answers: Answers) => ({
      groupId: 'offsets',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [
        {
          topicId: idOf(answers, made, 'g-topic'),
          partitions: [{ partitionIndex: 2, committedOffset: 10, committedMetadata: '' }],
        },
        { topicId: strangerId, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] },
        { topicId: zeroId, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] },
      ],
    }),
  },
  commit('errors', 9, 'offsets', [
    parts('missing', [[0, 1, '']]),
    parts('g-topic', [
      [9, 1, ''],
      [0, 5, 'x'.repeat(5000)],
    ]),
    parts('a b', [[0, 1, '']]),
  ]),
  commit('negative offset', 9, 'offsets', [parts('g-topic', [[0, -7, '']])]),
  commit('empty group id', 9, '', [parts('g-topic', [[0, 1, '']])]),
  commit('stranger in a generation', 9, 'offsets', [parts('g-topic', [[0, 1, '']])], {
    generationIdOrMemberEpoch: 3,
    memberId: 'who',
  }),
  commit('generation of an unknown group', 9, 'unknown-group', [parts('g-topic', [[0, 1, '']])], {
    generationIdOrMemberEpoch: 3,
    memberId: 'who',
  }),
  commit('instance id without member', 9, 'offsets', [parts('g-topic', [[0, 1, '']])], { groupInstanceId: 'inst' }),
  commit('nothing', 9, 'offsets', []),
  commit('retention', 4, 'offsets', [parts('g-topic', [[0, 4, '']])], { retentionTimeMs: 1000 }),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((version) =>
    committed(`v${version}`, version, 'offsets', [...gTopic(0, 1, 2, 9), { name: 'missing', partitionIndexes: [0] }]),
  ),
  {
    name: 'committed: v10',
    api: 'OffsetFetch',
    version: 10,
    body: (answers: Answers) => ({
      groups: [
        {
          groupId: 'offsets',
          topics: [
            { topicId: idOf(answers, made, 'g-topic'), partitionIndexes: [0, 2, 9] },
            { topicId: strangerId, partitionIndexes: [0] },
          ],
        },
      ],
    }),
  },
  ...[2, 5, 7, 8, 9, 10].map((version) => committed(`all v${version}`, version, 'offsets', null)),
  ...[5, 9].map((version) => committed(`unknown group v${version}`, version, 'never', gTopic(0))),
  committed('all of an unknown group', 9, 'never', null),
  committed('empty group id', 9, '', gTopic(0)),
  committed('no topics', 9, 'offsets', []),
  {
    name: 'committed: many groups',
    api: 'OffsetFetch',
    version: 9,
    body: {
      groups: [
        { groupId: 'offsets', topics: gTopic(0) },
        { groupId: 'never', topics: gTopic(0) },
        { groupId: 'life-5', topics: null },
      ],
      requireStable: true,
    },
  },
  {
    name: 'committed: as a member that is none',
    api: 'OffsetFetch',
    version: 9,
    body: { groups: [{ groupId: 'offsets', memberId: 'who', memberEpoch: 1, topics: gTopic(0) }] },
  },
];

const ends: readonly RequestStep[] = [
  {
    name: 'offset delete: some',
    api: 'OffsetDelete',
    version: 0,
    body: {
      groupId: 'offsets',
      topics: [
        { name: 'g-topic', partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] },
        { name: 'missing', partitions: [{ partitionIndex: 0 }] },
      ],
    },
  },
  {
    name: 'offset delete: unknown group',
    api: 'OffsetDelete',
    version: 0,
    body: { groupId: 'never', topics: [{ name: 'g-topic', partitions: [{ partitionIndex: 0 }] }] },
  },
  {
    name: 'offset delete: empty id',
    api: 'OffsetDelete',
    version: 0,
    body: { groupId: '', topics: [{ name: 'g-topic', partitions: [{ partitionIndex: 0 }] }] },
  },
  committed('after offset delete', 9, 'offsets', null),
  join('to stay', 9, 'busy', nobody),
  join('to stay, with its id', 9, 'busy', (answers) => member(answers, 'join: to stay')),
  sync('to stay', 5, 'busy', 'join: to stay, with its id'),
  {
    name: 'offset delete: of a subscribed topic',
    api: 'OffsetDelete',
    version: 0,
    body: {
      groupId: 'busy',
      topics: [
        { name: 'g-topic', partitions: [{ partitionIndex: 0 }] },
        { name: 'three', partitions: [{ partitionIndex: 0 }] },
      ],
    },
  },
  ...[0, 1, 2, 3, 4, 5].map(
    (version): RequestStep => ({ name: `list: v${version}`, api: 'ListGroups', version, body: {} }),
  ),
  ...[
    { statesFilter: ['Stable'] },
    { statesFilter: ['stable', 'EMPTY'] },
    { statesFilter: ['Nonsense'] },
    { typesFilter: ['classic'] },
    { typesFilter: ['Consumer'] },
    { typesFilter: ['nonsense'] },
    { statesFilter: ['Empty'], typesFilter: ['CLASSIC'] },
  ].map((body): RequestStep => ({ name: `list: ${JSON.stringify(body)}`, api: 'ListGroups', version: 5, body })),
  ...[0, 3, 5, 6].map(
    (version): RequestStep => ({
      name: `describe: many v${version}`,
      api: 'DescribeGroups',
      version,
      body: {
        groups: ['busy', 'offsets', 'never', ''],
        ...(version >= 3 ? { includeAuthorizedOperations: true } : {}),
      },
    }),
  ),
  ...[0, 1, 2].map(
    (version): RequestStep => ({
      name: `delete groups: v${version}`,
      api: 'DeleteGroups',
      version,
      body: { groupsNames: ['busy', `life-${version}`, 'never', ''] },
    }),
  ),
  {
    name: 'delete groups: the same twice',
    api: 'DeleteGroups',
    version: 2,
    body: { groupsNames: ['life-6', 'life-6'] },
  },
  { name: 'list: after deletion', api: 'ListGroups', version: 5, body: {} },
];

const refusals: readonly RequestStep[] = [
  join('empty group id', 9, '', nobody),
  join('unknown member', 9, 'g-refused', () => 'who'),
  join('session too short', 9, 'g-refused', nobody, { sessionTimeoutMs: 1 }),
  join('session too long', 9, 'g-refused', nobody, { sessionTimeoutMs: 2_000_000_000 }),
  join('no protocols', 9, 'g-refused', nobody, { protocols: [] }),
  join('no protocol type', 9, 'g-refused', nobody, { protocolType: '' }),
  join('wrong protocol type', 9, 'busy', nobody, { protocolType: 'connect' }),
  join('unshared protocol', 9, 'busy', nobody, { protocols: [{ name: 'sticky', metadata: subscription }] }),
  {
    name: 'sync: unknown group',
    api: 'SyncGroup',
    version: 5,
    body: {
      groupId: 'never',
      generationId: 1,
      memberId: 'who',
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    },
  },
  {
    name: 'sync: unknown member',
    api: 'SyncGroup',
    version: 5,
    body: {
      groupId: 'busy',
      generationId: 1,
      memberId: 'who',
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    },
  },
  sync('wrong protocol', 5, 'busy', 'join: to stay, with its id', { protocolName: 'sticky' }),
  sync('wrong protocol type', 5, 'busy', 'join: to stay, with its id', { protocolType: 'connect' }),
  sync('no protocol', 5, 'busy', 'join: to stay, with its id', { protocolType: null, protocolName: null }),
  sync('wrong generation', 5, 'busy', 'join: to stay, with its id', { generationId: 9 }),
  sync('again', 5, 'busy', 'join: to stay, with its id'),
  {
    name: 'beat: unknown group',
    api: 'Heartbeat',
    version: 4,
    body: { groupId: 'never', generationId: 1, memberId: 'who' },
  },
  {
    name: 'beat: unknown member',
    api: 'Heartbeat',
    version: 4,
    body: { groupId: 'busy', generationId: 1, memberId: 'who' },
  },
  {
    name: 'beat: empty group id',
    api: 'Heartbeat',
    version: 4,
    body: { groupId: '', generationId: 1, memberId: 'who' },
  },
  {
    name: 'beat: unknown instance',
    api: 'Heartbeat',
    version: 4,
    body: { groupId: 'busy', generationId: 1, memberId: 'who', groupInstanceId: 'inst' },
  },
  {
    name: 'leave: unknown group',
    api: 'LeaveGroup',
    version: 5,
    body: { groupId: 'never', members: [{ memberId: 'who' }] },
  },
  {
    name: 'leave: unknown members',
    api: 'LeaveGroup',
    version: 5,
    body: { groupId: 'busy', members: [{ memberId: 'who' }, { memberId: '', groupInstanceId: 'inst' }] },
  },
  { name: 'leave: unknown member v2', api: 'LeaveGroup', version: 2, body: { groupId: 'busy', memberId: 'who' } },
  { name: 'leave: nobody', api: 'LeaveGroup', version: 5, body: { groupId: 'busy', members: [] } },
  commit('from the group', 9, 'busy', [parts('g-topic', [[0, 3, 'in']])], { generationIdOrMemberEpoch: 1 }),
  leave('the last', 5, 'busy', 'join: to stay, with its id'),
];

/** FindCoordinator, the life of a member, offsets, the end of groups. What several members do at once is in test/scenarios. */
export const groups: readonly RequestStep[] = [
  create('for groups', 7, [{ name: 'g-topic', numPartitions: 3, replicationFactor: 1 }]),
  ...[0, 1, 2, 3, 4, 5, 6].map((version) => find(version, 'offsets')),
  find(3, ''),
  find(6, ''),
  find(3, 'x', 9),
  find(6, 'x', 9),
  {
    name: 'coordinator: many',
    api: 'FindCoordinator',
    version: 6,
    body: { keyType: 0, coordinatorKeys: ['a', 'b', 'a'] },
  },
  ...lives,
  ...commits,
  ...ends,
  ...refusals,
];
