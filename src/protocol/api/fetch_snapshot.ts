import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, records, string, struct, uint16, uuid } from '../schema.js';

/** Reads a piece of a snapshot of the metadata log (KIP-630). SNAPSHOT_NOT_FOUND, POSITION_OUT_OF_RANGE. */
export const FetchSnapshotRequest = message({
  name: 'FetchSnapshotRequest',
  key: 59,
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+', tagged: '0+', tag: 0, default: null }),
    replicaId: int32('0+', { default: -1 }),
    maxBytes: int32('0+', { default: 2147483647 }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        currentLeaderEpoch: int32('0+'),
        snapshotId: struct('0+', {
          endOffset: int64('0+'),
          epoch: int32('0+'),
        }),
        position: int64('0+'),
        replicaDirectoryId: uuid('1+', { tagged: '1+', tag: 0, ignorable: true }),
      }),
    }),
  },
});
export type FetchSnapshotRequest = Infer<typeof FetchSnapshotRequest>;
export type FetchSnapshotRequestInput = InferInput<typeof FetchSnapshotRequest>;

export const FetchSnapshotResponse = message({
  name: 'FetchSnapshotResponse',
  key: 59,
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+', { ignorable: true }),
    errorCode: int16('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        index: int32('0+'),
        errorCode: int16('0+'),
        snapshotId: struct('0+', {
          endOffset: int64('0+'),
          epoch: int32('0+'),
        }),
        currentLeader: struct(
          '0+',
          {
            leaderId: int32('0+'),
            leaderEpoch: int32('0+'),
          },
          { tagged: '0+', tag: 0 },
        ),
        size: int64('0+'),
        position: int64('0+'),
        unalignedRecords: records('0+'),
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
export type FetchSnapshotResponse = Infer<typeof FetchSnapshotResponse>;
export type FetchSnapshotResponseInput = InferInput<typeof FetchSnapshotResponse>;
