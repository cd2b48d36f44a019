import { createAcls, deleteAcls, describeAcls, OPERATION, PATTERN, PERMISSION, type Rule, TYPE } from './acls.js';
import { batchOf } from './produce.js';
import { type Answers, type Body, create, idOf, metadata, type RequestStep, remove } from './step.js';

const made = 'create: for acls';
const ANONYMOUS = 'User:ANONYMOUS';

const topics: readonly RequestStep[] = [
  create('for acls', 7, [
    { name: 'z-open' },
    { name: 'z-closed' },
    { name: 'z-read' },
    { name: 'z-describe' },
    { name: 'z-write' },
    { name: 'z-pre-one' },
    { name: 'z-denied' },
  ]),
];

const rules: readonly RequestStep[] = [
  describeAcls('nothing there', 3, {}),
  createAcls('nothing', 3, []),
  createAcls('one', 1, [{ name: 'n-one' }]),
  createAcls('one again', 2, [{ name: 'n-one' }]),
  createAcls('some', 3, [
    { name: 'n-pre', pattern: PATTERN.PREFIXED, operation: OPERATION.WRITE },
    { name: 'n-one', operation: OPERATION.ALL, host: '10.0.0.1', permission: PERMISSION.DENY },
    { type: TYPE.GROUP, name: 'n-group', principal: 'User:bob' },
    { type: TYPE.TRANSACTIONAL_ID, name: 'n-txn', operation: OPERATION.WRITE },
    { type: TYPE.USER, name: 'User:carol', operation: OPERATION.DESCRIBE_TOKENS },
    { type: TYPE.TOKEN, name: 'n-token', operation: OPERATION.DESCRIBE },
    { name: '*', principal: 'User:*', operation: OPERATION.DESCRIBE },
    { type: TYPE.GROUP, name: '*', principal: 'User:admin', operation: OPERATION.ALL },
  ]),
  createAcls('without an operation', 3, [{ operation: OPERATION.ANY }]),
  createAcls('with an unknown operation', 3, [{ operation: 0 }]),
  createAcls('with an operation of the future', 3, [{ operation: 99 }]),
  createAcls('without a permission', 3, [{ permission: PERMISSION.ANY }]),
  createAcls('with an unknown permission', 3, [{ permission: 0 }]),
  createAcls('without a type', 3, [{ type: TYPE.ANY }]),
  createAcls('with an unknown type', 3, [{ type: 0 }]),
  createAcls('with any pattern', 3, [{ pattern: PATTERN.ANY }]),
  createAcls('with a matching pattern', 3, [{ pattern: PATTERN.MATCH }]),
  createAcls('with an unknown pattern', 3, [{ pattern: 0 }]),
  createAcls('without a name', 3, [{ name: '' }]),
  createAcls('of another cluster', 3, [{ type: TYPE.CLUSTER, name: 'another', operation: OPERATION.ALTER }]),
  createAcls('principal without type', 3, [{ principal: 'alice' }]),
  createAcls('no principal', 3, [{ principal: '' }]),
  createAcls('an operation that topics do not have', 3, [{ operation: OPERATION.CLUSTER_ACTION }]),
  createAcls('no host', 3, [{ host: '' }]),
  createAcls('one good one bad', 3, [{ name: 'n-two' }, { name: '' }]),
  describeAcls('all v1', 1, {}),
  describeAcls('all v2', 2, {}),
  describeAcls('all v3', 3, {}),
  describeAcls('literal in v1', 1, { pattern: PATTERN.LITERAL }),
  describeAcls('prefixed', 3, { pattern: PATTERN.PREFIXED }),
  describeAcls('matching a name', 3, { type: TYPE.TOPIC, name: 'n-prefixed', pattern: PATTERN.MATCH }),
  describeAcls('matching no name', 3, { type: TYPE.TOPIC, pattern: PATTERN.MATCH }),
  describeAcls('of a name in any pattern', 3, { type: TYPE.TOPIC, name: 'n-pre' }),
  describeAcls('of a name, literally', 3, { type: TYPE.TOPIC, name: 'n-pre', pattern: PATTERN.LITERAL }),
  describeAcls('wildcard, literally', 3, { name: '*', pattern: PATTERN.LITERAL }),
  describeAcls('of groups', 3, { type: TYPE.GROUP }),
  describeAcls('of a principal', 3, { principal: 'User:alice' }),
  describeAcls('of a principal without type', 3, { principal: 'alice' }),
  describeAcls('of a host', 3, { host: '10.0.0.1' }),
  describeAcls('of an operation', 3, { operation: OPERATION.WRITE }),
  describeAcls('that deny', 3, { permission: PERMISSION.DENY }),
  describeAcls('with an unknown pattern', 3, { pattern: 0 }),
  describeAcls('with an unknown type', 3, { type: 0 }),
  describeAcls('with an unknown operation', 3, { operation: 0 }),
  describeAcls('of nobody', 3, { principal: 'User:nobody' }),
  deleteAcls('nothing', 3, []),
  deleteAcls('what is not there', 1, [{ principal: 'User:nobody' }]),
  deleteAcls('one', 2, [{ type: TYPE.TOPIC, name: 'n-one', pattern: PATTERN.LITERAL, operation: OPERATION.READ }]),
  deleteAcls('by two filters', 3, [{ principal: 'User:bob' }, { permission: PERMISSION.DENY }]),
  deleteAcls('by overlapping filters', 3, [{ name: 'n-pre' }, { type: TYPE.TOPIC, principal: 'User:alice' }]),
  deleteAcls('with an unknown type', 3, [{ type: 0 }]),
  deleteAcls('with an unknown operation', 3, [{ operation: 0 }]),
  describeAcls('what is left', 3, {}),
  deleteAcls('the rest', 3, [{}]),
];

