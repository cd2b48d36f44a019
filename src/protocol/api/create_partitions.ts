import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, string } from '../schema.js';

/**
 * Raises the number of partitions of topics (KIP-195). INVALID_PARTITIONS when `count` is not above what there is,
 * INVALID_REPLICA_ASSIGNMENT when `assignments` does not fit, REASSIGNMENT_IN_PROGRESS.
 */
export const CreatePartitionsRequest = message({
  name: 'CreatePartitionsRequest',
  key: 37,
  versions: '0-3',
  flexible: '2+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      count: int32('0+'),
      assignments: array(
        '0+',
        {
          brokerIds: arrayOf('0+', 'int32'),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32('0+'),
    validateOnly: bool('0+'),
  },
});
export type CreatePartitionsRequest = Infer<typeof CreatePartitionsRequest>;
export type CreatePartitionsRequestInput = InferInput<typeof CreatePartitionsRequest>;

export const CreatePartitionsResponse = message({
  name: 'CreatePartitionsResponse',
  key: 37,
  versions: '0-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      name: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+', default: null }),
    }),
  },
});
export type CreatePartitionsResponse = Infer<typeof CreatePartitionsResponse>;
export type CreatePartitionsResponseInput = InferInput<typeof CreatePartitionsResponse>;
