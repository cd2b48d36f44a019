import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string, uint16, uuid } from '../schema.js';

/** A leader of the metadata quorum resigns and names who should follow (KIP-595). */
export const EndQuorumEpochRequest = message({
  name: 'EndQuorumEpochRequest',
  key: 54,
  versions: '0-1',
  flexible: '1+',
  fields: {
    clusterId: string('0+', { nullable: '0+', default: null }),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        preferredSuccessors: arrayOf('0', 'int32', { ignorable: true }),
        preferredCandidates: array(
          '1+',
          {
            candidateId: int32('1+'),
            candidateDirectoryId: uuid('1+'),
          },
          { ignorable: true },
        ),
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
export type EndQuorumEpochRequest = Infer<typeof EndQuorumEpochRequest>;
export type EndQuorumEpochRequestInput = InferInput<typeof EndQuorumEpochRequest>;

export const EndQuorumEpochResponse = message({
  name: 'EndQuorumEpochResponse',
  key: 54,
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
export type EndQuorumEpochResponse = Infer<typeof EndQuorumEpochResponse>;
export type EndQuorumEpochResponseInput = InferInput<typeof EndQuorumEpochResponse>;
