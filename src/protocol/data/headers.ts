import { type Infer, type InferInput, message } from '../message.js';
import { int16, int32, string } from '../schema.js';

/** Header 0 is gone from the broker's APIs; `clientId` keeps its two-byte length in header 2. */
export const RequestHeader = message({
  name: 'RequestHeader',
  key: -1,
  versions: '1-2',
  flexible: '2+',
  fields: {
    requestApiKey: int16('0+'),
    requestApiVersion: int16('0+'),
    correlationId: int32('0+'),
    clientId: string('1+', { nullable: '1+', flexible: 'none' }),
  },
});
export type RequestHeader = Infer<typeof RequestHeader>;
export type RequestHeaderInput = InferInput<typeof RequestHeader>;

/**
 * Version 1 has tagged fields. ApiVersions responses never have them: the client does not know yet what the broker
 * speaks.
 */
export const ResponseHeader = message({
  name: 'ResponseHeader',
  key: -1,
  versions: '0-1',
  flexible: '1+',
  fields: {
    correlationId: int32('0+'),
  },
});
export type ResponseHeader = Infer<typeof ResponseHeader>;
export type ResponseHeaderInput = InferInput<typeof ResponseHeader>;
