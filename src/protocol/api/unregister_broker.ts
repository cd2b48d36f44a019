import { type Infer, type InferInput, message } from '../message.js';
import { int16, int32, string } from '../schema.js';

/** Removes a broker that will not come back (KIP-631). */
export const UnregisterBrokerRequest = message({
  name: 'UnregisterBrokerRequest',
  key: 64,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
  },
});
export type UnregisterBrokerRequest = Infer<typeof UnregisterBrokerRequest>;
export type UnregisterBrokerRequestInput = InferInput<typeof UnregisterBrokerRequest>;

export const UnregisterBrokerResponse = message({
  name: 'UnregisterBrokerResponse',
  key: 64,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
  },
});
export type UnregisterBrokerResponse = Infer<typeof UnregisterBrokerResponse>;
export type UnregisterBrokerResponseInput = InferInput<typeof UnregisterBrokerResponse>;
