import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, string, struct, uint16, uuid } from '../schema.js';

/** A voter tells the leader of the quorum its listeners and the versions it speaks (KIP-853). */
export const UpdateRaftVoterRequest = message({
  name: 'UpdateRaftVoterRequest',
  key: 82,
  versions: '0',
  flexible: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+' }),
    currentLeaderEpoch: int32('0+'),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
    }),
    kRaftVersionFeature: struct('0+', {
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
  },
});
export type UpdateRaftVoterRequest = Infer<typeof UpdateRaftVoterRequest>;
export type UpdateRaftVoterRequestInput = InferInput<typeof UpdateRaftVoterRequest>;

export const UpdateRaftVoterResponse = message({
  name: 'UpdateRaftVoterResponse',
  key: 82,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    currentLeader: struct(
      '0+',
      {
        leaderId: int32('0+', { default: -1 }),
        leaderEpoch: int32('0+', { default: -1 }),
        host: string('0+'),
        port: int32('0+'),
      },
      { tagged: '0+', tag: 0 },
    ),
  },
});
export type UpdateRaftVoterResponse = Infer<typeof UpdateRaftVoterResponse>;
export type UpdateRaftVoterResponseInput = InferInput<typeof UpdateRaftVoterResponse>;
