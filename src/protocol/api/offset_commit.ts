import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, string, uuid } from '../schema.js';

/** Stores a group's offsets. Generation -1 with an empty member id is a consumer without group management. */
export const OffsetCommitRequest = message({
  name: 'OffsetCommitRequest',
  key: 8,
  versions: '2-10',
  flexible: '8+',
  fields: {
    groupId: string('0+'),
    generationIdOrMemberEpoch: int32('1+', { default: -1, ignorable: true }),
    memberId: string('1+', { ignorable: true }),
    groupInstanceId: string('7+', { nullable: '7+', default: null }),
    // -1: as the broker is configured (KIP-211).
    retentionTimeMs: int64('2-4', { default: -1, ignorable: true }),
    topics: array('0+', {
      name: string('0-9', { ignorable: true }),
      topicId: uuid('10+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('6+', { default: -1, ignorable: true }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
});
export type OffsetCommitRequest = Infer<typeof OffsetCommitRequest>;
export type OffsetCommitRequestInput = InferInput<typeof OffsetCommitRequest>;

/**
 * Errors of the group come with every partition: ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS,
 * FENCED_INSTANCE_ID, STALE_MEMBER_EPOCH; OFFSET_METADATA_TOO_LARGE with its own.
 */
export const OffsetCommitResponse = message({
  name: 'OffsetCommitResponse',
  key: 8,
  versions: '2-10',
  flexible: '8+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array('0+', {
      name: string('0-9', { ignorable: true }),
      topicId: uuid('10+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
});
export type OffsetCommitResponse = Infer<typeof OffsetCommitResponse>;
export type OffsetCommitResponseInput = InferInput<typeof OffsetCommitResponse>;
