import { type Infer, type InferInput, message } from '../message.js';
import { bytes, int16, int32, int64 } from '../schema.js';

/** Lets a token expire; a negative period does it at once. */
export const ExpireDelegationTokenRequest = message({
  name: 'ExpireDelegationTokenRequest',
  key: 40,
  versions: '1-2',
  flexible: '2+',
  fields: {
    hmac: bytes('0+'),
    expiryTimePeriodMs: int64('0+'),
  },
});
export type ExpireDelegationTokenRequest = Infer<typeof ExpireDelegationTokenRequest>;
export type ExpireDelegationTokenRequestInput = InferInput<typeof ExpireDelegationTokenRequest>;

export const ExpireDelegationTokenResponse = message({
  name: 'ExpireDelegationTokenResponse',
  key: 40,
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+'),
  },
});
export type ExpireDelegationTokenResponse = Infer<typeof ExpireDelegationTokenResponse>;
export type ExpireDelegationTokenResponseInput = InferInput<typeof ExpireDelegationTokenResponse>;
