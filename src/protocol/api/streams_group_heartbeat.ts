import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, int64, string, struct, uint16 } from '../schema.js';

/**
 * A member of a streams group joins, stays, reports its tasks and leaves; the first one brings the topology
 * (KIP-1071).
 */
export const StreamsGroupHeartbeatRequest = message({
  name: 'StreamsGroupHeartbeatRequest',
  key: 88,
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    memberId: string('0+'),
    // 0 joins, -1 leaves, -2 a static member leaves for a while.
    memberEpoch: int32('0+'),
    endpointInformationEpoch: int32('0+'),
    instanceId: string('0+', { nullable: '0+', default: null }),
    rackId: string('0+', { nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topology: struct(
      '0+',
      {
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
      { nullable: '0+', default: null },
    ),
    activeTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
    standbyTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
    warmupTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
    processId: string('0+', { nullable: '0+', default: null }),
    userEndpoint: struct(
      '0+',
      {
        host: string('0+'),
        port: uint16('0+'),
      },
      { nullable: '0+', default: null },
    ),
    clientTags: array(
      '0+',
      {
        key: string('0+'),
        value: string('0+'),
      },
      { nullable: '0+', default: null },
    ),
    taskOffsets: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partition: int32('0+'),
        offset: int64('0+'),
      },
      { nullable: '0+', default: null },
    ),
    taskEndOffsets: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partition: int32('0+'),
        offset: int64('0+'),
      },
      { nullable: '0+', default: null },
    ),
    shutdownApplication: bool('0+'),
  },
});
export type StreamsGroupHeartbeatRequest = Infer<typeof StreamsGroupHeartbeatRequest>;
export type StreamsGroupHeartbeatRequestInput = InferInput<typeof StreamsGroupHeartbeatRequest>;

/** Tasks are null when they did not change. `status` says what is wrong with group or topology without an error. */
export const StreamsGroupHeartbeatResponse = message({
  name: 'StreamsGroupHeartbeatResponse',
  key: 88,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    acceptableRecoveryLag: int32('0+'),
    taskOffsetIntervalMs: int32('0+'),
    status: array(
      '0+',
      {
        statusCode: int8('0+'),
        statusDetail: string('0+'),
      },
      { nullable: '0+' },
    ),
    activeTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
    standbyTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
    warmupTasks: array(
      '0+',
      {
        subtopologyId: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
    endpointInformationEpoch: int32('0+'),
    partitionsByUserEndpoint: array(
      '0+',
      {
        userEndpoint: struct('0+', {
          host: string('0+'),
          port: uint16('0+'),
        }),
        activePartitions: array('0+', {
          topic: string('0+'),
          partitions: arrayOf('0+', 'int32'),
        }),
        standbyPartitions: array('0+', {
          topic: string('0+'),
          partitions: arrayOf('0+', 'int32'),
        }),
      },
      { nullable: '0+', default: null },
    ),
  },
});
export type StreamsGroupHeartbeatResponse = Infer<typeof StreamsGroupHeartbeatResponse>;
export type StreamsGroupHeartbeatResponseInput = InferInput<typeof StreamsGroupHeartbeatResponse>;
