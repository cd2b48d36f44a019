import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, int64, string, uint16, uuid } from '../schema.js';

/** A broker registered; its epoch is the offset of this record. */
export const RegisterBrokerRecord = message({
  name: 'RegisterBrokerRecord',
  key: 0,
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    isMigratingZkBroker: bool('2+'),
    incarnationId: uuid('0+'),
    brokerEpoch: int64('0+'),
    endPoints: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
    rack: string('0+', { nullable: '0+' }),
    fenced: bool('0+', { default: true }),
    inControlledShutdown: bool('1+'),
    logDirs: arrayOf('3+', 'uuid', { tagged: '3+', tag: 0 }),
    cordonedLogDirs: arrayOf('4+', 'uuid', { nullable: '4+', tagged: '4+', tag: 1, default: null }),
  },
});
export type RegisterBrokerRecord = Infer<typeof RegisterBrokerRecord>;
export type RegisterBrokerRecordInput = InferInput<typeof RegisterBrokerRecord>;

/** A broker is gone for good. */
export const UnregisterBrokerRecord = message({
  name: 'UnregisterBrokerRecord',
  key: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
  },
});
export type UnregisterBrokerRecord = Infer<typeof UnregisterBrokerRecord>;
export type UnregisterBrokerRecordInput = InferInput<typeof UnregisterBrokerRecord>;

/** Older form of a BrokerRegistrationChange that fences. */
export const FenceBrokerRecord = message({
  name: 'FenceBrokerRecord',
  key: 7,
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32('0+'),
    epoch: int64('0+'),
  },
});
export type FenceBrokerRecord = Infer<typeof FenceBrokerRecord>;
export type FenceBrokerRecordInput = InferInput<typeof FenceBrokerRecord>;

/** Older form of a BrokerRegistrationChange that unfences. */
export const UnfenceBrokerRecord = message({
  name: 'UnfenceBrokerRecord',
  key: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32('0+'),
    epoch: int64('0+'),
  },
});
export type UnfenceBrokerRecord = Infer<typeof UnfenceBrokerRecord>;
export type UnfenceBrokerRecordInput = InferInput<typeof UnfenceBrokerRecord>;

/** Finalized level of a feature; 0 removes it. */
export const FeatureLevelRecord = message({
  name: 'FeatureLevelRecord',
  key: 12,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string('0+'),
    featureLevel: int16('0+'),
  },
});
export type FeatureLevelRecord = Infer<typeof FeatureLevelRecord>;
export type FeatureLevelRecordInput = InferInput<typeof FeatureLevelRecord>;

/** What changed about a registered broker. */
export const BrokerRegistrationChangeRecord = message({
  name: 'BrokerRegistrationChangeRecord',
  key: 17,
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
    // -1 unfenced, 0 no change, 1 fenced.
    fenced: int8('0+', { tagged: '0+', tag: 0 }),
    // 0 no change, 1 shutting down.
    inControlledShutdown: int8('1+', { tagged: '1+', tag: 1 }),
    logDirs: arrayOf('2+', 'uuid', { tagged: '2+', tag: 2 }),
    cordonedLogDirs: arrayOf('3+', 'uuid', { nullable: '3+', tagged: '3+', tag: 3, default: null }),
  },
});
export type BrokerRegistrationChangeRecord = Infer<typeof BrokerRegistrationChangeRecord>;
export type BrokerRegistrationChangeRecordInput = InferInput<typeof BrokerRegistrationChangeRecord>;

/** Written now and then so that the high watermark of the metadata log moves. */
export const NoOpRecord = message({
  name: 'NoOpRecord',
  key: 20,
  versions: '0',
  flexible: '0+',
  fields: {},
});
export type NoOpRecord = Infer<typeof NoOpRecord>;
export type NoOpRecordInput = InferInput<typeof NoOpRecord>;

/** How far the migration from ZooKeeper is; new clusters write `none` once. */
export const ZkMigrationStateRecord = message({
  name: 'ZkMigrationStateRecord',
  key: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    zkMigrationState: int8('0+'),
  },
});
export type ZkMigrationStateRecord = Infer<typeof ZkMigrationStateRecord>;
export type ZkMigrationStateRecordInput = InferInput<typeof ZkMigrationStateRecord>;

/** Records up to the matching end are one atomic step (KIP-868). */
export const BeginTransactionRecord = message({
  name: 'BeginTransactionRecord',
  key: 23,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string('0+', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
  },
});
export type BeginTransactionRecord = Infer<typeof BeginTransactionRecord>;
export type BeginTransactionRecordInput = InferInput<typeof BeginTransactionRecord>;

/** The transaction in the metadata log takes effect. */
export const EndTransactionRecord = message({
  name: 'EndTransactionRecord',
  key: 24,
  versions: '0',
  flexible: '0+',
  fields: {},
});
export type EndTransactionRecord = Infer<typeof EndTransactionRecord>;
export type EndTransactionRecordInput = InferInput<typeof EndTransactionRecord>;

/** The transaction in the metadata log is dropped. */
export const AbortTransactionRecord = message({
  name: 'AbortTransactionRecord',
  key: 25,
  versions: '0',
  flexible: '0+',
  fields: {
    reason: string('0+', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
  },
});
export type AbortTransactionRecord = Infer<typeof AbortTransactionRecord>;
export type AbortTransactionRecordInput = InferInput<typeof AbortTransactionRecord>;

/** Endpoints and features of a controller (KIP-919). */
export const RegisterControllerRecord = message({
  name: 'RegisterControllerRecord',
  key: 27,
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32('0+'),
    incarnationId: uuid('0+'),
    zkMigrationReady: bool('0+'),
    endPoints: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
  },
});
export type RegisterControllerRecord = Infer<typeof RegisterControllerRecord>;
export type RegisterControllerRecordInput = InferInput<typeof RegisterControllerRecord>;

/** The file `quorum-state`: whom a voter voted for. */
export const QuorumStateData = message({
  name: 'QuorumStateData',
  key: -1,
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string('0'),
    leaderId: int32('0+', { default: -1 }),
    leaderEpoch: int32('0+', { default: -1 }),
    votedId: int32('0+', { default: -1 }),
    votedDirectoryId: uuid('1+'),
    appliedOffset: int64('0'),
    currentVoters: array(
      '0',
      {
        voterId: int32('0'),
      },
      { nullable: '0' },
    ),
  },
});
export type QuorumStateData = Infer<typeof QuorumStateData>;
export type QuorumStateDataInput = InferInput<typeof QuorumStateData>;
