import { type Infer, type InferInput, message } from '../message.js';
import { int16, int32, string, uuid } from '../schema.js';

/** Takes a voter out of the metadata quorum (KIP-853). */
export const RemoveRaftVoterRequest = message({
  name: 'RemoveRaftVoterRequest',
  key: 81,
  versions: '0',
  flexible: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+' }),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
  },
});
export type RemoveRaftVoterRequest = Infer<typeof RemoveRaftVoterRequest>;
export type RemoveRaftVoterRequestInput = InferInput<typeof RemoveRaftVoterRequest>;

export const RemoveRaftVoterResponse = message({
  name: 'RemoveRaftVoterResponse',
  key: 81,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', ignorable: true }),
  },
});
export type RemoveRaftVoterResponse = Infer<typeof RemoveRaftVoterResponse>;
export type RemoveRaftVoterResponseInput = InferInput<typeof RemoveRaftVoterResponse>;
