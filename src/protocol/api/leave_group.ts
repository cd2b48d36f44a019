import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, string } from '../schema.js';

/** Leaves a classic group; from 3 on several members at once, by member or instance id. */
export const LeaveGroupRequest = message({
  name: 'LeaveGroupRequest',
  key: 13,
  versions: '0-5',
  flexible: '4+',
  fields: {
    groupId: string('0+'),
    memberId: string('0-2'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+', { nullable: '3+', default: null }),
      // For the log only (KIP-800).
      reason: string('5+', { nullable: '5+', default: null, ignorable: true }),
    }),
  },
});
export type LeaveGroupRequest = Infer<typeof LeaveGroupRequest>;
export type LeaveGroupRequestInput = InferInput<typeof LeaveGroupRequest>;

export const LeaveGroupResponse = message({
  name: 'LeaveGroupResponse',
  key: 13,
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+', { nullable: '3+' }),
      errorCode: int16('3+'),
    }),
  },
});
export type LeaveGroupResponse = Infer<typeof LeaveGroupResponse>;
export type LeaveGroupResponseInput = InferInput<typeof LeaveGroupResponse>;
