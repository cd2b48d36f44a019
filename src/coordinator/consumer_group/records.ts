import type { Reader } from '../../protocol/reader.js';
import * as schema from '../../protocol/records/group_consumer.js';
import { type OfGroup, type OfMember, RecordCodec } from '../modern/record_codec.js';
import type { EncodedRecord } from '../runtime/machine.js';

/** Records of consumer groups; a `value` of undefined is a tombstone. */
export type ConsumerGroupRecord =
  | (OfGroup & { readonly kind: 'consumer-group'; readonly value: schema.ConsumerGroupMetadataValue | undefined })
  /** Written by brokers before 4.1; its tombstone clears it up. */
  | (OfGroup & {
      readonly kind: 'consumer-topics';
      readonly value: schema.ConsumerGroupPartitionMetadataValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'consumer-member';
      readonly value: schema.ConsumerGroupMemberMetadataValue | undefined;
    })
  | (OfGroup & {
      readonly kind: 'consumer-target';
      readonly value: schema.ConsumerGroupTargetAssignmentMetadataValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'consumer-member-target';
      readonly value: schema.ConsumerGroupTargetAssignmentMemberValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'consumer-member-current';
      readonly value: schema.ConsumerGroupCurrentMemberAssignmentValue | undefined;
    })
  | (OfGroup & {
      readonly kind: 'consumer-regex';
      readonly regex: string;
      readonly value: schema.ConsumerGroupRegularExpressionValue | undefined;
    });

const group = new RecordCodec(schema.ConsumerGroupMetadataKey, schema.ConsumerGroupMetadataValue);
const topics = new RecordCodec(schema.ConsumerGroupPartitionMetadataKey, schema.ConsumerGroupPartitionMetadataValue);
const member = new RecordCodec(schema.ConsumerGroupMemberMetadataKey, schema.ConsumerGroupMemberMetadataValue);
const target = new RecordCodec(
  schema.ConsumerGroupTargetAssignmentMetadataKey,
  schema.ConsumerGroupTargetAssignmentMetadataValue,
);
const memberTarget = new RecordCodec(
  schema.ConsumerGroupTargetAssignmentMemberKey,
  schema.ConsumerGroupTargetAssignmentMemberValue,
);
const memberCurrent = new RecordCodec(
  schema.ConsumerGroupCurrentMemberAssignmentKey,
  schema.ConsumerGroupCurrentMemberAssignmentValue,
);
const regex = new RecordCodec(schema.ConsumerGroupRegularExpressionKey, schema.ConsumerGroupRegularExpressionValue);

export function encodeConsumerRecord(record: ConsumerGroupRecord): EncodedRecord {
  const { groupId } = record;
  switch (record.kind) {
    case 'consumer-group':
      return group.encode({ groupId }, record.value);
    case 'consumer-topics':
      return topics.encode({ groupId }, record.value);
    case 'consumer-member':
      return member.encode({ groupId, memberId: record.memberId }, record.value);
    case 'consumer-target':
      return target.encode({ groupId }, record.value);
    case 'consumer-member-target':
      return memberTarget.encode({ groupId, memberId: record.memberId }, record.value);
    case 'consumer-member-current':
      return memberCurrent.encode({ groupId, memberId: record.memberId }, record.value);
    case 'consumer-regex':
      return regex.encode({ groupId, regularExpression: record.regex }, record.value);
  }
}

/** Undefined when `type` is none of a consumer group. @throws DecodeError */
export function decodeConsumerRecord(
  type: number,
  key: Reader,
  value: Uint8Array | null,
): ConsumerGroupRecord | undefined {
  switch (type) {
    case group.type: {
      const found = group.decode(key, value);
      return { kind: 'consumer-group', groupId: found.key.groupId, value: found.value };
    }
    case topics.type: {
      const found = topics.decode(key, value);
      return { kind: 'consumer-topics', groupId: found.key.groupId, value: found.value };
    }
    case member.type: {
      const found = member.decode(key, value);
      return { kind: 'consumer-member', ...found.key, value: found.value };
    }
    case target.type: {
      const found = target.decode(key, value);
      return { kind: 'consumer-target', groupId: found.key.groupId, value: found.value };
    }
    case memberTarget.type: {
      const found = memberTarget.decode(key, value);
      return { kind: 'consumer-member-target', ...found.key, value: found.value };
    }
    case memberCurrent.type: {
      const found = memberCurrent.decode(key, value);
      return { kind: 'consumer-member-current', ...found.key, value: found.value };
    }
    case regex.type: {
      const found = regex.decode(key, value);
      return {
        kind: 'consumer-regex',
        groupId: found.key.groupId,
        regex: found.key.regularExpression,
        value: found.value,
      };
    }
    default:
      return undefined;
  }
}
