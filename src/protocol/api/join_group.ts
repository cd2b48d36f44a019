import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, bytes, int16, int32, string } from '../schema.js';

/** Joins a classic group. From 4 on a first join is answered MEMBER_ID_REQUIRED with the id to use (KIP-394); `groupInstanceId`
 * makes the member static (KIP-345). */
export const JoinGroupRequest = message({
  name: 'JoinGroupRequest',
  key: 11,
  versions: '0-9',
  flexible: '6+',
  fields: {
    groupId: string('0+'),
    sessionTimeoutMs: int32('0+'),
    rebalanceTimeoutMs: int32('1+', { default: -1, ignorable: true }),
    memberId: string('0+'),
    groupInstanceId: string('5+', { nullable: '5+', default: null }),
    protocolType: string('0+'),
    protocols: array('0+', {
      name: string('0+'),
      metadata: bytes('0+'),
    }),
    // For the log only (KIP-800).
    reason: string('8+', { nullable: '8+', default: null, ignorable: true }),
  },
});
export type JoinGroupRequest = Infer<typeof JoinGroupRequest>;
export type JoinGroupRequestInput = InferInput<typeof JoinGroupRequest>;

/**
 * Only the leader gets `members`. With `skipAssignment` a returning static leader keeps the assignment there is
 * (KIP-814). INCONSISTENT_GROUP_PROTOCOL, INVALID_SESSION_TIMEOUT, GROUP_MAX_SIZE_REACHED, FENCED_INSTANCE_ID.
 */
export const JoinGroupResponse = message({
  name: 'JoinGroupResponse',
  key: 11,
  versions: '0-9',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    errorCode: int16('0+'),
    generationId: int32('0+', { default: -1 }),
    protocolType: string('7+', { nullable: '7+', default: null, ignorable: true }),
    protocolName: string('0+', { nullable: '7+' }),
    leader: string('0+'),
    skipAssignment: bool('9+'),
    memberId: string('0+'),
    members: array('0+', {
      memberId: string('0+'),
      groupInstanceId: string('5+', { nullable: '5+', default: null, ignorable: true }),
      metadata: bytes('0+'),
    }),
  },
});
export type JoinGroupResponse = Infer<typeof JoinGroupResponse>;
export type JoinGroupResponseInput = InferInput<typeof JoinGroupResponse>;
