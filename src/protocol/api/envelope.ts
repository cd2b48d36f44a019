import { type Infer, type InferInput, message } from '../message.js';
import { bytes, int16 } from '../schema.js';

/** A broker passes a client's request on to the controller, with the principal it was authenticated as (KIP-590). */
export const EnvelopeRequest = message({
  name: 'EnvelopeRequest',
  key: 58,
  versions: '0',
  flexible: '0+',
  fields: {
    requestData: bytes('0+'),
    requestPrincipal: bytes('0+', { nullable: '0+' }),
    clientHostAddress: bytes('0+'),
  },
});
export type EnvelopeRequest = Infer<typeof EnvelopeRequest>;
export type EnvelopeRequestInput = InferInput<typeof EnvelopeRequest>;

export const EnvelopeResponse = message({
  name: 'EnvelopeResponse',
  key: 58,
  versions: '0',
  flexible: '0+',
  fields: {
    responseData: bytes('0+', { nullable: '0+', default: null }),
    errorCode: int16('0+'),
  },
});
export type EnvelopeResponse = Infer<typeof EnvelopeResponse>;
export type EnvelopeResponseInput = InferInput<typeof EnvelopeResponse>;
