import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int16, int32, string, uint16, uuid } from '../schema.js';

/** Makes a controller a voter of the metadata quorum (KIP-853). */
export const AddRaftVoterRequest = message({
  name: 'AddRaftVoterRequest',
  key: 80,
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+' }),
    timeoutMs: int32('0+'),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
    }),
    ackWhenCommitted: bool('1+', { default: true }),
  },
});
export type AddRaftVoterRequest = Infer<typeof AddRaftVoterRequest>;
export type AddRaftVoterRequestInput = InferInput<typeof AddRaftVoterRequest>;

export const AddRaftVoterResponse = message({
  name: 'AddRaftVoterResponse',
  key: 80,
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', ignorable: true }),
  },
});
export type AddRaftVoterResponse = Infer<typeof AddRaftVoterResponse>;
export type AddRaftVoterResponseInput = InferInput<typeof AddRaftVoterResponse>;
