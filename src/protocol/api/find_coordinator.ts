import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, string } from '../schema.js';

/** Which broker coordinates a group (key type 0), a transactional id (1) or a share group partition (2). */
export const FindCoordinatorRequest = message({
  name: 'FindCoordinatorRequest',
  key: 10,
  versions: '0-6',
  flexible: '3+',
  fields: {
    key: string('0-3'),
    // 0 group, 1 transactional id, 2 share partition (`group:topicId:partition`).
    keyType: int8('1+'),
    coordinatorKeys: arrayOf('4+', 'string'),
  },
});
export type FindCoordinatorRequest = Infer<typeof FindCoordinatorRequest>;
export type FindCoordinatorRequestInput = InferInput<typeof FindCoordinatorRequest>;

/** COORDINATOR_NOT_AVAILABLE until the internal topic is there. From 4 on for many keys (KIP-699). */
export const FindCoordinatorResponse = message({
  name: 'FindCoordinatorResponse',
  key: 10,
  versions: '0-6',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0-3'),
    errorMessage: string('1-3', { nullable: '1-3', ignorable: true }),
    nodeId: int32('0-3'),
    host: string('0-3'),
    port: int32('0-3'),
    coordinators: array('4+', {
      key: string('4+'),
      nodeId: int32('4+'),
      host: string('4+'),
      port: int32('4+'),
      errorCode: int16('4+'),
      errorMessage: string('4+', { nullable: '4+', ignorable: true }),
    }),
  },
});
export type FindCoordinatorResponse = Infer<typeof FindCoordinatorResponse>;
export type FindCoordinatorResponseInput = InferInput<typeof FindCoordinatorResponse>;
