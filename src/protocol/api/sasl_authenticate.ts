import { type Infer, type InferInput, message } from '../message.js';
import { bytes, int16, int64, string } from '../schema.js';

/**
 * One message of the mechanism each way. From 1 on the answer says for how many ms the session is good (KIP-368); 0:
 * for ever.
 */
export const SaslAuthenticateRequest = message({
  name: 'SaslAuthenticateRequest',
  key: 36,
  versions: '0-2',
  flexible: '2+',
  fields: {
    authBytes: bytes('0+'),
  },
});
export type SaslAuthenticateRequest = Infer<typeof SaslAuthenticateRequest>;
export type SaslAuthenticateRequestInput = InferInput<typeof SaslAuthenticateRequest>;

export const SaslAuthenticateResponse = message({
  name: 'SaslAuthenticateResponse',
  key: 36,
  versions: '0-2',
  flexible: '2+',
  fields: {
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    authBytes: bytes('0+'),
    // After it the connection is closed unless the client authenticated again.
    sessionLifetimeMs: int64('1+', { ignorable: true }),
  },
});
export type SaslAuthenticateResponse = Infer<typeof SaslAuthenticateResponse>;
export type SaslAuthenticateResponseInput = InferInput<typeof SaslAuthenticateResponse>;
