import { type Infer, type InferInput, message } from '../message.js';
import { array, bytes, int16, int32, int64, string } from '../schema.js';

/** `owners` null: every token that the caller may see. */
export const DescribeDelegationTokenRequest = message({
  name: 'DescribeDelegationTokenRequest',
  key: 41,
  versions: '1-3',
  flexible: '2+',
  fields: {
    owners: array(
      '0+',
      {
        principalType: string('0+'),
        principalName: string('0+'),
      },
      { nullable: '0+' },
    ),
  },
});
export type DescribeDelegationTokenRequest = Infer<typeof DescribeDelegationTokenRequest>;
export type DescribeDelegationTokenRequestInput = InferInput<typeof DescribeDelegationTokenRequest>;

export const DescribeDelegationTokenResponse = message({
  name: 'DescribeDelegationTokenResponse',
  key: 41,
  versions: '1-3',
  flexible: '2+',
  fields: {
    errorCode: int16('0+'),
    tokens: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
      tokenRequesterPrincipalType: string('3+'),
      tokenRequesterPrincipalName: string('3+'),
      issueTimestamp: int64('0+'),
      expiryTimestamp: int64('0+'),
      maxTimestamp: int64('0+'),
      tokenId: string('0+'),
      hmac: bytes('0+'),
      renewers: array('0+', {
        principalType: string('0+'),
        principalName: string('0+'),
      }),
    }),
    throttleTimeMs: int32('0+'),
  },
});
export type DescribeDelegationTokenResponse = Infer<typeof DescribeDelegationTokenResponse>;
export type DescribeDelegationTokenResponseInput = InferInput<typeof DescribeDelegationTokenResponse>;
