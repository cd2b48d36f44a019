import { type Infer, type InferInput, message } from '../message.js';
import { array, bytes, int32, int64, string, uuid } from '../schema.js';

/** Offsets of very old brokers; nobody writes them any more. */
export const LegacyOffsetCommitKey = message({
  name: 'LegacyOffsetCommitKey',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    group: string('0'),
    topic: string('0'),
    partition: int32('0'),
  },
});
export type LegacyOffsetCommitKey = Infer<typeof LegacyOffsetCommitKey>;
export type LegacyOffsetCommitKeyInput = InferInput<typeof LegacyOffsetCommitKey>;

export const LegacyOffsetCommitValue = message({
  name: 'LegacyOffsetCommitValue',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    offset: int64('0'),
    metadata: string('0'),
    commitTimestamp: int64('0'),
  },
});
export type LegacyOffsetCommitValue = Infer<typeof LegacyOffsetCommitValue>;
export type LegacyOffsetCommitValueInput = InferInput<typeof LegacyOffsetCommitValue>;

/** A committed offset of a group. */
export const OffsetCommitKey = message({
  name: 'OffsetCommitKey',
  key: 1,
  versions: '0',
  flexible: 'none',
  fields: {
    group: string('0'),
    topic: string('0'),
    partition: int32('0'),
  },
});
export type OffsetCommitKey = Infer<typeof OffsetCommitKey>;
export type OffsetCommitKeyInput = InferInput<typeof OffsetCommitKey>;

/** Version 1 alone has an expiry of its own, 3 adds the leader epoch, 4 the topic id as a tagged field. */
export const OffsetCommitValue = message({
  name: 'OffsetCommitValue',
  key: 1,
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: int64('0+'),
    leaderEpoch: int32('3+', { default: -1, ignorable: true }),
    metadata: string('0+'),
    commitTimestamp: int64('0+'),
    expireTimestamp: int64('1', { default: -1, ignorable: true }),
    topicId: uuid('4+', { tagged: '4+', tag: 0, ignorable: true }),
  },
});
export type OffsetCommitValue = Infer<typeof OffsetCommitValue>;
export type OffsetCommitValueInput = InferInput<typeof OffsetCommitValue>;

/** A classic group. */
export const GroupMetadataKey = message({
  name: 'GroupMetadataKey',
  key: 2,
  versions: '0',
  flexible: 'none',
  fields: {
    group: string('0'),
  },
});
export type GroupMetadataKey = Infer<typeof GroupMetadataKey>;
export type GroupMetadataKeyInput = InferInput<typeof GroupMetadataKey>;

/**
 * A whole classic group with its assignment, rewritten after each rebalance. `protocol` and `leader` are null without
 * members.
 */
export const GroupMetadataValue = message({
  name: 'GroupMetadataValue',
  key: 2,
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: string('0+'),
    generation: int32('0+'),
    protocol: string('0+', { nullable: '0+' }),
    leader: string('0+', { nullable: '0+' }),
    currentStateTimestamp: int64('2+', { default: -1, ignorable: true }),
    members: array('0+', {
      memberId: string('0+'),
      groupInstanceId: string('3+', { nullable: '3+', default: null, ignorable: true }),
      clientId: string('0+'),
      clientHost: string('0+'),
      rebalanceTimeout: int32('1+', { default: -1, ignorable: true }),
      sessionTimeout: int32('0+'),
      subscription: bytes('0+'),
      assignment: bytes('0+'),
    }),
  },
});
export type GroupMetadataValue = Infer<typeof GroupMetadataValue>;
export type GroupMetadataValueInput = InferInput<typeof GroupMetadataValue>;
