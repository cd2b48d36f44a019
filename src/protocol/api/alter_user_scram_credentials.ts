import { type Infer, type InferInput, message } from '../message.js';
import { array, bytes, int8, int16, int32, string } from '../schema.js';

/**
 * Sets or deletes SCRAM credentials; the salted password is made by the client, the clear one never travels (KIP-554).
 */
export const AlterUserScramCredentialsRequest = message({
  name: 'AlterUserScramCredentialsRequest',
  key: 51,
  versions: '0',
  flexible: '0+',
  fields: {
    deletions: array('0+', {
      name: string('0+'),
      // 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
      mechanism: int8('0+'),
    }),
    upsertions: array('0+', {
      name: string('0+'),
      mechanism: int8('0+'),
      iterations: int32('0+'),
      salt: bytes('0+'),
      saltedPassword: bytes('0+'),
    }),
  },
});
export type AlterUserScramCredentialsRequest = Infer<typeof AlterUserScramCredentialsRequest>;
export type AlterUserScramCredentialsRequestInput = InferInput<typeof AlterUserScramCredentialsRequest>;

export const AlterUserScramCredentialsResponse = message({
  name: 'AlterUserScramCredentialsResponse',
  key: 51,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
});
export type AlterUserScramCredentialsResponse = Infer<typeof AlterUserScramCredentialsResponse>;
export type AlterUserScramCredentialsResponseInput = InferInput<typeof AlterUserScramCredentialsResponse>;
