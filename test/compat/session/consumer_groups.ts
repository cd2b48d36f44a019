import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../src/protocol/data/consumer_protocol.js';
import { Writer } from '../../../src/protocol/writer.js';
import { type Answers, create, idOf, type RequestStep } from './step.js';

// Groups of the consumer protocol (KIP-848). Member ids are the clients' own and short, so that answers show who is meant. The
// groups have no assignment interval: nothing depends on how fast the session is played.

const made = 'create: for consumer groups';
const GROUP = 32;

interface Owned {
  readonly [topic: string]: readonly number[];
}

interface Beat {
  readonly group?: string;
  readonly member?: string;
  /** A number, or the step whose answer has it. */
  readonly epoch: number | string;
  readonly owned?: Owned | null;
  readonly more?: object;
  readonly version?: number;
  readonly until?: RequestStep['until'];
}

const epochIn = (answers: Answers, step: string): number => (answers.get(step) as { memberEpoch: number }).memberEpoch;

const beat = (
  name: string,
  { group = 'cg', member = 'm1', epoch, owned, more, version = 1, until }: Beat,
): RequestStep => ({
  name: `consumer: ${name}`,
  api: 'ConsumerGroupHeartbeat',
  version,
  body: (answers: Answers) => ({
    groupId: group,
    memberId: member,
    memberEpoch: typeof epoch === 'number' ? epoch : epochIn(answers, `consumer: ${epoch}`),
    topicPartitions:
      owned === undefined || owned === null
        ? null
        : Object.entries(owned).map(([topic, partitions]) => ({ topicId: idOf(answers, made, topic), partitions })),
    ...more,
  }),
  ...(until === undefined ? {} : { until }),
});

const joining = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['c-topic'] };
const join = (name: string, member: string, group = 'cg', more: object = {}): RequestStep =>
  beat(name, { group, member, epoch: 0, owned: {}, more: { ...joining, ...more } });

const describe = (name: string, ...groupIds: string[]): RequestStep => ({
  name: `consumer: describe ${name}`,
  api: 'ConsumerGroupDescribe',
  version: 1,
  body: { groupIds, includeAuthorizedOperations: true },
});

const immediately = (
  name: string,
  groups: readonly string[],
  more: readonly (readonly [string, string])[] = [],
): RequestStep => ({
  name: `consumer: settings ${name}`,
  api: 'IncrementalAlterConfigs',
  version: 1,
  body: {
    resources: groups.map((resourceName) => ({
      resourceType: GROUP,
      resourceName,
      configs: [['consumer.assignment.interval.ms', '0'] as const, ...more].map(([key, value]) => ({
        name: key,
        configOperation: 0,
        value,
      })),
    })),
    validateOnly: false,
  },
});

const refusals: readonly RequestStep[] = [
  join('no member id', ''),
  join('no group id', 'm1', ''),
  join('blank instance id', 'm1', 'cg', { instanceId: ' ' }),
  join('blank rack', 'm1', 'cg', { rackId: '' }),
  join('no rebalance timeout', 'm1', 'cg', { rebalanceTimeoutMs: -1 }),
  join('no subscription', 'm1', 'cg', { subscribedTopicNames: null }),
  join('unknown assignor', 'm1', 'cg', { serverAssignor: 'best' }),
  beat('partitions while joining', { epoch: 0, owned: { 'c-topic': [0] }, more: joining }),
  beat('epoch -3', { epoch: -3 }),
  beat('epoch -2 without instance', { epoch: -2 }),
  beat('unknown group', { group: 'nowhere', epoch: 5 }),
  beat('leaving an unknown group', { group: 'nowhere', epoch: -1 }),
  beat('group of offsets', { group: 'offsets', epoch: 3 }),
  ...['[a', 'a)', '(?=a)', 'a**', '*', '\\', '(?<n', 'a{2,1}', '[b-a]', '\\p{Foo}'].map((regex) =>
    join(`pattern ${regex}`, 'm1', 'cg-bad', { subscribedTopicNames: null, subscribedTopicRegex: regex }),
  ),
];

