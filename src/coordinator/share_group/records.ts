import type { Reader } from '../../protocol/reader.js';
import * as schema from '../../protocol/records/group_share.js';
import { type OfGroup, type OfMember, RecordCodec } from '../modern/record_codec.js';
import type { EncodedRecord } from '../runtime/machine.js';

/** Records of share groups; a `value` of undefined is a tombstone. */
export type ShareGroupRecord =
  | (OfGroup & { readonly kind: 'share-group'; readonly value: schema.ShareGroupMetadataValue | undefined })
  | (OfMember & { readonly kind: 'share-member'; readonly value: schema.ShareGroupMemberMetadataValue | undefined })
  | (OfGroup & {
      readonly kind: 'share-target';
      readonly value: schema.ShareGroupTargetAssignmentMetadataValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'share-member-target';
      readonly value: schema.ShareGroupTargetAssignmentMemberValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'share-member-current';
      readonly value: schema.ShareGroupCurrentMemberAssignmentValue | undefined;
    })
  | (OfGroup & {
      readonly kind: 'share-partitions';
      readonly value: schema.ShareGroupStatePartitionMetadataValue | undefined;
      /** When it was decided; not written. */
      readonly atMs: number;
    });

const group = new RecordCodec(schema.ShareGroupMetadataKey, schema.ShareGroupMetadataValue);
const member = new RecordCodec(schema.ShareGroupMemberMetadataKey, schema.ShareGroupMemberMetadataValue);
const target = new RecordCodec(
  schema.ShareGroupTargetAssignmentMetadataKey,
  schema.ShareGroupTargetAssignmentMetadataValue,
);
const memberTarget = new RecordCodec(
  schema.ShareGroupTargetAssignmentMemberKey,
  schema.ShareGroupTargetAssignmentMemberValue,
);
const memberCurrent = new RecordCodec(
  schema.ShareGroupCurrentMemberAssignmentKey,
  schema.ShareGroupCurrentMemberAssignmentValue,
);
const partitions = new RecordCodec(
  schema.ShareGroupStatePartitionMetadataKey,
  schema.ShareGroupStatePartitionMetadataValue,
);

export function encodeShareGroupRecord(record: ShareGroupRecord): EncodedRecord {
  const { groupId } = record;
  switch (record.kind) {
    case 'share-group':
      return group.encode({ groupId }, record.value);
    case 'share-member':
      return member.encode({ groupId, memberId: record.memberId }, record.value);
    case 'share-target':
      return target.encode({ groupId }, record.value);
    case 'share-member-target':
      return memberTarget.encode({ groupId, memberId: record.memberId }, record.value);
    case 'share-member-current':
      return memberCurrent.encode({ groupId, memberId: record.memberId }, record.value);
    case 'share-partitions':
      return partitions.encode({ groupId }, record.value);
  }
}

/** Undefined when `type` is none of a share group. @throws DecodeError */
export function decodeShareGroupRecord(
  type: number,
  key: Reader,
  value: Uint8Array | null,
): ShareGroupRecord | undefined {
  switch (type) {
    case group.type: {
      const found = group.decode(key, value);
      return { kind: 'share-group', groupId: found.key.groupId, value: found.value };
    }
    case member.type: {
      const found = member.decode(key, value);
      return { kind: 'share-member', ...found.key, value: found.value };
    }
    case target.type: {
      const found = target.decode(key, value);
      return { kind: 'share-target', groupId: found.key.groupId, value: found.value };
    }
    case memberTarget.type: {
      const found = memberTarget.decode(key, value);
      return { kind: 'share-member-target', ...found.key, value: found.value };
    }
    case memberCurrent.type: {
      const found = memberCurrent.decode(key, value);
      return { kind: 'share-member-current', ...found.key, value: found.value };
    }
    case partitions.type: {
      const found = partitions.decode(key, value);
      return { kind: 'share-partitions', groupId: found.key.groupId, value: found.value, atMs: longAgo };
    }
    default:
      return undefined;
  }
}

/** Whatever was under way when a broker stopped is not under way any more. */
const longAgo = 0;
