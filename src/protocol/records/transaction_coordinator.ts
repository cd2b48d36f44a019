import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, int64, string } from '../schema.js';

export const TransactionLogKey = message({
  name: 'TransactionLogKey',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    transactionalId: string('0'),
  },
});
export type TransactionLogKey = Infer<typeof TransactionLogKey>;
export type TransactionLogKeyInput = InferInput<typeof TransactionLogKey>;

export const TransactionLogValue = message({
  name: 'TransactionLogValue',
  key: 0,
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64('0+'),
    previousProducerId: int64('1+', { tagged: '1+', tag: 0, default: -1 }),
    nextProducerId: int64('1+', { tagged: '1+', tag: 1, default: -1 }),
    producerEpoch: int16('0+'),
    nextProducerEpoch: int16('1+', { tagged: '1+', tag: 3, default: -1 }),
    transactionTimeoutMs: int32('0+'),
    transactionStatus: int8('0+'),
    transactionPartitions: array(
      '0+',
      {
        topic: string('0+'),
        partitionIds: arrayOf('0+', 'int32'),
      },
      { nullable: '0+' },
    ),
    transactionLastUpdateTimestampMs: int64('0+'),
    transactionStartTimestampMs: int64('0+'),
    clientTransactionVersion: int16('1+', { tagged: '1+', tag: 2 }),
  },
});
export type TransactionLogValue = Infer<typeof TransactionLogValue>;
export type TransactionLogValueInput = InferInput<typeof TransactionLogValue>;
