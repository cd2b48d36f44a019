import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string, struct, uuid } from '../schema.js';

/**
 * The one request of a member of a consumer group of the new protocol: joins, stays, reports and leaves (KIP-848).
 * Only what changed since the last heartbeat is sent, the rest is null or -1.
 */
export const ConsumerGroupHeartbeatRequest = message({
  name: 'ConsumerGroupHeartbeatRequest',
  key: 68,
  versions: '0-1',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    // From 1 on chosen by the client (KIP-1082).
    memberId: string('0+'),
    // 0 joins, -1 leaves, -2 a static member leaves for a while.
    memberEpoch: int32('0+'),
    instanceId: string('0+', { nullable: '0+', default: null }),
    rackId: string('0+', { nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    subscribedTopicNames: arrayOf('0+', 'string', { nullable: '0+', default: null }),
    subscribedTopicRegex: string('1+', { nullable: '1+', default: null }),
    serverAssignor: string('0+', { nullable: '0+', default: null }),
    topicPartitions: array(
      '0+',
      {
        topicId: uuid('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+', default: null },
    ),
  },
});
export type ConsumerGroupHeartbeatRequest = Infer<typeof ConsumerGroupHeartbeatRequest>;
export type ConsumerGroupHeartbeatRequestInput = InferInput<typeof ConsumerGroupHeartbeatRequest>;

/**
 * `assignment` is null when it did not change. FENCED_MEMBER_EPOCH and UNKNOWN_MEMBER_ID: give up everything and join
 * again. UNRELEASED_INSTANCE_ID: the static member before is still there. UNSUPPORTED_ASSIGNOR,
 * INVALID_REGULAR_EXPRESSION, GROUP_MAX_SIZE_REACHED.
 */
export const ConsumerGroupHeartbeatResponse = message({
  name: 'ConsumerGroupHeartbeatResponse',
  key: 68,
  versions: '0-1',
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
export type ConsumerGroupHeartbeatResponse = Infer<typeof ConsumerGroupHeartbeatResponse>;
export type ConsumerGroupHeartbeatResponseInput = InferInput<typeof ConsumerGroupHeartbeatResponse>;
