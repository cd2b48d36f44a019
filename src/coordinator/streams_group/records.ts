import type { Reader } from '../../protocol/reader.js';
import * as schema from '../../protocol/records/group_streams.js';
import { type OfGroup, type OfMember, RecordCodec } from '../modern/record_codec.js';
import type { EncodedRecord } from '../runtime/machine.js';

/** Records of streams groups; a `value` of undefined is a tombstone. */
export type StreamsGroupRecord =
  | (OfGroup & { readonly kind: 'streams-group'; readonly value: schema.StreamsGroupMetadataValue | undefined })
  | (OfGroup & { readonly kind: 'streams-topology'; readonly value: schema.StreamsGroupTopologyValue | undefined })
  | (OfMember & {
      readonly kind: 'streams-member';
      readonly value: schema.StreamsGroupMemberMetadataValue | undefined;
    })
  | (OfGroup & {
      readonly kind: 'streams-target';
      readonly value: schema.StreamsGroupTargetAssignmentMetadataValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'streams-member-target';
      readonly value: schema.StreamsGroupTargetAssignmentMemberValue | undefined;
    })
  | (OfMember & {
      readonly kind: 'streams-member-current';
      readonly value: schema.StreamsGroupCurrentMemberAssignmentValue | undefined;
    });

const group = new RecordCodec(schema.StreamsGroupMetadataKey, schema.StreamsGroupMetadataValue);
const topology = new RecordCodec(schema.StreamsGroupTopologyKey, schema.StreamsGroupTopologyValue);
const member = new RecordCodec(schema.StreamsGroupMemberMetadataKey, schema.StreamsGroupMemberMetadataValue);
const target = new RecordCodec(
  schema.StreamsGroupTargetAssignmentMetadataKey,
  schema.StreamsGroupTargetAssignmentMetadataValue,
);
const memberTarget = new RecordCodec(
  schema.StreamsGroupTargetAssignmentMemberKey,
  schema.StreamsGroupTargetAssignmentMemberValue,
);
const memberCurrent = new RecordCodec(
  schema.StreamsGroupCurrentMemberAssignmentKey,
  schema.StreamsGroupCurrentMemberAssignmentValue,
);

export function encodeStreamsRecord(record: StreamsGroupRecord): EncodedRecord {
  const { groupId } = record;
  switch (record.kind) {
    case 'streams-group':
      return group.encode({ groupId }, record.value);
    case 'streams-topology':
      return topology.encode({ groupId }, record.value);
    case 'streams-member':
      return member.encode({ groupId, memberId: record.memberId }, record.value);
    case 'streams-target':
      return target.encode({ groupId }, record.value);
    case 'streams-member-target':
      return memberTarget.encode({ groupId, memberId: record.memberId }, record.value);
    case 'streams-member-current':
      return memberCurrent.encode({ groupId, memberId: record.memberId }, record.value);
  }
}

/** Undefined when `type` is none of a streams group. @throws DecodeError */
export function decodeStreamsRecord(
  type: number,
  key: Reader,
  value: Uint8Array | null,
): StreamsGroupRecord | undefined {
  switch (type) {
    case group.type: {
      const found = group.decode(key, value);
      return { kind: 'streams-group', groupId: found.key.groupId, value: found.value };
    }
    case topology.type: {
      const found = topology.decode(key, value);
      return { kind: 'streams-topology', groupId: found.key.groupId, value: found.value };
    }
    case member.type: {
      const found = member.decode(key, value);
      return { kind: 'streams-member', ...found.key, value: found.value };
    }
    case target.type: {
      const found = target.decode(key, value);
      return { kind: 'streams-target', groupId: found.key.groupId, value: found.value };
    }
    case memberTarget.type: {
      const found = memberTarget.decode(key, value);
      return { kind: 'streams-member-target', ...found.key, value: found.value };
    }
    case memberCurrent.type: {
      const found = memberCurrent.decode(key, value);
      return { kind: 'streams-member-current', ...found.key, value: found.value };
    }
    default:
      return undefined;
  }
}
