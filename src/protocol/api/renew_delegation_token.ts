import { type Infer, type InferInput, message } from '../message.js';
import { bytes, int16, int32, int64 } from '../schema.js';

/** Moves the expiry of a token; only its renewers may. */
export const RenewDelegationTokenRequest = message({
  name: 'RenewDelegationTokenRequest',
  key: 39,
  versions: '1-2',
  flexible: '2+',
  fields: {
    hmac: bytes('0+'),
    renewPeriodMs: int64('0+'),
  },
});
export type RenewDelegationTokenRequest = Infer<typeof RenewDelegationTokenRequest>;
export type RenewDelegationTokenRequestInput = InferInput<typeof RenewDelegationTokenRequest>;

export const RenewDelegationTokenResponse = message({
  name: 'RenewDelegationTokenResponse',
  key: 39,
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+'),
  },
});
export type RenewDelegationTokenResponse = Infer<typeof RenewDelegationTokenResponse>;
export type RenewDelegationTokenResponseInput = InferInput<typeof RenewDelegationTokenResponse>;
