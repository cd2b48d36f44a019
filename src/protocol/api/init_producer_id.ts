import { type Infer, type InferInput, message } from '../message.js';
import { bool, int16, int32, int64, string } from '../schema.js';

/** A producer id for an idempotent or transactional producer. Version 6 is unstable and not advertised. */
export const InitProducerIdRequest = message({
  name: 'InitProducerIdRequest',
  key: 22,
  versions: '0-6',
  flexible: '2+',
  latestVersionUnstable: true,
  fields: {
    transactionalId: string('0+', { nullable: '0+' }),
    transactionTimeoutMs: int32('0+'),
    // What the producer had, when it goes on with a higher epoch (KIP-360).
    producerId: int64('3+', { default: -1 }),
    producerEpoch: int16('3+', { default: -1 }),
    // Two-phase commit (KIP-939).
    enable2Pc: bool('6+'),
    keepPreparedTxn: bool('6+'),
  },
});
export type InitProducerIdRequest = Infer<typeof InitProducerIdRequest>;
export type InitProducerIdRequestInput = InferInput<typeof InitProducerIdRequest>;

/** PRODUCER_FENCED is unknown before version 4: INVALID_PRODUCER_EPOCH there (KIP-588). */
export const InitProducerIdResponse = message({
  name: 'InitProducerIdResponse',
  key: 22,
  versions: '0-6',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { ignorable: true }),
    errorCode: int16('0+'),
    producerId: int64('0+', { default: -1 }),
    producerEpoch: int16('0+'),
    ongoingTxnProducerId: int64('6+', { default: -1 }),
    ongoingTxnProducerEpoch: int16('6+', { default: -1 }),
  },
});
export type InitProducerIdResponse = Infer<typeof InitProducerIdResponse>;
export type InitProducerIdResponseInput = InferInput<typeof InitProducerIdResponse>;
