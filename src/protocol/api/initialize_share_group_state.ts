import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, string, uuid } from '../schema.js';

/** The group coordinator creates the state of share partitions at the share coordinator (KIP-932). */
export const InitializeShareGroupStateRequest = message({
  name: 'InitializeShareGroupStateRequest',
  key: 83,
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
      }),
    }),
  },
});
export type InitializeShareGroupStateRequest = Infer<typeof InitializeShareGroupStateRequest>;
export type InitializeShareGroupStateRequestInput = InferInput<typeof InitializeShareGroupStateRequest>;

export const InitializeShareGroupStateResponse = message({
  name: 'InitializeShareGroupStateResponse',
  key: 83,
  versions: '0',
  flexible: '0+',
  fields: {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
      }),
    }),
  },
});
export type InitializeShareGroupStateResponse = Infer<typeof InitializeShareGroupStateResponse>;
export type InitializeShareGroupStateResponseInput = InferInput<typeof InitializeShareGroupStateResponse>;
