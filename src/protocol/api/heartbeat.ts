import { type Infer, type InferInput, message } from '../message.js';
import { int16, int32, string } from '../schema.js';

/** Keeps a classic member alive; REBALANCE_IN_PROGRESS asks it to join again. */
export const HeartbeatRequest = message({
  name: 'HeartbeatRequest',
  key: 12,
  versions: '0-4',
  flexible: '4+',
  fields: {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
  },
});
export type HeartbeatRequest = Infer<typeof HeartbeatRequest>;
export type HeartbeatRequestInput = InferInput<typeof HeartbeatRequest>;

export const HeartbeatResponse = message({
  name: 'HeartbeatResponse',
  key: 12,
  versions: '0-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
  },
});
export type HeartbeatResponse = Infer<typeof HeartbeatResponse>;
export type HeartbeatResponseInput = InferInput<typeof HeartbeatResponse>;
