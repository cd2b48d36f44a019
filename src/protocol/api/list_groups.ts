import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string } from '../schema.js';

/** Groups of this coordinator, filtered by state (KIP-518) and type (KIP-848); an empty filter passes everything. */
export const ListGroupsRequest = message({
  name: 'ListGroupsRequest',
  key: 16,
  versions: '0-5',
  flexible: '3+',
  fields: {
    statesFilter: arrayOf('4+', 'string'),
    typesFilter: arrayOf('5+', 'string'),
  },
});
export type ListGroupsRequest = Infer<typeof ListGroupsRequest>;
export type ListGroupsRequestInput = InferInput<typeof ListGroupsRequest>;

export const ListGroupsResponse = message({
  name: 'ListGroupsResponse',
  key: 16,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    groups: array('0+', {
      groupId: string('0+'),
      protocolType: string('0+'),
      groupState: string('4+', { ignorable: true }),
      groupType: string('5+', { ignorable: true }),
    }),
  },
});
export type ListGroupsResponse = Infer<typeof ListGroupsResponse>;
export type ListGroupsResponseInput = InferInput<typeof ListGroupsResponse>;
