import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, string, uint16, uuid } from '../schema.js';

/** The new leader of the metadata quorum makes itself known (KIP-595). */
export const BeginQuorumEpochRequest = message({
  name: 'BeginQuorumEpochRequest',
  key: 53,
  versions: '0-1',
  flexible: '1+',
  fields: {
    clusterId: string('0+', { nullable: '0+', default: null }),
    voterId: int32('1+', { default: -1, ignorable: true }),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        voterDirectoryId: uuid('1+', { ignorable: true }),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
    leaderEndpoints: array(
      '1+',
      {
        name: string('1+'),
        host: string('1+'),
        port: uint16('1+'),
      },
      { ignorable: true },
    ),
  },
});
export type BeginQuorumEpochRequest = Infer<typeof BeginQuorumEpochRequest>;
export type BeginQuorumEpochRequestInput = InferInput<typeof BeginQuorumEpochRequest>;

export const BeginQuorumEpochResponse = message({
  name: 'BeginQuorumEpochResponse',
  key: 53,
  versions: '0-1',
  flexible: '1+',
  fields: {
    errorCode: int16('0+'),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
    nodeEndpoints: array(
      '1+',
      {
        nodeId: int32('1+'),
        host: string('1+'),
        port: uint16('1+'),
      },
      { tagged: '1+', tag: 0 },
    ),
  },
});
export type BeginQuorumEpochResponse = Infer<typeof BeginQuorumEpochResponse>;
export type BeginQuorumEpochResponseInput = InferInput<typeof BeginQuorumEpochResponse>;
