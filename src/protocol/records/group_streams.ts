import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, int64, int64Bits, string, struct, uint16 } from '../schema.js';

/** A streams group (KIP-1071). */
export const StreamsGroupMetadataKey = message({
  name: 'StreamsGroupMetadataKey',
  key: 17,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
  },
});
export type StreamsGroupMetadataKey = Infer<typeof StreamsGroupMetadataKey>;
export type StreamsGroupMetadataKeyInput = InferInput<typeof StreamsGroupMetadataKey>;

export const StreamsGroupMetadataValue = message({
  name: 'StreamsGroupMetadataValue',
  key: 17,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32('0+'),
    metadataHash: int64Bits('0+'),
    validatedTopologyEpoch: int32('0+', { tagged: '0+', tag: 0, default: -1 }),
    lastAssignmentConfigs: array(
      '0+',
      {
        key: string('0+'),
        value: string('0+'),
      },
      { nullable: '0+', tagged: '0+', tag: 1, default: null },
    ),
  },
});
export type StreamsGroupMetadataValue = Infer<typeof StreamsGroupMetadataValue>;
export type StreamsGroupMetadataValueInput = InferInput<typeof StreamsGroupMetadataValue>;

/** A member of a streams group: its process, endpoint and topology. */
export const StreamsGroupMemberMetadataKey = message({
  name: 'StreamsGroupMemberMetadataKey',
  key: 19,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    memberId: string('0'),
  },
});
export type StreamsGroupMemberMetadataKey = Infer<typeof StreamsGroupMemberMetadataKey>;
export type StreamsGroupMemberMetadataKeyInput = InferInput<typeof StreamsGroupMemberMetadataKey>;

export const StreamsGroupMemberMetadataValue = message({
  name: 'StreamsGroupMemberMetadataValue',
  key: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string('0+', { nullable: '0+' }),
    rackId: string('0+', { nullable: '0+' }),
    clientId: string('0+'),
    clientHost: string('0+'),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topologyEpoch: int32('0+'),
    processId: string('0+'),
    userEndpoint: struct(
      '0+',
      {
        host: string('0+'),
        port: uint16('0+'),
      },
      { nullable: '0+', default: null },
    ),
    clientTags: array('0+', {
      key: string('0+'),
      value: string('0+'),
    }),
  },
});
export type StreamsGroupMemberMetadataValue = Infer<typeof StreamsGroupMemberMetadataValue>;
export type StreamsGroupMemberMetadataValueInput = InferInput<typeof StreamsGroupMemberMetadataValue>;

/** Epoch of the target assignment. */
export const StreamsGroupTargetAssignmentMetadataKey = message({
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  key: 20,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
  },
});
export type StreamsGroupTargetAssignmentMetadataKey = Infer<typeof StreamsGroupTargetAssignmentMetadataKey>;
export type StreamsGroupTargetAssignmentMetadataKeyInput = InferInput<typeof StreamsGroupTargetAssignmentMetadataKey>;

export const StreamsGroupTargetAssignmentMetadataValue = message({
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  key: 20,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32('0+'),
    assignmentTimestamp: int64('0+', { tagged: '0+', tag: 0, ignorable: true }),
  },
});
export type StreamsGroupTargetAssignmentMetadataValue = Infer<typeof StreamsGroupTargetAssignmentMetadataValue>;
export type StreamsGroupTargetAssignmentMetadataValueInput = InferInput<
  typeof StreamsGroupTargetAssignmentMetadataValue
>;

/** A member's tasks in the target assignment. */
export const StreamsGroupTargetAssignmentMemberKey = message({
  name: 'StreamsGroupTargetAssignmentMemberKey',
  key: 21,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    memberId: string('0'),
  },
});
export type StreamsGroupTargetAssignmentMemberKey = Infer<typeof StreamsGroupTargetAssignmentMemberKey>;
export type StreamsGroupTargetAssignmentMemberKeyInput = InferInput<typeof StreamsGroupTargetAssignmentMemberKey>;

export const StreamsGroupTargetAssignmentMemberValue = message({
  name: 'StreamsGroupTargetAssignmentMemberValue',
  key: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
    standbyTasks: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
    warmupTasks: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
  },
});
export type StreamsGroupTargetAssignmentMemberValue = Infer<typeof StreamsGroupTargetAssignmentMemberValue>;
export type StreamsGroupTargetAssignmentMemberValueInput = InferInput<typeof StreamsGroupTargetAssignmentMemberValue>;

/** The tasks that a member has and those it is giving up. */
export const StreamsGroupCurrentMemberAssignmentKey = message({
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  key: 22,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    memberId: string('0'),
  },
});
export type StreamsGroupCurrentMemberAssignmentKey = Infer<typeof StreamsGroupCurrentMemberAssignmentKey>;
export type StreamsGroupCurrentMemberAssignmentKeyInput = InferInput<typeof StreamsGroupCurrentMemberAssignmentKey>;

export const StreamsGroupCurrentMemberAssignmentValue = message({
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  key: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    state: int8('0+'),
    activeTasks: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
    standbyTasks: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
    warmupTasks: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
    activeTasksPendingRevocation: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
    standbyTasksPendingRevocation: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
    warmupTasksPendingRevocation: array('0+', {
      subtopologyId: string('0+'),
      partitions: arrayOf('0+', 'int32'),
      assignmentEpochs: arrayOf('0+', 'int32', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    }),
  },
});
export type StreamsGroupCurrentMemberAssignmentValue = Infer<typeof StreamsGroupCurrentMemberAssignmentValue>;
export type StreamsGroupCurrentMemberAssignmentValueInput = InferInput<typeof StreamsGroupCurrentMemberAssignmentValue>;

/** Topology of the group: subtopologies with their source, changelog and repartition topics. */
export const StreamsGroupTopologyKey = message({
  name: 'StreamsGroupTopologyKey',
  key: 23,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
  },
});
export type StreamsGroupTopologyKey = Infer<typeof StreamsGroupTopologyKey>;
export type StreamsGroupTopologyKeyInput = InferInput<typeof StreamsGroupTopologyKey>;

export const StreamsGroupTopologyValue = message({
  name: 'StreamsGroupTopologyValue',
  key: 23,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32('0+'),
    subtopologies: array('0+', {
      subtopologyId: string('0+'),
      sourceTopics: arrayOf('0+', 'string'),
      sourceTopicRegex: arrayOf('0+', 'string'),
      stateChangelogTopics: array('0+', {
        name: string('0+'),
        partitions: int32('0+'),
        replicationFactor: int16('0+'),
        topicConfigs: array('0+', {
          key: string('0+'),
          value: string('0+'),
        }),
      }),
      repartitionSinkTopics: arrayOf('0+', 'string'),
      repartitionSourceTopics: array('0+', {
        name: string('0+'),
        partitions: int32('0+'),
        replicationFactor: int16('0+'),
        topicConfigs: array('0+', {
          key: string('0+'),
          value: string('0+'),
        }),
      }),
      copartitionGroups: array('0+', {
        sourceTopics: arrayOf('0+', 'int16'),
        sourceTopicRegex: arrayOf('0+', 'int16'),
        repartitionSourceTopics: arrayOf('0+', 'int16'),
      }),
    }),
  },
});
export type StreamsGroupTopologyValue = Infer<typeof StreamsGroupTopologyValue>;
export type StreamsGroupTopologyValueInput = InferInput<typeof StreamsGroupTopologyValue>;