const allow = (type: number, name: string, ...operations: readonly number[]): Rule[] =>
  operations.map((operation) => ({ type, name, principal: ANONYMOUS, operation }));

/** From here on: what is named is open to some, the rest stays open to everybody. */
const enforce: readonly RequestStep[] = [
  createAcls('for topics', 3, [
    { name: 'z-closed', operation: OPERATION.ALL },
    ...allow(TYPE.TOPIC, 'z-read', OPERATION.READ),
    ...allow(TYPE.TOPIC, 'z-describe', OPERATION.DESCRIBE),
    ...allow(TYPE.TOPIC, 'z-write', OPERATION.WRITE),
    { name: 'z-pre-', pattern: PATTERN.PREFIXED, principal: 'User:*', operation: OPERATION.READ },
    ...allow(TYPE.TOPIC, 'z-denied', OPERATION.ALL),
    { name: 'z-denied', principal: 'User:*', operation: OPERATION.DESCRIBE, permission: PERMISSION.DENY },
    { name: 'z-new', operation: OPERATION.CREATE },
    { type: TYPE.GROUP, name: 'zg-closed', operation: OPERATION.READ },
    ...allow(TYPE.GROUP, 'zg-describe', OPERATION.DESCRIBE),
    ...allow(TYPE.GROUP, 'zg-read', OPERATION.READ),
    { type: TYPE.TRANSACTIONAL_ID, name: 'zt-closed', operation: OPERATION.WRITE },
    ...allow(TYPE.TRANSACTIONAL_ID, 'zt-describe', OPERATION.DESCRIBE),
  ]),
];

const names = ['z-open', 'z-closed', 'z-read', 'z-describe', 'z-write', 'z-pre-one', 'z-denied', 'z-none'];
const step = (
  name: string,
  api: RequestStep['api'],
  version: number,
  body: RequestStep['body'],
  until?: RequestStep['until'],
): RequestStep => ({ name: `access: ${name}`, api, version, body, ...(until === undefined ? {} : { until }) });
const id = (answers: Answers, name: string) =>
  name === 'z-none' ? 'aaaaaaaaaaaaaaaaaaaaaQ' : idOf(answers, made, name);
const partition = (value: object) => [value];

