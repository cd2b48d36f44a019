import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, string, uuid } from '../schema.js';

export const CreateTopicsRequest = message({
  name: 'CreateTopicsRequest',
  key: 19,
  versions: '2-7',
  flexible: '5+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      numPartitions: int32('0+'),
      replicationFactor: int16('0+'),
      assignments: array('0+', {
        partitionIndex: int32('0+'),
        brokerIds: arrayOf('0+', 'int32'),
      }),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    timeoutMs: int32('0+', { default: 60000 }),
    validateOnly: bool('1+'),
  },
});
export type CreateTopicsRequest = Infer<typeof CreateTopicsRequest>;
export type CreateTopicsRequestInput = InferInput<typeof CreateTopicsRequest>;

export const CreateTopicsResponse = message({
  name: 'CreateTopicsResponse',
  key: 19,
  versions: '2-7',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      topicId: uuid('7+', { ignorable: true }),
      errorCode: int16('0+'),
      errorMessage: string('1+', { nullable: '0+', ignorable: true }),
      topicConfigErrorCode: int16('5+', { tagged: '5+', tag: 0, ignorable: true }),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string('5+'),
          value: string('5+', { nullable: '5+' }),
          readOnly: bool('5+'),
          configSource: int8('5+', { default: -1, ignorable: true }),
          isSensitive: bool('5+'),
        },
        { nullable: '5+', ignorable: true },
      ),
    }),
  },
});
export type CreateTopicsResponse = Infer<typeof CreateTopicsResponse>;
export type CreateTopicsResponseInput = InferInput<typeof CreateTopicsResponse>;