/** Two members share a topic with four partitions, with everything in between. */
const two: readonly RequestStep[] = [
  join('m1 joins', 'm1'),
  describe('one member', 'cg'),
  beat('m1 again', { epoch: 'm1 joins', owned: { 'c-topic': [0, 1, 2, 3] } }),
  beat('m1 says everything', { epoch: 'm1 joins', owned: { 'c-topic': [0, 1, 2, 3] }, more: joining }),
  beat('m1 in the future', { epoch: 9, owned: {} }),
  join('m2 joins', 'm2', 'cg', { serverAssignor: 'uniform', rackId: 'r1' }),
  describe('two members', 'cg'),
  beat('m1 has to give up', { epoch: 'm1 joins', owned: { 'c-topic': [0, 1, 2, 3] } }),
  describe('revoking', 'cg'),
  beat('m1 does not say', { epoch: 'm1 joins' }),
  beat('m2 waits', { member: 'm2', epoch: 'm2 joins', owned: {} }),
  beat('m1 gave up', { epoch: 'm1 joins', owned: { 'c-topic': [0, 1] } }),
  beat('m1 gave up, in the other half', { epoch: 'm1 joins', owned: { 'c-topic': [2, 3] } }),
  beat('m2 gets the rest', { member: 'm2', epoch: 'm2 joins', owned: {} }),
  describe('shared', 'cg'),
  beat('m1 lost the answer', { epoch: 'm1 joins', owned: { 'c-topic': [0, 1] } }),
  beat('m1 with an old epoch', { epoch: 1, owned: { 'c-topic': [0] } }),
  beat('m3 is unknown', { member: 'm3', epoch: 3, owned: {} }),
  join('range', 'm1', 'cg-range', { serverAssignor: 'range', subscribedTopicNames: ['c-topic', 'c-other'] }),
  beat('m1 takes the other topic', {
    epoch: 'm1 gave up, in the other half',
    more: { subscribedTopicNames: ['c-other'] },
  }),
  beat('m1 gave it all up', { epoch: 'm1 takes the other topic', owned: {} }),
  beat('m2 sees it', { member: 'm2', epoch: 'm2 gets the rest' }),
  describe('different subscriptions', 'cg', 'cg-range', 'nowhere', 'offsets'),
];

const commit = (
  name: string,
  version: number,
  member: string,
  epoch: number | string,
  more: object = {},
): RequestStep => ({
  name: `consumer: commit ${name}`,
  api: 'OffsetCommit',
  version,
  body: (answers: Answers) => ({
    groupId: 'cg',
    generationIdOrMemberEpoch: typeof epoch === 'number' ? epoch : epochIn(answers, `consumer: ${epoch}`),
    memberId: member,
    topics: [
      {
        ...(version >= 10 ? { topicId: idOf(answers, made, 'c-topic') } : { name: 'c-topic' }),
        partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: 'x' }],
      },
    ],
    ...more,
  }),
});

const fetched = (name: string, memberId: string | null, epoch: number | string): RequestStep => ({
  name: `consumer: committed ${name}`,
  api: 'OffsetFetch',
  version: 9,
  body: (answers: Answers) => ({
    groups: [
      {
        groupId: 'cg',
        memberId,
        memberEpoch: typeof epoch === 'number' ? epoch : epochIn(answers, `consumer: ${epoch}`),
        topics: [{ name: 'c-topic', partitionIndexes: [0, 1] }],
      },
    ],
  }),
});

const list = (name: string, filters: object): RequestStep => ({
  name: `consumer: list ${name}`,
  api: 'ListGroups',
  version: 5,
  body: { statesFilter: [], typesFilter: [], ...filters },
});

const around: readonly RequestStep[] = [
  commit('v8', 8, 'm2', 'm2 sees it'),
  commit('v9', 9, 'm2', 'm2 sees it'),
  commit('v10', 10, 'm2', 'm2 sees it'),
  commit('too old', 9, 'm1', 1),
  commit('too new', 9, 'm2', 77),
  commit('unknown member', 9, 'm9', 3),
  commit('nobody', 9, '', -1),
  fetched('of m2', 'm2', 'm2 sees it'),
  fetched('of an old epoch', 'm2', 1),
  fetched('of an unknown member', 'm9', 1),
  fetched('of nobody', null, -1),
  list('consumer groups', { typesFilter: ['Consumer'] }),
  list('stable consumer groups', { typesFilter: ['consumer'], statesFilter: ['STABLE'] }),
  list('no such type', { typesFilter: ['nothing'] }),
  ...[5, 6].map(
    (version): RequestStep => ({
      name: `consumer: describe as classic v${version}`,
      api: 'DescribeGroups',
      version,
      body: { groups: ['cg'] },
    }),
  ),
  { name: 'consumer: describe v0', api: 'ConsumerGroupDescribe', version: 0, body: { groupIds: ['cg', ''] } },
  { name: 'consumer: delete', api: 'DeleteGroups', version: 2, body: { groupsNames: ['cg'] } },
  {
    name: 'consumer: delete offsets in use',
    api: 'OffsetDelete',
    version: 0,
    body: { groupId: 'cg', topics: [{ name: 'c-other', partitions: [{ partitionIndex: 0 }] }] },
  },
  {
    name: 'consumer: admin removes',
    api: 'LeaveGroup',
    version: 5,
    body: { groupId: 'cg', members: [{ memberId: 'm9' }, { memberId: 'm2' }] },
  },
  beat('m2 was removed', { member: 'm2', epoch: 'm2 sees it' }),
  beat('m1 leaves', { epoch: -1 }),
  describe('empty', 'cg'),
  commit('alone', 9, '', -1),
  { name: 'consumer: delete empty', api: 'DeleteGroups', version: 2, body: { groupsNames: ['cg', 'cg'] } },
];

