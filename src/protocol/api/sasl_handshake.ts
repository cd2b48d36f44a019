import { type Infer, type InferInput, message } from '../message.js';
import { arrayOf, int16, string } from '../schema.js';

/**
 * Picks the SASL mechanism. With version 1 its messages follow in SaslAuthenticate, with 0 bare (KIP-152).
 * UNSUPPORTED_SASL_MECHANISM lists those that are offered.
 */
export const SaslHandshakeRequest = message({
  name: 'SaslHandshakeRequest',
  key: 17,
  versions: '0-1',
  flexible: 'none',
  fields: {
    mechanism: string('0+'),
  },
});
export type SaslHandshakeRequest = Infer<typeof SaslHandshakeRequest>;
export type SaslHandshakeRequestInput = InferInput<typeof SaslHandshakeRequest>;

export const SaslHandshakeResponse = message({
  name: 'SaslHandshakeResponse',
  key: 17,
  versions: '0-1',
  flexible: 'none',
  fields: {
    errorCode: int16('0+'),
    mechanisms: arrayOf('0+', 'string'),
  },
});
export type SaslHandshakeResponse = Infer<typeof SaslHandshakeResponse>;
export type SaslHandshakeResponseInput = InferInput<typeof SaslHandshakeResponse>;
