import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, string, uuid } from '../schema.js';

/** Forgets the state of share partitions (KIP-932). */
export const DeleteShareGroupStateRequest = message({
  name: 'DeleteShareGroupStateRequest',
  key: 86,
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
      }),
    }),
  },
});
export type DeleteShareGroupStateRequest = Infer<typeof DeleteShareGroupStateRequest>;
export type DeleteShareGroupStateRequestInput = InferInput<typeof DeleteShareGroupStateRequest>;

export const DeleteShareGroupStateResponse = message({
  name: 'DeleteShareGroupStateResponse',
  key: 86,
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
export type DeleteShareGroupStateResponse = Infer<typeof DeleteShareGroupStateResponse>;
export type DeleteShareGroupStateResponseInput = InferInput<typeof DeleteShareGroupStateResponse>;
