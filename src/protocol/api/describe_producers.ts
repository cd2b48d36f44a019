import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, int64, string } from '../schema.js';

/** Active idempotent and transactional producers of partitions, asked of their leaders (KIP-664). */
export const DescribeProducersRequest = message({
  name: 'DescribeProducersRequest',
  key: 61,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      partitionIndexes: arrayOf('0+', 'int32'),
    }),
  },
});
export type DescribeProducersRequest = Infer<typeof DescribeProducersRequest>;
export type DescribeProducersRequestInput = InferInput<typeof DescribeProducersRequest>;

export const DescribeProducersResponse = message({
  name: 'DescribeProducersResponse',
  key: 61,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        activeProducers: array('0+', {
          producerId: int64('0+'),
          producerEpoch: int32('0+'),
          lastSequence: int32('0+', { default: -1 }),
          lastTimestamp: int64('0+', { default: -1 }),
          coordinatorEpoch: int32('0+'),
          currentTxnStartOffset: int64('0+', { default: -1 }),
        }),
      }),
    }),
  },
});
export type DescribeProducersResponse = Infer<typeof DescribeProducersResponse>;
export type DescribeProducersResponseInput = InferInput<typeof DescribeProducersResponse>;