const data: readonly RequestStep[] = [
  metadata(
    'with access',
    13,
    names.map((name) => ({ name })),
    { includeTopicAuthorizedOperations: true },
  ),
  metadata('with access, all', 12, null, { includeTopicAuthorizedOperations: true }),
  metadata(
    'with access, v1',
    1,
    names.map((name) => ({ name })),
  ),
  {
    name: 'metadata: with access, by id',
    api: 'Metadata',
    version: 12,
    body: (answers) => ({
      topics: names.map((name) => ({ name: null, topicId: id(answers, name) })),
      allowAutoTopicCreation: false,
    }),
  },
  metadata('with access, auto-creation', 12, [{ name: 'z-new' }], { allowAutoTopicCreation: true }),
  step('describe topics', 'DescribeTopicPartitions', 0, {
    topics: names.map((name) => ({ name })),
    responsePartitionLimit: 100,
    cursor: null,
  }),
  step('describe all topics', 'DescribeTopicPartitions', 0, { topics: [], responsePartitionLimit: 100, cursor: null }),
  step('produce', 'Produce', 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: names.map((name) => ({ name, partitionData: partition({ index: 0, records: batchOf('one') }) })),
  }),
  step('produce by id', 'Produce', 13, (answers) => ({
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: names.map((name) => ({
      topicId: id(answers, name),
      partitionData: partition({ index: 0, records: batchOf('two') }),
    })),
  })),
  step('fetch', 'Fetch', 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    topics: names.map((topic) => ({
      topic,
      partitions: partition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }),
    })),
  }),
  step('fetch by id', 'Fetch', 17, (answers) => ({
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    topics: names.map((name) => ({
      topicId: id(answers, name),
      partitions: partition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }),
    })),
  })),
  step('fetch as a replica', 'Fetch', 12, {
    replicaId: 1,
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic: 'z-closed', partitions: partition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }) }],
  }),
  step('offsets', 'ListOffsets', 7, {
    replicaId: -1,
    topics: names.map((name) => ({
      name,
      partitions: partition({ partitionIndex: 0, timestamp: -1, currentLeaderEpoch: -1 }),
    })),
  }),
  step('epochs', 'OffsetForLeaderEpoch', 4, {
    replicaId: -1,
    topics: names.map((topic) => ({
      topic,
      partitions: partition({ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }),
    })),
  }),
  step('delete records', 'DeleteRecords', 2, {
    topics: names.map((name) => ({ name, partitions: partition({ partitionIndex: 0, offset: 0 }) })),
    timeoutMs: 5000,
  }),
  step(
    'producer id',
    'InitProducerId',
    4,
    { transactionalId: null, transactionTimeoutMs: 1000 },
    (answer) => answer.errorCode !== 14,
  ),
  step('transactional id', 'InitProducerId', 4, { transactionalId: 'zt-closed', transactionTimeoutMs: 1000 }),
  step('transactional id to describe', 'InitProducerId', 2, {
    transactionalId: 'zt-describe',
    transactionTimeoutMs: 1000,
  }),
];

const admin: readonly RequestStep[] = [
  step('configs of topics', 'DescribeConfigs', 4, {
    resources: names.map((resourceName) => ({ resourceType: 2, resourceName, configurationKeys: ['retention.ms'] })),
  }),
  step('alter configs of topics', 'IncrementalAlterConfigs', 1, {
    resources: names.map((resourceName) => ({
      resourceType: 2,
      resourceName,
      configs: [{ name: 'retention.ms', configOperation: 0, value: '1000000' }],
    })),
    validateOnly: true,
  }),
  step('replace configs of topics', 'AlterConfigs', 2, {
    resources: names.map((resourceName) => ({
      resourceType: 2,
      resourceName,
      configs: [{ name: 'retention.ms', value: '1000000' }],
    })),
    validateOnly: true,
  }),
  step('more partitions', 'CreatePartitions', 3, {
    topics: names.map((name) => ({ name, count: 2, assignments: null })),
    timeoutMs: 5000,
    validateOnly: true,
  }),
  step('create topics', 'CreateTopics', 7, {
    topics: ['z-new', 'z-closed', 'z-pre-two', 'z-fresh'].map((name) => ({
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    })),
    timeoutMs: 5000,
    validateOnly: true,
  }),
  step('log directories', 'DescribeLogDirs', 4, { topics: null }),
  step('log directories of closed', 'DescribeLogDirs', 4, { topics: [{ topic: 'z-closed', partitions: [0] }] }),
  remove('with access, by name', 5, [
    { name: 'z-closed' },
    { name: 'z-read' },
    { name: 'z-describe' },
    { name: 'z-none' },
  ]),
  {
    name: 'delete: with access, by id',
    api: 'DeleteTopics',
    version: 6,
    body: (answers) => ({
      topics: ['z-closed', 'z-read', 'z-describe', 'z-none'].map((name) => ({
        name: null,
        topicId: id(answers, name),
      })),
      timeoutMs: 5000,
    }),
  },
];

