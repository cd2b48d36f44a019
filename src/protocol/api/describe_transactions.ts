import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, int64, string } from '../schema.js';

/** State of transactions, asked of their coordinator (KIP-664). */
export const DescribeTransactionsRequest = message({
  name: 'DescribeTransactionsRequest',
  key: 65,
  versions: '0',
  flexible: '0+',
  fields: {
    transactionalIds: arrayOf('0+', 'string'),
  },
});
export type DescribeTransactionsRequest = Infer<typeof DescribeTransactionsRequest>;
export type DescribeTransactionsRequestInput = InferInput<typeof DescribeTransactionsRequest>;

export const DescribeTransactionsResponse = message({
  name: 'DescribeTransactionsResponse',
  key: 65,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    transactionStates: array('0+', {
      errorCode: int16('0+'),
      transactionalId: string('0+'),
      transactionState: string('0+'),
      transactionTimeoutMs: int32('0+'),
      transactionStartTimeMs: int64('0+'),
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      topics: array('0+', {
        topic: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      }),
    }),
  },
});
export type DescribeTransactionsResponse = Infer<typeof DescribeTransactionsResponse>;
export type DescribeTransactionsResponseInput = InferInput<typeof DescribeTransactionsResponse>;
