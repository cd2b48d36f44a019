import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, int64, string, struct, uint16 } from '../schema.js';

/** Streams groups with topology, members and tasks (KIP-1071). */
export const StreamsGroupDescribeRequest = message({
  name: 'StreamsGroupDescribeRequest',
  key: 89,
  versions: '0',
  flexible: '0+',
  fields: {
    groupIds: arrayOf('0+', 'string'),
    includeAuthorizedOperations: bool('0+'),
  },
});
export type StreamsGroupDescribeRequest = Infer<typeof StreamsGroupDescribeRequest>;
export type StreamsGroupDescribeRequestInput = InferInput<typeof StreamsGroupDescribeRequest>;

export const StreamsGroupDescribeResponse = message({
  name: 'StreamsGroupDescribeResponse',
  key: 89,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+', default: null }),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      topology: struct(
        '0+',
        {
          epoch: int32('0+'),
          subtopologies: array(
            '0+',
            {
              subtopologyId: string('0+'),
              sourceTopics: arrayOf('0+', 'string'),
              repartitionSinkTopics: arrayOf('0+', 'string'),
              stateChangelogTopics: array('0+', {
                name: string('0+'),
                partitions: int32('0+'),
                replicationFactor: int16('0+'),
                topicConfigs: array('0+', {
                  key: string('0+'),
                  value: string('0+'),
                }),
              }),
              repartitionSourceTopics: array('0+', {
                name: string('0+'),
                partitions: int32('0+'),
                replicationFactor: int16('0+'),
                topicConfigs: array('0+', {
                  key: string('0+'),
                  value: string('0+'),
                }),
              }),
            },
            { nullable: '0+', default: null },
          ),
        },
        { nullable: '0+', default: null },
      ),
      members: array('0+', {
        memberId: string('0+'),
        memberEpoch: int32('0+'),
        instanceId: string('0+', { nullable: '0+', default: null }),
        rackId: string('0+', { nullable: '0+', default: null }),
        clientId: string('0+'),
        clientHost: string('0+'),
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
        taskOffsets: array('0+', {
          subtopologyId: string('0+'),
          partition: int32('0+'),
          offset: int64('0+'),
        }),
        taskEndOffsets: array('0+', {
          subtopologyId: string('0+'),
          partition: int32('0+'),
          offset: int64('0+'),
        }),
        assignment: struct('0+', {
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
        }),
        targetAssignment: struct('0+', {
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
        }),
        isClassic: bool('0+'),
      }),
      authorizedOperations: int32('0+', { default: -2147483648 }),
    }),
  },
});
export type StreamsGroupDescribeResponse = Infer<typeof StreamsGroupDescribeResponse>;
export type StreamsGroupDescribeResponseInput = InferInput<typeof StreamsGroupDescribeResponse>;
