import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string, struct, uuid } from '../schema.js';

/** Joins, stays in and leaves a share group (KIP-932). */
export const ShareGroupHeartbeatRequest = message({
  name: 'ShareGroupHeartbeatRequest',
  key: 76,
  versions: '1',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    memberId: string('0+'),
    // 0 joins, -1 leaves.
    memberEpoch: int32('0+'),
    rackId: string('0+', { nullable: '0+', default: null }),
    subscribedTopicNames: arrayOf('0+', 'string', { nullable: '0+', default: null }),
  },
});
export type ShareGroupHeartbeatRequest = Infer<typeof ShareGroupHeartbeatRequest>;
export type ShareGroupHeartbeatRequestInput = InferInput<typeof ShareGroupHeartbeatRequest>;

export const ShareGroupHeartbeatResponse = message({
  name: 'ShareGroupHeartbeatResponse',
  key: 76,
  versions: '1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+', { nullable: '0+', default: null }),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    assignment: struct(
      '0+',
      {
        topicPartitions: array('0+', {
          topicId: uuid('0+'),
          partitions: arrayOf('0+', 'int32'),
        }),
      },
      { nullable: '0+', default: null },
    ),
  },
});
export type ShareGroupHeartbeatResponse = Infer<typeof ShareGroupHeartbeatResponse>;
export type ShareGroupHeartbeatResponseInput = InferInput<typeof ShareGroupHeartbeatResponse>;
