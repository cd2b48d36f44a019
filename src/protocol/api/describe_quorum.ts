import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, string, uint16, uuid } from '../schema.js';

/** Voters and observers of the metadata quorum and how far behind they are (KIP-595, KIP-836). */
export const DescribeQuorumRequest = message({
  name: 'DescribeQuorumRequest',
  key: 55,
  versions: '0-2',
  flexible: '0+',
  fields: {
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
});
export type DescribeQuorumRequest = Infer<typeof DescribeQuorumRequest>;
export type DescribeQuorumRequestInput = InferInput<typeof DescribeQuorumRequest>;

export const DescribeQuorumResponse = message({
  name: 'DescribeQuorumResponse',
  key: 55,
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16('0+'),
    errorMessage: string('2+', { nullable: '2+', ignorable: true }),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('2+', { nullable: '2+', ignorable: true }),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        highWatermark: int64('0+'),
        currentVoters: array('0+', {
          replicaId: int32('0+'),
          replicaDirectoryId: uuid('2+'),
          logEndOffset: int64('0+'),
          lastFetchTimestamp: int64('1+', { default: -1, ignorable: true }),
          lastCaughtUpTimestamp: int64('1+', { default: -1, ignorable: true }),
        }),
        observers: array('0+', {
          replicaId: int32('0+'),
          replicaDirectoryId: uuid('2+'),
          logEndOffset: int64('0+'),
          lastFetchTimestamp: int64('1+', { default: -1, ignorable: true }),
          lastCaughtUpTimestamp: int64('1+', { default: -1, ignorable: true }),
        }),
      }),
    }),
    nodes: array('2+', {
      nodeId: int32('2+'),
      listeners: array('2+', {
        name: string('2+'),
        host: string('2+'),
        port: uint16('2+'),
      }),
    }),
  },
});
export type DescribeQuorumResponse = Infer<typeof DescribeQuorumResponse>;
export type DescribeQuorumResponseInput = InferInput<typeof DescribeQuorumResponse>;
