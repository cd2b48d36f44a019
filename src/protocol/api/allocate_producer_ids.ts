import { type Infer, type InferInput, message } from '../message.js';
import { int16, int32, int64 } from '../schema.js';

/**
 * A broker asks the controller for the next block of producer ids (KIP-730). STALE_BROKER_EPOCH for a broker that was
 * replaced.
 */
export const AllocateProducerIdsRequest = message({
  name: 'AllocateProducerIdsRequest',
  key: 67,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
  },
});
export type AllocateProducerIdsRequest = Infer<typeof AllocateProducerIdsRequest>;
export type AllocateProducerIdsRequestInput = InferInput<typeof AllocateProducerIdsRequest>;

export const AllocateProducerIdsResponse = message({
  name: 'AllocateProducerIdsResponse',
  key: 67,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    producerIdStart: int64('0+'),
    producerIdLen: int32('0+'),
  },
});
export type AllocateProducerIdsResponse = Infer<typeof AllocateProducerIdsResponse>;
export type AllocateProducerIdsResponseInput = InferInput<typeof AllocateProducerIdsResponse>;