const groupNames = ['zg-open', 'zg-closed', 'zg-describe', 'zg-read'];
const settled = (answer: Body) => !JSON.stringify(answer).includes('"errorCode":15');
const groups: readonly RequestStep[] = [
  step('coordinators', 'FindCoordinator', 4, { keyType: 0, coordinatorKeys: groupNames }, settled),
  step('coordinator v3', 'FindCoordinator', 3, { keyType: 0, key: 'zg-closed' }),
  ...groupNames.map((groupId) =>
    step(`commit ${groupId}`, 'OffsetCommit', 8, {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      topics: ['z-open', 'z-closed', 'z-read', 'z-describe', 'z-none'].map((name) => ({
        name,
        partitions: partition({
          partitionIndex: 0,
          committedOffset: 1,
          committedLeaderEpoch: -1,
          committedMetadata: '',
        }),
      })),
    }),
  ),
  step('offsets of groups', 'OffsetFetch', 8, {
    groups: groupNames.map((groupId) => ({
      groupId,
      topics: ['z-open', 'z-closed', 'z-read', 'z-describe', 'z-none'].map((name) => ({ name, partitionIndexes: [0] })),
    })),
    requireStable: false,
  }),
  step('all offsets of groups', 'OffsetFetch', 8, {
    groups: groupNames.map((groupId) => ({ groupId, topics: null })),
    requireStable: false,
  }),
  step('offsets of a group v5', 'OffsetFetch', 5, {
    groupId: 'zg-closed',
    topics: [{ name: 'z-open', partitionIndexes: [0] }],
  }),
  step('offsets of a group v1', 'OffsetFetch', 1, {
    groupId: 'zg-open',
    topics: [
      { name: 'z-open', partitionIndexes: [0] },
      { name: 'z-closed', partitionIndexes: [0] },
    ],
  }),
  step('describe groups', 'DescribeGroups', 5, { groups: groupNames, includeAuthorizedOperations: true }),
  step('list groups', 'ListGroups', 4, { statesFilter: [] }),
  ...(['zg-closed', 'zg-describe'] as const).flatMap((groupId) => [
    step(`join ${groupId}`, 'JoinGroup', 5, {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    }),
    step(`sync ${groupId}`, 'SyncGroup', 3, {
      groupId,
      generationId: 1,
      memberId: 'm',
      groupInstanceId: null,
      assignments: [],
    }),
    step(`beat ${groupId}`, 'Heartbeat', 3, { groupId, generationId: 1, memberId: 'm', groupInstanceId: null }),
    step(`leave ${groupId}`, 'LeaveGroup', 3, { groupId, members: [{ memberId: 'm', groupInstanceId: null }] }),
    step(`delete offsets ${groupId}`, 'OffsetDelete', 0, {
      groupId,
      topics: [{ name: 'z-open', partitions: [{ partitionIndex: 0 }] }],
    }),
  ]),
  step('delete offsets of topics', 'OffsetDelete', 0, {
    groupId: 'zg-open',
    topics: ['z-open', 'z-closed', 'z-read', 'z-none'].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
  }),
  step('delete groups', 'DeleteGroups', 2, { groupsNames: ['zg-closed', 'zg-describe', 'zg-read'] }),
];

