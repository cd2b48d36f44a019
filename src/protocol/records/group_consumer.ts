import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bytes, int8, int32, int64, int64Bits, string, struct, uuid } from '../schema.js';

/** A group of the new protocol (KIP-848): its tombstone ends the group. */
export const ConsumerGroupMetadataKey = message({
  name: 'ConsumerGroupMetadataKey',
  key: 3,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
  },
});
export type ConsumerGroupMetadataKey = Infer<typeof ConsumerGroupMetadataKey>;
export type ConsumerGroupMetadataKeyInput = InferInput<typeof ConsumerGroupMetadataKey>;

/**
 * Epoch of the group; it grows with each change of members or of the subscribed topics, whose state the hash stands
 * for.
 */
export const ConsumerGroupMetadataValue = message({
  name: 'ConsumerGroupMetadataValue',
  key: 3,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32('0+'),
    metadataHash: int64Bits('0+', { tagged: '0+', tag: 0 }),
  },
});
export type ConsumerGroupMetadataValue = Infer<typeof ConsumerGroupMetadataValue>;
export type ConsumerGroupMetadataValueInput = InferInput<typeof ConsumerGroupMetadataValue>;

/** Partitions of the subscribed topics. Written before the hash in ConsumerGroupMetadata took their place. */
export const ConsumerGroupPartitionMetadataKey = message({
  name: 'ConsumerGroupPartitionMetadataKey',
  key: 4,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
  },
});
export type ConsumerGroupPartitionMetadataKey = Infer<typeof ConsumerGroupPartitionMetadataKey>;
export type ConsumerGroupPartitionMetadataKeyInput = InferInput<typeof ConsumerGroupPartitionMetadataKey>;

export const ConsumerGroupPartitionMetadataValue = message({
  name: 'ConsumerGroupPartitionMetadataValue',
  key: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array('0+', {
      topicId: uuid('0+'),
      topicName: string('0+'),
      numPartitions: int32('0+'),
      partitionMetadata: array('0+', {
        partition: int32('0+'),
        racks: arrayOf('0+', 'string'),
      }),
    }),
  },
});
export type ConsumerGroupPartitionMetadataValue = Infer<typeof ConsumerGroupPartitionMetadataValue>;
export type ConsumerGroupPartitionMetadataValueInput = InferInput<typeof ConsumerGroupPartitionMetadataValue>;

/** A member and what it subscribed to. */
export const ConsumerGroupMemberMetadataKey = message({
  name: 'ConsumerGroupMemberMetadataKey',
  key: 5,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    memberId: string('0'),
  },
});
export type ConsumerGroupMemberMetadataKey = Infer<typeof ConsumerGroupMemberMetadataKey>;
export type ConsumerGroupMemberMetadataKeyInput = InferInput<typeof ConsumerGroupMemberMetadataKey>;

/** `classicMemberMetadata`: the member speaks the classic protocol while the group is being upgraded. */
export const ConsumerGroupMemberMetadataValue = message({
  name: 'ConsumerGroupMemberMetadataValue',
  key: 5,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string('0+', { nullable: '0+' }),
    rackId: string('0+', { nullable: '0+' }),
    clientId: string('0+'),
    clientHost: string('0+'),
    subscribedTopicNames: arrayOf('0+', 'string'),
    subscribedTopicRegex: string('0+', { nullable: '0+' }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    serverAssignor: string('0+', { nullable: '0+' }),
    classicMemberMetadata: struct(
      '0+',
      {
        sessionTimeoutMs: int32('0+'),
        supportedProtocols: array('0+', {
          name: string('0+'),
          metadata: bytes('0+'),
        }),
      },
      // Without a default of its own: null is written, and so told from what an older broker did not know.
      { nullable: '0+', tagged: '0+', tag: 0 },
    ),
  },
});
export type ConsumerGroupMemberMetadataValue = Infer<typeof ConsumerGroupMemberMetadataValue>;
export type ConsumerGroupMemberMetadataValueInput = InferInput<typeof ConsumerGroupMemberMetadataValue>;

