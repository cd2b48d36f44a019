import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, string, struct, uuid } from '../schema.js';

/** Share groups with members and assignments (KIP-932). */
export const ShareGroupDescribeRequest = message({
  name: 'ShareGroupDescribeRequest',
  key: 77,
  versions: '1',
  flexible: '0+',
  fields: {
    groupIds: arrayOf('0+', 'string'),
    includeAuthorizedOperations: bool('0+'),
  },
});
export type ShareGroupDescribeRequest = Infer<typeof ShareGroupDescribeRequest>;
export type ShareGroupDescribeRequestInput = InferInput<typeof ShareGroupDescribeRequest>;

export const ShareGroupDescribeResponse = message({
  name: 'ShareGroupDescribeResponse',
  key: 77,
  versions: '1',
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
      assignorName: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        rackId: string('0+', { nullable: '0+', default: null }),
        memberEpoch: int32('0+'),
        clientId: string('0+'),
        clientHost: string('0+'),
        subscribedTopicNames: arrayOf('0+', 'string'),
        assignment: struct('0+', {
          topicPartitions: array('0+', {
            topicId: uuid('0+'),
            topicName: string('0+'),
            partitions: arrayOf('0+', 'int32'),
          }),
        }),
      }),
      authorizedOperations: int32('0+', { default: -2147483648 }),
    }),
  },
});
export type ShareGroupDescribeResponse = Infer<typeof ShareGroupDescribeResponse>;
export type ShareGroupDescribeResponseInput = InferInput<typeof ShareGroupDescribeResponse>;
