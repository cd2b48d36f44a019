import { type Infer, type InferInput, message } from '../message.js';
import { bool, int16, int32, int64, string } from '../schema.js';

/**
 * Commits or aborts. From 5 on the answer brings the producer's next epoch, and a new id when the epochs are used up
 * (KIP-890).
 */
export const EndTxnRequest = message({
  name: 'EndTxnRequest',
  key: 26,
  versions: '0-5',
  flexible: '3+',
  fields: {
    transactionalId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    // False: abort.
    committed: bool('0+'),
  },
});
export type EndTxnRequest = Infer<typeof EndTxnRequest>;
export type EndTxnRequestInput = InferInput<typeof EndTxnRequest>;

export const EndTxnResponse = message({
  name: 'EndTxnResponse',
  key: 26,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    producerId: int64('5+', { default: -1, ignorable: true }),
    producerEpoch: int16('5+', { default: -1, ignorable: true }),
  },
});
export type EndTxnResponse = Infer<typeof EndTxnResponse>;
export type EndTxnResponseInput = InferInput<typeof EndTxnResponse>;
