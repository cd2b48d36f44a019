import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, int64, string } from '../schema.js';

/** State of a transactional id. */
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

/**
 * Partitions are null when there are none. Version 1 keeps the ids and epochs that a client with transaction.version 2
 * may still come with (KIP-890).
 */
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
    // 0 empty, 1 ongoing, 2 prepare commit, 3 prepare abort, 4 complete commit, 5 complete abort, 6 dead, 7 prepare
    // epoch fence.
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