/** Cluster operations stay allowed to the broker itself (it is ANONYMOUS too); what is not named is refused. */
const cluster: readonly RequestStep[] = [
  createAcls('for the cluster', 3, [
    ...allow(TYPE.CLUSTER, 'kafka-cluster', OPERATION.CLUSTER_ACTION),
    { type: TYPE.CLUSTER, name: 'kafka-cluster', operation: OPERATION.ALL },
  ]),
  step('describe cluster', 'DescribeCluster', 2, { includeClusterAuthorizedOperations: true, endpointType: 1 }),
  step('cluster operations by Metadata', 'Metadata', 8, {
    topics: [],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: false,
  }),
  step('create topics without the cluster', 'CreateTopics', 7, {
    topics: ['z-fresh', 'z-new', 'z-pre-two'].map((name) => ({
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    })),
    timeoutMs: 5000,
    validateOnly: true,
  }),
  step('list acls', 'DescribeAcls', 3, {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  }),
  createAcls('without access', 3, [{}]),
  deleteAcls('without access', 3, [{}]),
  step('list groups without the cluster', 'ListGroups', 4, { statesFilter: [] }),
  step('log directories without the cluster', 'DescribeLogDirs', 4, { topics: null }),
  step('configs of brokers', 'DescribeConfigs', 4, {
    resources: [
      { resourceType: 4, resourceName: '1', configurationKeys: ['num.io.threads'] },
      { resourceType: 4, resourceName: '', configurationKeys: null },
      { resourceType: 8, resourceName: '1', configurationKeys: ['root'] },
      { resourceType: 16, resourceName: 'c-one', configurationKeys: null },
      { resourceType: 32, resourceName: 'zg-closed', configurationKeys: ['consumer.session.timeout.ms'] },
      { resourceType: 32, resourceName: 'zg-open', configurationKeys: ['consumer.session.timeout.ms'] },
      { resourceType: 77, resourceName: 'x', configurationKeys: null },
    ],
  }),
  step('alter configs of brokers', 'IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: 4,
        resourceName: '1',
        configs: [{ name: 'log.retention.ms', configOperation: 0, value: '1000' }],
      },
      { resourceType: 8, resourceName: '1', configs: [{ name: 'root', configOperation: 0, value: 'INFO' }] },
      { resourceType: 16, resourceName: 'c', configs: [{ name: 'interval.ms', configOperation: 0, value: '1000' }] },
      {
        resourceType: 32,
        resourceName: 'zg-closed',
        configs: [{ name: 'consumer.session.timeout.ms', configOperation: 0, value: '50000' }],
      },
    ],
    validateOnly: true,
  }),
  step('elect', 'ElectLeaders', 2, {
    electionType: 0,
    topicPartitions: [{ topic: 'z-open', partitions: [0] }],
    timeoutMs: 5000,
  }),
  step('elect all', 'ElectLeaders', 1, { electionType: 0, topicPartitions: null, timeoutMs: 5000 }),
  step('reassign', 'AlterPartitionReassignments', 0, {
    timeoutMs: 5000,
    topics: [{ name: 'z-open', partitions: [{ partitionIndex: 0, replicas: [1] }] }],
  }),
  step('reassignments', 'ListPartitionReassignments', 0, { timeoutMs: 5000, topics: null }),
  step('quorum', 'DescribeQuorum', 2, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  }),
  step('features', 'UpdateFeatures', 1, {
    timeoutMs: 5000,
    featureUpdates: [{ feature: 'share.version', maxVersionLevel: 1, upgradeType: 1 }],
    validateOnly: true,
  }),
  step('unregister', 'UnregisterBroker', 0, { brokerId: 7 }),
  step('add a voter', 'AddRaftVoter', 0, {
    clusterId: null,
    timeoutMs: 1000,
    voterId: 2,
    voterDirectoryId: 'aaaaaaaaaaaaaaaaaaaaaQ',
    listeners: [],
  }),
  step('remove a voter', 'RemoveRaftVoter', 0, {
    clusterId: null,
    voterId: 2,
    voterDirectoryId: 'aaaaaaaaaaaaaaaaaaaaaQ',
  }),
  step('quotas', 'DescribeClientQuotas', 1, { components: [], strict: false }),
  step('alter quotas', 'AlterClientQuotas', 1, {
    entries: [
      {
        entity: [{ entityType: 'user', entityName: 'x' }],
        ops: [{ key: 'producer_byte_rate', value: 1, remove: false }],
      },
    ],
    validateOnly: true,
  }),
  step('credentials', 'DescribeUserScramCredentials', 0, { users: null }),
  step('alter credentials', 'AlterUserScramCredentials', 0, {
    deletions: [{ name: 'x', mechanism: 1 }],
    upsertions: [],
  }),
  step('config resources', 'ListConfigResources', 1, { resourceTypes: [] }),
  step('config resources v0', 'ListConfigResources', 0, {}),
  step('producer id without the cluster', 'InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 1000 }),
  step('fetch as a replica without the cluster', 'Fetch', 12, {
    replicaId: 1,
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic: 'z-open', partitions: partition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }) }],
  }),
];

/** With StandardAuthorizer, and everything allowed that no rule names. Everybody is User:ANONYMOUS. */
export const authorized: readonly RequestStep[] = [
  ...topics,
  ...rules,
  ...enforce,
  ...data,
  ...admin,
  ...groups,
  ...cluster,
];
