import { type Infer, type InferInput, message } from '../message.js';
import { int16, int32, int64, string } from '../schema.js';

/**
 * The transaction will commit offsets of `groupId`: the group's partition of `__consumer_offsets` becomes part of it.
 * Producers with transaction.version 2 leave it out, their TxnOffsetCommit does it (KIP-890).
 */
export const AddOffsetsToTxnRequest = message({
  name: 'AddOffsetsToTxnRequest',
  key: 25,
  versions: '0-4',
  flexible: '3+',
  fields: {
    transactionalId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    groupId: string('0+'),
  },
});
export type AddOffsetsToTxnRequest = Infer<typeof AddOffsetsToTxnRequest>;
export type AddOffsetsToTxnRequestInput = InferInput<typeof AddOffsetsToTxnRequest>;

export const AddOffsetsToTxnResponse = message({
  name: 'AddOffsetsToTxnResponse',
  key: 25,
  versions: '0-4',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
  },
});
export type AddOffsetsToTxnResponse = Infer<typeof AddOffsetsToTxnResponse>;
export type AddOffsetsToTxnResponseInput = InferInput<typeof AddOffsetsToTxnResponse>;
