import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, string } from '../schema.js';

/**
 * Offsets that count when the transaction commits. Member and generation fence zombies from 3 on (KIP-447); from 5 on
 * it also adds the group's partition to the transaction (KIP-890).
 */
export const TxnOffsetCommitRequest = message({
  name: 'TxnOffsetCommitRequest',
  key: 28,
  versions: '0-5',
  flexible: '3+',
  fields: {
    transactionalId: string('0+'),
    groupId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    generationId: int32('3+', { default: -1 }),
    memberId: string('3+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
});
export type TxnOffsetCommitRequest = Infer<typeof TxnOffsetCommitRequest>;
export type TxnOffsetCommitRequestInput = InferInput<typeof TxnOffsetCommitRequest>;

export const TxnOffsetCommitResponse = message({
  name: 'TxnOffsetCommitResponse',
  key: 28,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
});
export type TxnOffsetCommitResponse = Infer<typeof TxnOffsetCommitResponse>;
export type TxnOffsetCommitResponseInput = InferInput<typeof TxnOffsetCommitResponse>;
