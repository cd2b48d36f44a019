import { type RequestStep, strangerId, zeroId } from './step.js';

const describe = (name: string, version: number, topics: readonly object[]): RequestStep => ({
  name: `quorum: ${name}`,
  api: 'DescribeQuorum',
  version,
  body: { topics },
});
const metadataTopic = { topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] };

const stranger = { voterId: 2, voterDirectoryId: strangerId };
const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9 }];

const add = (name: string, version: number, body: object): RequestStep => ({
  name: `add voter: ${name}`,
  api: 'AddRaftVoter',
  version,
  body: { clusterId: null, timeoutMs: 1000, ...stranger, listeners, ...body },
});
const drop = (name: string, body: object): RequestStep => ({
  name: `remove voter: ${name}`,
  api: 'RemoveRaftVoter',
  version: 0,
  body: { clusterId: null, ...stranger, ...body },
});
const unregister = (name: string, brokerId: number): RequestStep => ({
  name: `unregister: ${name}`,
  api: 'UnregisterBroker',
  version: 0,
  body: { brokerId },
});

/** The quorum of one combined node, and who belongs to the cluster. */
export const quorum: readonly RequestStep[] = [
  ...[0, 1, 2].map((version) => describe(`v${version}`, version, [metadataTopic])),
  describe('nothing', 2, []),
  describe('another topic', 2, [{ topicName: 'l-one', partitions: [{ partitionIndex: 0 }] }]),
  describe('another partition', 2, [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 3 }] }]),
  describe('two partitions', 1, [
    { topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] },
  ]),
  describe('two topics', 0, [metadataTopic, { topicName: 'l-one', partitions: [{ partitionIndex: 0 }] }]),
  describe('no partitions', 2, [{ topicName: '__cluster_metadata', partitions: [] }]),
  add('v0', 0, {}),
  add('v1', 1, { ackWhenCommitted: true }),
  add('v1, not waiting', 1, { ackWhenCommitted: false }),
  add('wrong cluster', 1, { clusterId: 'another' }),
  add('itself', 0, { voterId: 1 }),
  add('without listeners', 0, { listeners: [] }),
  add('without directory', 0, { voterDirectoryId: zeroId }),
  add('negative id', 0, { voterId: -1 }),
  drop('v0', {}),
  drop('wrong cluster', { clusterId: 'another' }),
  drop('itself', { voterId: 1, voterDirectoryId: zeroId }),
  drop('negative id', { voterId: -1 }),
  unregister('unknown', 7),
  unregister('negative', -1),
];
