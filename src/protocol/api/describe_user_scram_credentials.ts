import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, string } from '../schema.js';

/** Which SCRAM mechanisms users have (KIP-554); null or empty: all users. */
export const DescribeUserScramCredentialsRequest = message({
  name: 'DescribeUserScramCredentialsRequest',
  key: 50,
  versions: '0',
  flexible: '0+',
  fields: {
    users: array(
      '0+',
      {
        name: string('0+'),
      },
      { nullable: '0+' },
    ),
  },
});
export type DescribeUserScramCredentialsRequest = Infer<typeof DescribeUserScramCredentialsRequest>;
export type DescribeUserScramCredentialsRequestInput = InferInput<typeof DescribeUserScramCredentialsRequest>;

export const DescribeUserScramCredentialsResponse = message({
  name: 'DescribeUserScramCredentialsResponse',
  key: 50,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      credentialInfos: array('0+', {
        // 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
        mechanism: int8('0+'),
        iterations: int32('0+'),
      }),
    }),
  },
});
export type DescribeUserScramCredentialsResponse = Infer<typeof DescribeUserScramCredentialsResponse>;
export type DescribeUserScramCredentialsResponseInput = InferInput<typeof DescribeUserScramCredentialsResponse>;