const statics: readonly RequestStep[] = [
  join('static joins', 's1', 'cg-static', { instanceId: 'i1' }),
  join('instance is taken', 's2', 'cg-static', { instanceId: 'i1' }),
  beat('static steps out', { group: 'cg-static', member: 's1', epoch: -2, more: { instanceId: 'i1' } }),
  describe('stepped out', 'cg-static'),
  join('static is back', 's2', 'cg-static', { instanceId: 'i1' }),
  beat('the one before', { group: 'cg-static', member: 's1', epoch: 2, more: { instanceId: 'i1' } }),
  beat('unknown instance', { group: 'cg-static', member: 's1', epoch: 2, more: { instanceId: 'i9' } }),
  beat('static leaves', { group: 'cg-static', member: 's2', epoch: -1, more: { instanceId: 'i1' } }),
];

const patterns: readonly RequestStep[] = [
  join('pattern', 'm1', 'cg-regex', { subscribedTopicNames: null, subscribedTopicRegex: 'c-(topic|other)' }),
  beat('pattern resolved', {
    group: 'cg-regex',
    epoch: 'pattern',
    owned: {},
    until: (answer) => (answer.assignment as { topicPartitions: object[] } | null)?.topicPartitions.length === 2,
  }),
  describe('pattern', 'cg-regex'),
  beat('another pattern', {
    group: 'cg-regex',
    epoch: 'pattern resolved',
    more: { subscribedTopicRegex: '' },
  }),
];

const classic = (version: number, topics: readonly string[]): Buffer => {
  const writer = new Writer();
  writer.int16(version);
  ConsumerProtocolSubscription.encode(writer, version, { topics: [...topics], userData: null, ownedPartitions: [] });
  return Buffer.from(writer.bytes());
};
const assigned = (): Buffer => {
  const writer = new Writer();
  writer.int16(1);
  const assignedPartitions = [{ topic: 'c-topic', partitions: [0, 1, 2, 3] }];
  ConsumerProtocolAssignment.encode(writer, 1, { assignedPartitions, userData: null });
  return Buffer.from(writer.bytes());
};
const generationIn = (answers: Answers, step: string) =>
  answers.get(`consumer: ${step}`) as { readonly generationId: number; readonly memberId: string };

const classicJoin = (name: string, memberOf: string | undefined): RequestStep => ({
  name: `consumer: ${name}`,
  api: 'JoinGroup',
  version: 9,
  body: (answers: Answers) => ({
    groupId: 'cg-up',
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 60_000,
    memberId: memberOf === undefined ? '' : generationIn(answers, memberOf).memberId,
    groupInstanceId: 'old',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: classic(1, ['c-topic']) }],
  }),
});
const classicSync = (name: string, joined: string, leads: boolean): RequestStep => ({
  name: `consumer: ${name}`,
  api: 'SyncGroup',
  version: 5,
  body: (answers: Answers) => {
    const { generationId, memberId } = generationIn(answers, joined);
    const assignments = leads ? [{ memberId, assignment: assigned() }] : [];
    const of = { groupId: 'cg-up', generationId, memberId, groupInstanceId: 'old' };
    return { ...of, protocolType: 'consumer', protocolName: 'range', assignments };
  },
});
const classicBeat = (name: string, joined: string): RequestStep => ({
  name: `consumer: ${name}`,
  api: 'Heartbeat',
  version: 4,
  body: (answers: Answers) => {
    const { generationId, memberId } = generationIn(answers, joined);
    return { groupId: 'cg-up', generationId, memberId, groupInstanceId: 'old' };
  },
});

/** A classic group gets a member of the consumer protocol, and loses it again. */
const migration: readonly RequestStep[] = [
  classicJoin('classic joins', undefined),
  classicSync('classic syncs', 'classic joins', true),
  join('upgrade', 'm1', 'cg-up'),
  describe('upgraded', 'cg-up'),
  classicBeat('classic has to rejoin', 'classic joins'),
  classicSync('classic syncs too late', 'classic joins', false),
  classicJoin('classic rejoins', 'classic joins'),
  classicSync('classic syncs again', 'classic rejoins', false),
  classicBeat('classic is in', 'classic rejoins'),
  beat('upgrade gets the rest', { group: 'cg-up', epoch: 'upgrade', owned: {} }),
  describe('both', 'cg-up'),
  beat('upgrade leaves', { group: 'cg-up', epoch: -1 }),
  { name: 'consumer: downgraded', api: 'DescribeGroups', version: 6, body: { groups: ['cg-up'] } },
  describe('downgraded', 'cg-up'),
  classicBeat('classic again', 'classic rejoins'),
];

export const consumerGroups: readonly RequestStep[] = [
  create('for consumer groups', 7, [
    { name: 'c-topic', numPartitions: 4 },
    { name: 'c-other', numPartitions: 2 },
  ]),
  immediately('of groups', ['cg-range', 'cg-static', 'cg-regex', 'cg-up']),
  immediately(
    'of the first',
    ['cg'],
    [
      ['consumer.heartbeat.interval.ms', '6000'],
      ['consumer.session.timeout.ms', '50000'],
    ],
  ),
  ...refusals,
  {
    name: 'consumer: v0 with its own id',
    api: 'ConsumerGroupHeartbeat',
    version: 0,
    body: { groupId: 'cg-v0', memberId: 'm0', memberEpoch: 0, topicPartitions: [], ...joining },
  },
  ...two,
  ...around,
  ...statics,
  ...patterns,
  ...migration,
];
