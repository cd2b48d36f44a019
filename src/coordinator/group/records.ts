import type { Uuid } from '../../common/ids.js';
import { ZERO_UUID } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { Reader } from '../../protocol/reader.js';
import {
  GroupMetadataKey,
  GroupMetadataValue,
  LegacyOffsetCommitKey,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../protocol/records/group_classic.js';
import { Writer } from '../../protocol/writer.js';
import { type ConsumerGroupRecord, decodeConsumerRecord, encodeConsumerRecord } from '../consumer_group/records.js';
import type { MetadataRefresh } from '../modern/assigned_group.js';
import type { EncodedRecord, RecordProducer } from '../runtime/machine.js';
import { decodeShareGroupRecord, encodeShareGroupRecord, type ShareGroupRecord } from '../share_group/records.js';
import type { StreamsHead } from '../streams_group/group.js';
import { decodeStreamsRecord, encodeStreamsRecord, type StreamsGroupRecord } from '../streams_group/records.js';
import type { GroupPatch } from './classic_group.js';

/** An offset as committed. */
export interface CommittedOffset {
  readonly offset: number;
  /** -1 when the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** -1: the broker's retention counts. Only OffsetCommit 2-4 could set it. */
  readonly expireTimestampMs: number;
  /** The zero id in records of older brokers. */
  readonly topicId: Uuid;
}

export type GroupRecord =
  | {
      readonly kind: 'offset';
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
      /** Undefined: a tombstone. */
      readonly committed: CommittedOffset | undefined;
      /** -1, or the transaction that must end before it counts. */
      readonly producerId: number;
    }
  | {
      readonly kind: 'group';
      readonly groupId: string;
      /** Undefined: a tombstone. */
      readonly value: GroupMetadataValue | undefined;
    }
  | { readonly kind: 'end-of-transaction'; readonly producerId: number; readonly committed: boolean }
  | ConsumerGroupRecord
  | ShareGroupRecord
  | StreamsGroupRecord
  | TransientRecord;

/** Applied and never written: forgotten when the partition moves. */
export type TransientRecord =
  /** What the members of a classic group are doing. */
  | { readonly kind: 'patch'; readonly patch: GroupPatch }
  /** The cluster's metadata, and whether there is a new topic, or any change of one, since the last. Never taken back. */
  | {
      readonly kind: 'metadata';
      readonly image: MetadataImage;
      readonly topicsCreated: boolean;
      readonly topicsChanged: boolean;
    }
  /** When a group looks at its topics again. */
  | { readonly kind: 'refresh'; readonly groupId: string; readonly refresh: MetadataRefresh }
  /** Patterns of a consumer group are being resolved. */
  | { readonly kind: 'resolving'; readonly groupId: string; readonly resolving: boolean }
  /** Of a streams group what no record holds. */
  | { readonly kind: 'streams-change'; readonly groupId: string; readonly change: Partial<StreamsHead> };

// Versions that Kafka 4.3.1 writes; each is read by every broker since 2.1, tagged fields aside.
const groupMetadataVersion = 3;
const offsetCommitVersion = 4;
const expiringOffsetCommitVersion = 1;

const writer = new Writer(4096);

/** Key and value bytes, each with its 2-byte type or version in front. Undefined for a transient record. */
export function encodeGroupRecord(record: GroupRecord): EncodedRecord | undefined {
  switch (record.kind) {
    case 'offset': {
      const { groupId, topic, partition, committed } = record;
      const key = written(OffsetCommitKey.key, () =>
        OffsetCommitKey.encode(writer, 0, { group: groupId, topic, partition }),
      );
      if (committed === undefined) return { key, value: null };
      const version = committed.expireTimestampMs === -1 ? offsetCommitVersion : expiringOffsetCommitVersion;
      const value = written(version, () =>
        OffsetCommitValue.encode(writer, version, {
          offset: committed.offset,
          leaderEpoch: committed.leaderEpoch,
          metadata: committed.metadata,
          commitTimestamp: committed.commitTimestampMs,
          expireTimestamp: committed.expireTimestampMs,
          topicId: committed.topicId,
        }),
      );
      return { key, value };
    }
    case 'group': {
      const { groupId, value } = record;
      const key = written(GroupMetadataKey.key, () => GroupMetadataKey.encode(writer, 0, { group: groupId }));
      if (value === undefined) return { key, value: null };
      const bytes = written(groupMetadataVersion, () => GroupMetadataValue.encode(writer, groupMetadataVersion, value));
      return { key, value: bytes };
    }
    case 'end-of-transaction':
    case 'patch':
    case 'metadata':
    case 'refresh':
    case 'resolving':
    case 'streams-change':
      return undefined;
    case 'share-group':
    case 'share-member':
    case 'share-target':
    case 'share-member-target':
    case 'share-member-current':
    case 'share-partitions':
      return encodeShareGroupRecord(record);
    case 'streams-group':
    case 'streams-topology':
    case 'streams-member':
    case 'streams-target':
    case 'streams-member-target':
    case 'streams-member-current':
      return encodeStreamsRecord(record);
    default:
      return encodeConsumerRecord(record);
  }
}

function written(prefix: number, body: () => void): Uint8Array {
  writer.reset().int16(prefix);
  body();
  return Uint8Array.prototype.slice.call(writer.bytes());
}

/**
 * A record of `__consumer_offsets`; undefined when its kind is one that this version does not know.
 *
 * @throws DecodeError when key or value are damaged, or the value's version is unknown
 */
export function decodeGroupRecord(record: EncodedRecord, producer: RecordProducer): GroupRecord | undefined {
  const key = new Reader(record.key);
  const type = key.int16();
  switch (type) {
    case LegacyOffsetCommitKey.key:
    case OffsetCommitKey.key: {
      const { group, topic, partition } = OffsetCommitKey.decode(key, 0);
      const committed = record.value === null ? undefined : decodeOffset(new Reader(record.value));
      return { kind: 'offset', groupId: group, topic, partition, committed, producerId: producer.producerId };
    }
    case GroupMetadataKey.key: {
      const { group } = GroupMetadataKey.decode(key, 0);
      const value = record.value === null ? undefined : decodeGroup(new Reader(record.value));
      return { kind: 'group', groupId: group, value };
    }
    default:
      return (
        decodeConsumerRecord(type, key, record.value) ??
        decodeShareGroupRecord(type, key, record.value) ??
        decodeStreamsRecord(type, key, record.value)
      );
  }
}

function decodeOffset(reader: Reader): CommittedOffset {
  const version = reader.int16();
  if (!OffsetCommitValue.hasVersion(version)) reader.fail(`OffsetCommitValue version ${version} is unknown`);
  const value = OffsetCommitValue.decode(reader, version);
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: value.commitTimestamp,
    expireTimestampMs: value.expireTimestamp,
    topicId: value.topicId,
  };
}

function decodeGroup(reader: Reader): GroupMetadataValue {
  const version = reader.int16();
  if (!GroupMetadataValue.hasVersion(version)) reader.fail(`GroupMetadataValue version ${version} is unknown`);
  return GroupMetadataValue.decode(reader, version);
}

export function offsetTombstone(groupId: string, topic: string, partition: number): GroupRecord {
  return { kind: 'offset', groupId, topic, partition, committed: undefined, producerId: -1 };
}

export const noTopicId = ZERO_UUID;
