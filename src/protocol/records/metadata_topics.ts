import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, bytes, float64, int8, int32, int64, string, uuid } from '../schema.js';

/** A topic was created. */
export const TopicRecord = message({
  name: 'TopicRecord',
  key: 2,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string('0+'),
    topicId: uuid('0+'),
  },
});
export type TopicRecord = Infer<typeof TopicRecord>;
export type TopicRecordInput = InferInput<typeof TopicRecord>;

/** A partition as it was created. */
export const PartitionRecord = message({
  name: 'PartitionRecord',
  key: 3,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32('0+', { default: -1 }),
    topicId: uuid('0+'),
    replicas: arrayOf('0+', 'int32'),
    isr: arrayOf('0+', 'int32'),
    removingReplicas: arrayOf('0+', 'int32'),
    addingReplicas: arrayOf('0+', 'int32'),
    leader: int32('0+', { default: -1 }),
    leaderRecoveryState: int8('0+', { tagged: '0+', tag: 0 }),
    leaderEpoch: int32('0+', { default: -1 }),
    partitionEpoch: int32('0+', { default: -1 }),
    directories: arrayOf('1+', 'uuid'),
    eligibleLeaderReplicas: arrayOf('2+', 'int32', { nullable: '2+', tagged: '2+', tag: 1, default: null }),
    lastKnownElr: arrayOf('2+', 'int32', { nullable: '2+', tagged: '2+', tag: 2, default: null }),
  },
});
export type PartitionRecord = Infer<typeof PartitionRecord>;
export type PartitionRecordInput = InferInput<typeof PartitionRecord>;

/** One config of a resource; a null value removes it. */
export const ConfigRecord = message({
  name: 'ConfigRecord',
  key: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: int8('0+'),
    resourceName: string('0+'),
    name: string('0+'),
    value: string('0+', { nullable: '0+' }),
  },
});
export type ConfigRecord = Infer<typeof ConfigRecord>;
export type ConfigRecordInput = InferInput<typeof ConfigRecord>;

/** What changed about a partition: null and the defaults mean no change. */
export const PartitionChangeRecord = message({
  name: 'PartitionChangeRecord',
  key: 5,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32('0+', { default: -1 }),
    topicId: uuid('0+'),
    isr: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    // -1 nobody, -2 no change.
    leader: int32('0+', { tagged: '0+', tag: 1, default: -2 }),
    replicas: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 2, default: null }),
    removingReplicas: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 3, default: null }),
    addingReplicas: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 4, default: null }),
    leaderRecoveryState: int8('0+', { tagged: '0+', tag: 5, default: -1 }),
    directories: arrayOf('1+', 'uuid', { nullable: '1+', tagged: '1+', tag: 8, default: null }),
    eligibleLeaderReplicas: arrayOf('2+', 'int32', { nullable: '2+', tagged: '2+', tag: 6, default: null }),
    lastKnownElr: arrayOf('2+', 'int32', { nullable: '2+', tagged: '2+', tag: 7, default: null }),
  },
});
export type PartitionChangeRecord = Infer<typeof PartitionChangeRecord>;
export type PartitionChangeRecordInput = InferInput<typeof PartitionChangeRecord>;

/** A topic with all its partitions was deleted. */
export const RemoveTopicRecord = message({
  name: 'RemoveTopicRecord',
  key: 9,
  versions: '0',
  flexible: '0+',
  fields: {
    topicId: uuid('0+'),
  },
});
export type RemoveTopicRecord = Infer<typeof RemoveTopicRecord>;
export type RemoveTopicRecordInput = InferInput<typeof RemoveTopicRecord>;

/** A delegation token. */
export const DelegationTokenRecord = message({
  name: 'DelegationTokenRecord',
  key: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    owner: string('0+'),
    requester: string('0+'),
    renewers: arrayOf('0+', 'string'),
    issueTimestamp: int64('0+'),
    maxTimestamp: int64('0+'),
    expirationTimestamp: int64('0+'),
    tokenId: string('0+'),
  },
});
export type DelegationTokenRecord = Infer<typeof DelegationTokenRecord>;
export type DelegationTokenRecordInput = InferInput<typeof DelegationTokenRecord>;

