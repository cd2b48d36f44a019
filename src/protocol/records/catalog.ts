import type { AnyMessage } from '../message.js';
import { DecodeError, Reader } from '../reader.js';
import * as classic from './group_classic.js';
import * as consumer from './group_consumer.js';
import * as shareGroup from './group_share.js';
import * as streams from './group_streams.js';
import * as cluster from './metadata_cluster.js';
import * as topics from './metadata_topics.js';
import * as share from './share_coordinator.js';
import * as storage from './storage.js';
import * as transaction from './transaction_coordinator.js';

/** A kind of record in an internal topic: what stands in its key and in its value. */
export interface RecordKind {
  readonly type: number;
  /** As the messages are called, without Key and Value. */
  readonly name: string;
  readonly key: AnyMessage;
  readonly value: AnyMessage;
}

function kind(key: AnyMessage, value: AnyMessage): RecordKind {
  return { type: key.key, name: key.name.replace(/Key$/, ''), key, value };
}

/** `__consumer_offsets`: offsets, and groups of every type. */
export const groupRecordKinds: readonly RecordKind[] = [
  kind(classic.LegacyOffsetCommitKey, classic.LegacyOffsetCommitValue),
  kind(classic.OffsetCommitKey, classic.OffsetCommitValue),
  kind(classic.GroupMetadataKey, classic.GroupMetadataValue),
  kind(consumer.ConsumerGroupMetadataKey, consumer.ConsumerGroupMetadataValue),
  kind(consumer.ConsumerGroupPartitionMetadataKey, consumer.ConsumerGroupPartitionMetadataValue),
  kind(consumer.ConsumerGroupMemberMetadataKey, consumer.ConsumerGroupMemberMetadataValue),
  kind(consumer.ConsumerGroupTargetAssignmentMetadataKey, consumer.ConsumerGroupTargetAssignmentMetadataValue),
  kind(consumer.ConsumerGroupTargetAssignmentMemberKey, consumer.ConsumerGroupTargetAssignmentMemberValue),
  kind(consumer.ConsumerGroupCurrentMemberAssignmentKey, consumer.ConsumerGroupCurrentMemberAssignmentValue),
  kind(shareGroup.ShareGroupMemberMetadataKey, shareGroup.ShareGroupMemberMetadataValue),
  kind(shareGroup.ShareGroupMetadataKey, shareGroup.ShareGroupMetadataValue),
  kind(shareGroup.ShareGroupTargetAssignmentMetadataKey, shareGroup.ShareGroupTargetAssignmentMetadataValue),
  kind(shareGroup.ShareGroupTargetAssignmentMemberKey, shareGroup.ShareGroupTargetAssignmentMemberValue),
  kind(shareGroup.ShareGroupCurrentMemberAssignmentKey, shareGroup.ShareGroupCurrentMemberAssignmentValue),
  kind(shareGroup.ShareGroupStatePartitionMetadataKey, shareGroup.ShareGroupStatePartitionMetadataValue),
  kind(consumer.ConsumerGroupRegularExpressionKey, consumer.ConsumerGroupRegularExpressionValue),
  kind(streams.StreamsGroupMetadataKey, streams.StreamsGroupMetadataValue),
  kind(streams.StreamsGroupMemberMetadataKey, streams.StreamsGroupMemberMetadataValue),
  kind(streams.StreamsGroupTargetAssignmentMetadataKey, streams.StreamsGroupTargetAssignmentMetadataValue),
  kind(streams.StreamsGroupTargetAssignmentMemberKey, streams.StreamsGroupTargetAssignmentMemberValue),
  kind(streams.StreamsGroupCurrentMemberAssignmentKey, streams.StreamsGroupCurrentMemberAssignmentValue),
  kind(streams.StreamsGroupTopologyKey, streams.StreamsGroupTopologyValue),
];

/** `__transaction_state`. */
export const transactionRecordKinds: readonly RecordKind[] = [
  kind(transaction.TransactionLogKey, transaction.TransactionLogValue),
];

/** `__share_group_state`. */
export const shareRecordKinds: readonly RecordKind[] = [
  kind(share.ShareSnapshotKey, share.ShareSnapshotValue),
  kind(share.ShareUpdateKey, share.ShareUpdateValue),
];

export interface CoordinatorRecord {
  readonly kind: RecordKind;
  readonly key: object;
  /** Null: a tombstone. */
  readonly value: object | null;
  readonly valueVersion: number | null;
}

/**
 * Decodes a record of a coordinator's topic: the key starts with its type, the value with its version (two bytes each).
 * Undefined for a type that is not among `kinds`, as a newer broker may have written.
 *
 * @throws DecodeError for damaged bytes and for a version that is not known
 */
export function decodeCoordinatorRecord(
  kinds: readonly RecordKind[],
  keyBytes: Uint8Array,
  valueBytes: Uint8Array | null,
): CoordinatorRecord | undefined {
  const keyReader = new Reader(keyBytes);
  const type = keyReader.int16();
  const found = kinds.find((one) => one.type === type);
  if (found === undefined) return undefined;
  const key = found.key.decode(keyReader, 0);
  if (valueBytes === null) return { kind: found, key, value: null, valueVersion: null };
  const reader = new Reader(valueBytes);
  const version = reader.int16();
  if (!found.value.hasVersion(version)) throw new DecodeError(`version ${version} is not known`, 0, found.value.name);
  return { kind: found, key, value: found.value.decode(reader, version), valueVersion: version };
}

/** Records of KRaft's metadata log by the type in their frame. */
export const metadataRecords: readonly AnyMessage[] = [
  ...Object.values(cluster).filter((one) => one.key >= 0),
  ...Object.values(topics),
].sort((a, b) => a.key - b.key);

/** Records of `__remote_log_metadata` (KIP-405) by the type in their frame. */
export const remoteLogRecords: readonly AnyMessage[] = [
  storage.RemoteLogSegmentMetadataRecord,
  storage.RemoteLogSegmentMetadataUpdateRecord,
  storage.RemotePartitionDeleteMetadataRecord,
  storage.RemoteLogSegmentMetadataSnapshotRecord,
];

export interface FramedRecord {
  readonly message: AnyMessage;
  readonly version: number;
  readonly value: object;
}

/**
 * Decodes a value of the metadata log or of `__remote_log_metadata`: frame version (1 in the metadata log, absent from the
 * other), type and version as varints, then the message. Undefined for a type that is not among `messages`.
 *
 * @throws DecodeError
 */
export function decodeFramedRecord(
  messages: readonly AnyMessage[],
  bytes: Uint8Array,
  framed: boolean,
): FramedRecord | undefined {
  const reader = new Reader(bytes);
  if (framed) {
    const frame = reader.unsignedVarint();
    if (frame !== 1) reader.fail(`frame version ${frame} is not known`);
  }
  const type = reader.unsignedVarint();
  const version = reader.unsignedVarint();
  const found = messages.find((one) => one.key === type);
  if (found === undefined) return undefined;
  if (!found.hasVersion(version)) throw new DecodeError(`version ${version} is not known`, 0, found.name);
  return { message: found, version, value: found.decode(reader, version) };
}
