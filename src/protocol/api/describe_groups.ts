import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, bytes, int16, int32, string } from '../schema.js';

/** Classic groups with their members; admins decode metadata and assignment of type `consumer`. */
export const DescribeGroupsRequest = message({
  name: 'DescribeGroupsRequest',
  key: 15,
  versions: '0-6',
  flexible: '5+',
  fields: {
    groups: arrayOf('0+', 'string'),
    includeAuthorizedOperations: bool('3+'),
  },
});
export type DescribeGroupsRequest = Infer<typeof DescribeGroupsRequest>;
export type DescribeGroupsRequestInput = InferInput<typeof DescribeGroupsRequest>;

/**
 * Up to 5 a group that is not there is in state Dead without an error; from 6 on it is GROUP_ID_NOT_FOUND (KIP-1043).
 */
export const DescribeGroupsResponse = message({
  name: 'DescribeGroupsResponse',
  key: 15,
  versions: '0-6',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('6+', { nullable: '6+', default: null }),
      groupId: string('0+'),
      groupState: string('0+'),
      protocolType: string('0+'),
      protocolData: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        groupInstanceId: string('4+', { nullable: '4+', default: null, ignorable: true }),
        clientId: string('0+'),
        clientHost: string('0+'),
        memberMetadata: bytes('0+'),
        memberAssignment: bytes('0+'),
      }),
      authorizedOperations: int32('3+', { default: -2147483648 }),
    }),
  },
});
export type DescribeGroupsResponse = Infer<typeof DescribeGroupsResponse>;
export type DescribeGroupsResponseInput = InferInput<typeof DescribeGroupsResponse>;
