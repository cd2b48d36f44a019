import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int16, int32, int64, string, uint16, uuid } from '../schema.js';

/**
 * Asks for a vote in an election of the metadata quorum (KIP-595), or with `preVote` only whether one would be given
 * (KIP-996).
 */
export const VoteRequest = message({
  name: 'VoteRequest',
  key: 52,
  versions: '0-2',
  flexible: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+', default: null }),
    voterId: int32('1+', { default: -1, ignorable: true }),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicaEpoch: int32('0+'),
        replicaId: int32('0+'),
        replicaDirectoryId: uuid('1+', { ignorable: true }),
        voterDirectoryId: uuid('1+', { ignorable: true }),
        lastOffsetEpoch: int32('0+'),
        lastOffset: int64('0+'),
        preVote: bool('2+'),
      }),
    }),
  },
});
export type VoteRequest = Infer<typeof VoteRequest>;
export type VoteRequestInput = InferInput<typeof VoteRequest>;

export const VoteResponse = message({
  name: 'VoteResponse',
  key: 52,
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16('0+'),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        voteGranted: bool('0+'),
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
export type VoteResponse = Infer<typeof VoteResponse>;
export type VoteResponseInput = InferInput<typeof VoteResponse>;
