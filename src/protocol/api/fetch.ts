import { INT64_MAX } from '../../common/ids.js';
import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, int64, records, string, struct, uuid } from '../schema.js';

/** Reads from partitions; waits up to `maxWaitMs` for `minBytes`. Sessions (KIP-227) send only what changed: epoch 0 makes one,
 * -1 goes without. From 13 on topics are named by id. */
export const FetchRequest = message({
  name: 'FetchRequest',
  key: 1,
  versions: '4-18',
  flexible: '12+',
  fields: {
    clusterId: string('12+', { nullable: '12+', tagged: '12+', tag: 0, default: null, ignorable: true }),
    // -1: a consumer.
    replicaId: int32('0-14', { default: -1 }),
    replicaState: struct(
      '15+',
      {
        replicaId: int32('15+', { default: -1 }),
        replicaEpoch: int64('15+', { default: -1 }),
      },
      { tagged: '15+', tag: 1 },
    ),
    maxWaitMs: int32('0+'),
    minBytes: int32('0+'),
    maxBytes: int32('3+', { default: 2147483647, ignorable: true }),
    // 0 read uncommitted, 1 read committed.
    isolationLevel: int8('4+', { ignorable: true }),
    sessionId: int32('7+', { ignorable: true }),
    sessionEpoch: int32('7+', { default: -1, ignorable: true }),
    topics: array('0+', {
      topic: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array('0+', {
        partition: int32('0+'),
        currentLeaderEpoch: int32('9+', { default: -1, ignorable: true }),
        fetchOffset: int64('0+'),
        // For truncation on fetch (KIP-595).
        lastFetchedEpoch: int32('12+', { default: -1 }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        partitionMaxBytes: int32('0+'),
        replicaDirectoryId: uuid('17+', { tagged: '17+', tag: 0, ignorable: true }),
        highWatermark: int64('18+', { tagged: '18+', tag: 1, default: INT64_MAX, ignorable: true }),
      }),
    }),
    forgottenTopicsData: array('7+', {
      topic: string('7-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: arrayOf('7+', 'int32'),
    }),
    // To read from a replica close by (KIP-392).
    rackId: string('11+', { ignorable: true }),
  },
});
export type FetchRequest = Infer<typeof FetchRequest>;
export type FetchRequestInput = InferInput<typeof FetchRequest>;

/** `records` are whole batches as they lie in the log; the first may begin below the offset asked for. */
export const FetchResponse = message({
  name: 'FetchResponse',
  key: 1,
  versions: '4-18',
  flexible: '12+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('7+', { ignorable: true }),
    sessionId: int32('7+'),
    responses: array('0+', {
      topic: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        highWatermark: int64('0+'),
        lastStableOffset: int64('4+', { default: -1, ignorable: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        // Where the follower's log leaves the leader's (KIP-595).
        divergingEpoch: struct(
          '12+',
          {
            epoch: int32('12+', { default: -1 }),
            endOffset: int64('12+', { default: -1 }),
          },
          { tagged: '12+', tag: 0 },
        ),
        // Who leads now, with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951).
        currentLeader: struct(
          '12+',
          {
            leaderId: int32('12+', { default: -1 }),
            leaderEpoch: int32('12+', { default: -1 }),
          },
          { tagged: '12+', tag: 1 },
        ),
        // Metadata log only: the records are gone, read this snapshot.
        snapshotId: struct(
          '12+',
          {
            endOffset: int64('0+', { default: -1 }),
            epoch: int32('0+', { default: -1 }),
          },
          { tagged: '12+', tag: 2 },
        ),
        // Null for read uncommitted.
        abortedTransactions: array(
          '4+',
          {
            producerId: int64('4+'),
            firstOffset: int64('4+'),
          },
          { nullable: '4+', ignorable: true },
        ),
        // -1: this one.
        preferredReadReplica: int32('11+', { default: -1 }),
        records: records('0+', { nullable: '0+' }),
      }),
    }),
    nodeEndpoints: array(
      '16+',
      {
        nodeId: int32('16+'),
        host: string('16+'),
        port: int32('16+'),
        rack: string('16+', { nullable: '16+', default: null }),
      },
      { tagged: '16+', tag: 0 },
    ),
  },
});
export type FetchResponse = Infer<typeof FetchResponse>;
export type FetchResponseInput = InferInput<typeof FetchResponse>;
