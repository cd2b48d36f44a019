import { type Infer, type InferInput, message } from '../message.js';
import { array, bytes, int16, int32, int64, string } from '../schema.js';

/** A token by which others may act as the caller (KIP-48), or as another owner (KIP-373). */
export const CreateDelegationTokenRequest = message({
  name: 'CreateDelegationTokenRequest',
  key: 38,
  versions: '1-3',
  flexible: '2+',
  fields: {
    ownerPrincipalType: string('3+', { nullable: '3+' }),
    ownerPrincipalName: string('3+', { nullable: '3+' }),
    renewers: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
    }),
    maxLifetimeMs: int64('0+'),
  },
});
export type CreateDelegationTokenRequest = Infer<typeof CreateDelegationTokenRequest>;
export type CreateDelegationTokenRequestInput = InferInput<typeof CreateDelegationTokenRequest>;

export const CreateDelegationTokenResponse = message({
  name: 'CreateDelegationTokenResponse',
  key: 38,
  versions: '1-3',
  flexible: '2+',
  fields: {
    errorCode: int16('0+'),
    principalType: string('0+'),
    principalName: string('0+'),
    tokenRequesterPrincipalType: string('3+'),
    tokenRequesterPrincipalName: string('3+'),
    issueTimestampMs: int64('0+'),
    expiryTimestampMs: int64('0+'),
    maxTimestampMs: int64('0+'),
    tokenId: string('0+'),
    hmac: bytes('0+'),
    throttleTimeMs: int32('0+'),
  },
});
export type CreateDelegationTokenResponse = Infer<typeof CreateDelegationTokenResponse>;
export type CreateDelegationTokenResponseInput = InferInput<typeof CreateDelegationTokenResponse>;
