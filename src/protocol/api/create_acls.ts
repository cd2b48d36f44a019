import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, string } from '../schema.js';

export const CreateAclsRequest = message({
  name: 'CreateAclsRequest',
  key: 30,
  versions: '1-3',
  flexible: '2+',
  fields: {
    creations: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      resourcePatternType: int8('1+', { default: 3 }),
      principal: string('0+'),
      host: string('0+'),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
});
export type CreateAclsRequest = Infer<typeof CreateAclsRequest>;
export type CreateAclsRequestInput = InferInput<typeof CreateAclsRequest>;

export const CreateAclsResponse = message({
  name: 'CreateAclsResponse',
  key: 30,
  versions: '1-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
});
export type CreateAclsResponse = Infer<typeof CreateAclsResponse>;
export type CreateAclsResponseInput = InferInput<typeof CreateAclsResponse>;
