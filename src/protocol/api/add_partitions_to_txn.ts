import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, int64, string } from '../schema.js';

/**
 * Up to version 3 a producer names the partitions it is about to write to; with transaction.version 2 it no longer
 * does. From 4 on brokers ask for many transactions at once, with `verifyOnly` to check that a partition is in an
 * ongoing transaction before they append to it (KIP-890).
 */
export const AddPartitionsToTxnRequest = message({
  name: 'AddPartitionsToTxnRequest',
  key: 24,
  versions: '0-5',
  flexible: '3+',
  fields: {
    transactions: array('4+', {
      transactionalId: string('4+'),
      producerId: int64('4+'),
      producerEpoch: int16('4+'),
      verifyOnly: bool('4+'),
      topics: array('4+', {
        name: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      }),
    }),
    v3AndBelowTransactionalId: string('0-3'),
    v3AndBelowProducerId: int64('0-3'),
    v3AndBelowProducerEpoch: int16('0-3'),
    v3AndBelowTopics: array('0-3', {
      name: string('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
  },
});
export type AddPartitionsToTxnRequest = Infer<typeof AddPartitionsToTxnRequest>;
export type AddPartitionsToTxnRequestInput = InferInput<typeof AddPartitionsToTxnRequest>;

export const AddPartitionsToTxnResponse = message({
  name: 'AddPartitionsToTxnResponse',
  key: 24,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('4+', { ignorable: true }),
    resultsByTransaction: array('4+', {
      transactionalId: string('4+'),
      topicResults: array('4+', {
        name: string('0+'),
        resultsByPartition: array('0+', {
          partitionIndex: int32('0+'),
          partitionErrorCode: int16('0+'),
        }),
      }),
    }),
    resultsByTopicV3AndBelow: array('0-3', {
      name: string('0+'),
      resultsByPartition: array('0+', {
        partitionIndex: int32('0+'),
        partitionErrorCode: int16('0+'),
      }),
    }),
  },
});
export type AddPartitionsToTxnResponse = Infer<typeof AddPartitionsToTxnResponse>;
export type AddPartitionsToTxnResponseInput = InferInput<typeof AddPartitionsToTxnResponse>;
