import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string, uuid } from '../schema.js';

/**
 * By name, from 6 on by name or id (exactly one of the two, else INVALID_REQUEST). TOPIC_DELETION_DISABLED,
 * UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID.
 */
export const DeleteTopicsRequest = message({
  name: 'DeleteTopicsRequest',
  key: 20,
  versions: '1-6',
  flexible: '4+',
  fields: {
    topics: array('6+', {
      name: string('6+', { nullable: '6+', default: null }),
      topicId: uuid('6+'),
    }),
    topicNames: arrayOf('0-5', 'string', { ignorable: true }),
    timeoutMs: int32('0+'),
  },
});
export type DeleteTopicsRequest = Infer<typeof DeleteTopicsRequest>;
export type DeleteTopicsRequestInput = InferInput<typeof DeleteTopicsRequest>;

export const DeleteTopicsResponse = message({
  name: 'DeleteTopicsResponse',
  key: 20,
  versions: '1-6',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    responses: array('0+', {
      name: string('0+', { nullable: '6+' }),
      topicId: uuid('6+', { ignorable: true }),
      errorCode: int16('0+'),
      errorMessage: string('5+', { nullable: '5+', default: null, ignorable: true }),
    }),
  },
});
export type DeleteTopicsResponse = Infer<typeof DeleteTopicsResponse>;
export type DeleteTopicsResponseInput = InferInput<typeof DeleteTopicsResponse>;