/** Epoch of the target assignment, written after all members' parts of it. */
export const ConsumerGroupTargetAssignmentMetadataKey = message({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  key: 6,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
  },
});
export type ConsumerGroupTargetAssignmentMetadataKey = Infer<typeof ConsumerGroupTargetAssignmentMetadataKey>;
export type ConsumerGroupTargetAssignmentMetadataKeyInput = InferInput<typeof ConsumerGroupTargetAssignmentMetadataKey>;

export const ConsumerGroupTargetAssignmentMetadataValue = message({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  key: 6,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32('0+'),
    assignmentTimestamp: int64('0+', { tagged: '0+', tag: 0, ignorable: true }),
  },
});
export type ConsumerGroupTargetAssignmentMetadataValue = Infer<typeof ConsumerGroupTargetAssignmentMetadataValue>;
export type ConsumerGroupTargetAssignmentMetadataValueInput = InferInput<
  typeof ConsumerGroupTargetAssignmentMetadataValue
>;

/** A member's part of the target assignment. */
export const ConsumerGroupTargetAssignmentMemberKey = message({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  key: 7,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    memberId: string('0'),
  },
});
export type ConsumerGroupTargetAssignmentMemberKey = Infer<typeof ConsumerGroupTargetAssignmentMemberKey>;
export type ConsumerGroupTargetAssignmentMemberKeyInput = InferInput<typeof ConsumerGroupTargetAssignmentMemberKey>;

export const ConsumerGroupTargetAssignmentMemberValue = message({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  key: 7,
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: array('0+', {
      topicId: uuid('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
  },
});
export type ConsumerGroupTargetAssignmentMemberValue = Infer<typeof ConsumerGroupTargetAssignmentMemberValue>;
export type ConsumerGroupTargetAssignmentMemberValueInput = InferInput<typeof ConsumerGroupTargetAssignmentMemberValue>;

/** What a member has now, on its way to the target. */
export const ConsumerGroupCurrentMemberAssignmentKey = message({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  key: 8,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    memberId: string('0'),
  },
});
export type ConsumerGroupCurrentMemberAssignmentKey = Infer<typeof ConsumerGroupCurrentMemberAssignmentKey>;
export type ConsumerGroupCurrentMemberAssignmentKeyInput = InferInput<typeof ConsumerGroupCurrentMemberAssignmentKey>;

export const ConsumerGroupCurrentMemberAssignmentValue = message({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  key: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    // 0 stable, 1 has to revoke partitions, 2 waits for partitions of others, 127 unknown.
    state: int8('0+'),
    assignedPartitions: array('0+', {
      topicId: uuid('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
    partitionsPendingRevocation: array('0+', {
      topicId: uuid('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
  },
});
export type ConsumerGroupCurrentMemberAssignmentValue = Infer<typeof ConsumerGroupCurrentMemberAssignmentValue>;
export type ConsumerGroupCurrentMemberAssignmentValueInput = InferInput<
  typeof ConsumerGroupCurrentMemberAssignmentValue
>;

/** A subscribed pattern. */
export const ConsumerGroupRegularExpressionKey = message({
  name: 'ConsumerGroupRegularExpressionKey',
  key: 16,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    regularExpression: string('0'),
  },
});
export type ConsumerGroupRegularExpressionKey = Infer<typeof ConsumerGroupRegularExpressionKey>;
export type ConsumerGroupRegularExpressionKeyInput = InferInput<typeof ConsumerGroupRegularExpressionKey>;

/** The topics that a pattern matched, with version and time of the metadata it was resolved against. */
export const ConsumerGroupRegularExpressionValue = message({
  name: 'ConsumerGroupRegularExpressionValue',
  key: 16,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: arrayOf('0+', 'string'),
    version: int64('0+'),
    timestamp: int64('0+'),
  },
});
export type ConsumerGroupRegularExpressionValue = Infer<typeof ConsumerGroupRegularExpressionValue>;
export type ConsumerGroupRegularExpressionValueInput = InferInput<typeof ConsumerGroupRegularExpressionValue>;
