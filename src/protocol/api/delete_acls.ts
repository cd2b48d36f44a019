import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, string } from '../schema.js';

export const DeleteAclsRequest = message({
  name: 'DeleteAclsRequest',
  key: 31,
  versions: '1-3',
  flexible: '2+',
  fields: {
    filters: array('0+', {
      resourceTypeFilter: int8('0+'),
      resourceNameFilter: string('0+', { nullable: '0+' }),
      patternTypeFilter: int8('1+', { default: 3 }),
      principalFilter: string('0+', { nullable: '0+' }),
      hostFilter: string('0+', { nullable: '0+' }),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
});
export type DeleteAclsRequest = Infer<typeof DeleteAclsRequest>;
export type DeleteAclsRequestInput = InferInput<typeof DeleteAclsRequest>;

export const DeleteAclsResponse = message({
  name: 'DeleteAclsResponse',
  key: 31,
  versions: '1-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    filterResults: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      matchingAcls: array('0+', {
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
        resourceType: int8('0+'),
        resourceName: string('0+'),
        patternType: int8('1+', { default: 3 }),
        principal: string('0+'),
        host: string('0+'),
        operation: int8('0+'),
        permissionType: int8('0+'),
      }),
    }),
  },
});
export type DeleteAclsResponse = Infer<typeof DeleteAclsResponse>;
export type DeleteAclsResponseInput = InferInput<typeof DeleteAclsResponse>;
