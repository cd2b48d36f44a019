import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, bytes, int8, int16, int32, int64, string, struct, uint32, uuid } from '../schema.js';

/** A segment that is being copied to remote storage (KIP-405). */
export const RemoteLogSegmentMetadataRecord = message({
  name: 'RemoteLogSegmentMetadataRecord',
  key: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct('0+', {
      topicIdPartition: struct('0+', {
        name: string('0+'),
        id: uuid('0+'),
        partition: int32('0+'),
      }),
      id: uuid('0+'),
    }),
    startOffset: int64('0+'),
    endOffset: int64('0+'),
    brokerId: int32('0+'),
    maxTimestampMs: int64('0+'),
    eventTimestampMs: int64('0+'),
    segmentLeaderEpochs: array('0+', {
      leaderEpoch: int32('0+'),
      offset: int64('0+'),
    }),
    segmentSizeInBytes: int32('0+'),
    customMetadata: bytes('0+', { nullable: '0+', default: null }),
    // 0 copy started, 1 copy finished, 2 delete started, 3 delete finished.
    remoteLogSegmentState: int8('0+'),
    txnIndexEmpty: bool('0+', { tagged: '0+', tag: 0 }),
  },
});
export type RemoteLogSegmentMetadataRecord = Infer<typeof RemoteLogSegmentMetadataRecord>;
export type RemoteLogSegmentMetadataRecordInput = InferInput<typeof RemoteLogSegmentMetadataRecord>;

/** A change of a remote segment's state. */
export const RemoteLogSegmentMetadataUpdateRecord = message({
  name: 'RemoteLogSegmentMetadataUpdateRecord',
  key: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct('0+', {
      topicIdPartition: struct('0+', {
        name: string('0+'),
        id: uuid('0+'),
        partition: int32('0+'),
      }),
      id: uuid('0+'),
    }),
    brokerId: int32('0+'),
    eventTimestampMs: int64('0+'),
    customMetadata: bytes('0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: int8('0+'),
  },
});
export type RemoteLogSegmentMetadataUpdateRecord = Infer<typeof RemoteLogSegmentMetadataUpdateRecord>;
export type RemoteLogSegmentMetadataUpdateRecordInput = InferInput<typeof RemoteLogSegmentMetadataUpdateRecord>;

/** A partition whose remote segments are being deleted. */
export const RemotePartitionDeleteMetadataRecord = message({
  name: 'RemotePartitionDeleteMetadataRecord',
  key: 2,
  versions: '0',
  flexible: '0+',
  fields: {
    topicIdPartition: struct('0+', {
      name: string('0+'),
      id: uuid('0+'),
      partition: int32('0+'),
    }),
    brokerId: int32('0+'),
    eventTimestampMs: int64('0+'),
    // 0 marked, 1 started, 2 finished.
    remotePartitionDeleteState: int8('0+'),
  },
});
export type RemotePartitionDeleteMetadataRecord = Infer<typeof RemotePartitionDeleteMetadataRecord>;
export type RemotePartitionDeleteMetadataRecordInput = InferInput<typeof RemotePartitionDeleteMetadataRecord>;

/** A remote segment as it stands in the snapshot file that a broker keeps. */
export const RemoteLogSegmentMetadataSnapshotRecord = message({
  name: 'RemoteLogSegmentMetadataSnapshotRecord',
  key: 3,
  versions: '0',
  flexible: '0+',
  fields: {
    segmentId: uuid('0+'),
    startOffset: int64('0+'),
    endOffset: int64('0+'),
    brokerId: int32('0+'),
    maxTimestampMs: int64('0+'),
    eventTimestampMs: int64('0+'),
    segmentLeaderEpochs: array('0+', {
      leaderEpoch: int32('0+'),
      offset: int64('0+'),
    }),
    segmentSizeInBytes: int32('0+'),
    customMetadata: bytes('0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: int8('0+'),
    txnIndexEmpty: bool('0+', { tagged: '0+', tag: 0 }),
  },
});
export type RemoteLogSegmentMetadataSnapshotRecord = Infer<typeof RemoteLogSegmentMetadataSnapshotRecord>;
export type RemoteLogSegmentMetadataSnapshotRecordInput = InferInput<typeof RemoteLogSegmentMetadataSnapshotRecord>;

/**
 * State of producers in a `<offset>.snapshot` file, after a two-byte version. `crc` is CRC-32C of everything behind
 * it.
 */
export const ProducerSnapshot = message({
  name: 'ProducerSnapshot',
  key: -1,
  versions: '1',
  flexible: 'none',
  fields: {
    crc: uint32('1'),
    producerEntries: array('1', {
      producerId: int64('1'),
      epoch: int16('1'),
      lastSequence: int32('1'),
      lastOffset: int64('1'),
      offsetDelta: int32('1'),
      timestamp: int64('1'),
      coordinatorEpoch: int32('1'),
      // -1: no transaction is open.
      currentTxnFirstOffset: int64('1'),
    }),
  },
});
export type ProducerSnapshot = Infer<typeof ProducerSnapshot>;
export type ProducerSnapshotInput = InferInput<typeof ProducerSnapshot>;
