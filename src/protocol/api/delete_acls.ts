import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, string } from '../schema.js';

/** Deletes the access rules that match the filters; null matches everything. */
export const DeleteAclsRequest = message({
  name: 'DeleteAclsRequest',
  key: 31,
  versions: '1-3',
  flexible: '2+',
  fields: {
    filters: array('0+', {
      // 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user; in filters 1 any.
      resourceTypeFilter: int8('0+'),
      resourceNameFilter: string('0+', { nullable: '0+' }),
      // 3 literal, 4 prefixed; in filters 1 any, 2 all that apply to the name.
      patternTypeFilter: int8('1+', { default: 3 }),
      principalFilter: string('0+', { nullable: '0+' }),
      hostFilter: string('0+', { nullable: '0+' }),
      // 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe, 9 cluster action, 10 describe configs, 11
      // alter configs, 12 idempotent write, 13 create tokens, 14 describe tokens, 15 two-phase commit; in filters 1
      // any.
      operation: int8('0+'),
      // 2 deny, 3 allow; in filters 1 any.
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
