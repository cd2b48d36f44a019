import { type Infer, type InferInput, message } from '../message.js';
import { array, bytes, int16, int32, string } from '../schema.js';

/** The leader hands in the assignment, every member gets its own. */
export const SyncGroupRequest = message({
  name: 'SyncGroupRequest',
  key: 14,
  versions: '0-5',
  flexible: '4+',
  fields: {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
    // INCONSISTENT_GROUP_PROTOCOL when it is not the group's (KIP-559).
    protocolType: string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignments: array('0+', {
      memberId: string('0+'),
      assignment: bytes('0+'),
    }),
  },
});
export type SyncGroupRequest = Infer<typeof SyncGroupRequest>;
export type SyncGroupRequestInput = InferInput<typeof SyncGroupRequest>;

export const SyncGroupResponse = message({
  name: 'SyncGroupResponse',
  key: 14,
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    protocolType: string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignment: bytes('0+'),
  },
});
export type SyncGroupResponse = Infer<typeof SyncGroupResponse>;
export type SyncGroupResponseInput = InferInput<typeof SyncGroupResponse>;
