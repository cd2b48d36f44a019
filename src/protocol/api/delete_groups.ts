import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string } from '../schema.js';

/** NON_EMPTY_GROUP for groups with members, GROUP_ID_NOT_FOUND for those that are not there (KIP-229). */
export const DeleteGroupsRequest = message({
  name: 'DeleteGroupsRequest',
  key: 42,
  versions: '0-2',
  flexible: '2+',
  fields: {
    groupsNames: arrayOf('0+', 'string'),
  },
});
export type DeleteGroupsRequest = Infer<typeof DeleteGroupsRequest>;
export type DeleteGroupsRequestInput = InferInput<typeof DeleteGroupsRequest>;

export const DeleteGroupsResponse = message({
  name: 'DeleteGroupsResponse',
  key: 42,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      groupId: string('0+'),
      errorCode: int16('0+'),
    }),
  },
});
export type DeleteGroupsResponse = Infer<typeof DeleteGroupsResponse>;
export type DeleteGroupsResponseInput = InferInput<typeof DeleteGroupsResponse>;