/** A SCRAM credential. */
export const UserScramCredentialRecord = message({
  name: 'UserScramCredentialRecord',
  key: 11,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string('0+'),
    mechanism: int8('0+'),
    salt: bytes('0+'),
    storedKey: bytes('0+'),
    serverKey: bytes('0+'),
    iterations: int32('0+'),
  },
});
export type UserScramCredentialRecord = Infer<typeof UserScramCredentialRecord>;
export type UserScramCredentialRecordInput = InferInput<typeof UserScramCredentialRecord>;

/** One quota of an entity. */
export const ClientQuotaRecord = message({
  name: 'ClientQuotaRecord',
  key: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    entity: array('0+', {
      entityType: string('0+'),
      entityName: string('0+', { nullable: '0+' }),
    }),
    key: string('0+'),
    value: float64('0+'),
    remove: bool('0+'),
  },
});
export type ClientQuotaRecord = Infer<typeof ClientQuotaRecord>;
export type ClientQuotaRecordInput = InferInput<typeof ClientQuotaRecord>;

/** The block of producer ids that a broker was given; the next one begins at `nextProducerId`. */
export const ProducerIdsRecord = message({
  name: 'ProducerIdsRecord',
  key: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    nextProducerId: int64('0+'),
  },
});
export type ProducerIdsRecord = Infer<typeof ProducerIdsRecord>;
export type ProducerIdsRecordInput = InferInput<typeof ProducerIdsRecord>;

/** An access rule. */
export const AccessControlEntryRecord = message({
  name: 'AccessControlEntryRecord',
  key: 18,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid('0+'),
    resourceType: int8('0+'),
    resourceName: string('0+'),
    patternType: int8('0+'),
    principal: string('0+'),
    host: string('0+'),
    operation: int8('0+'),
    permissionType: int8('0+'),
  },
});
export type AccessControlEntryRecord = Infer<typeof AccessControlEntryRecord>;
export type AccessControlEntryRecordInput = InferInput<typeof AccessControlEntryRecord>;

/** An access rule was deleted. */
export const RemoveAccessControlEntryRecord = message({
  name: 'RemoveAccessControlEntryRecord',
  key: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid('0+'),
  },
});
export type RemoveAccessControlEntryRecord = Infer<typeof RemoveAccessControlEntryRecord>;
export type RemoveAccessControlEntryRecordInput = InferInput<typeof RemoveAccessControlEntryRecord>;

/** A SCRAM credential was deleted. */
export const RemoveUserScramCredentialRecord = message({
  name: 'RemoveUserScramCredentialRecord',
  key: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string('0+'),
    mechanism: int8('0+'),
  },
});
export type RemoveUserScramCredentialRecord = Infer<typeof RemoveUserScramCredentialRecord>;
export type RemoveUserScramCredentialRecordInput = InferInput<typeof RemoveUserScramCredentialRecord>;

/** A delegation token was deleted or expired. */
export const RemoveDelegationTokenRecord = message({
  name: 'RemoveDelegationTokenRecord',
  key: 26,
  versions: '0',
  flexible: '0+',
  fields: {
    tokenId: string('0+'),
  },
});
export type RemoveDelegationTokenRecord = Infer<typeof RemoveDelegationTokenRecord>;
export type RemoveDelegationTokenRecordInput = InferInput<typeof RemoveDelegationTokenRecord>;

/** Forgets eligible leader replicas, of one topic or of all (KIP-966). */
export const ClearElrRecord = message({
  name: 'ClearElrRecord',
  key: 28,
  versions: '0',
  flexible: '0+',
  fields: {
    topicName: string('0+'),
  },
});
export type ClearElrRecord = Infer<typeof ClearElrRecord>;
export type ClearElrRecordInput = InferInput<typeof ClearElrRecord>;
