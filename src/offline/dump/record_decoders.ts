import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../../protocol/data/consumer_protocol.js';
import type { AnyMessage } from '../../protocol/message.js';
import { DecodeError, Reader } from '../../protocol/reader.js';
import {
  decodeCoordinatorRecord,
  decodeFramedRecord,
  groupRecordKinds,
  metadataRecords,
  type RecordKind,
  shareRecordKinds,
  transactionRecordKinds,
} from '../../protocol/records/catalog.js';
import type { DecodedRecord } from '../../records/index.js';
import { jsonText, messageJson } from './message_json.js';

/** How a record's key and value are shown; undefined parts are left out. */
export interface ShownRecord {
  readonly key: string | undefined;
  readonly value: string | undefined;
}

export type RecordDecoder = (record: DecodedRecord) => ShownRecord;

/** A key or value as text. */
export type PlainDecoder = (bytes: Uint8Array) => string;

const text = new TextDecoder();

/** By the class that `--key-decoder-class` and `--value-decoder-class` name; short names do as well. */
export const plainDecoders: Readonly<Record<string, PlainDecoder>> = {
  string: (bytes) => text.decode(bytes),
  integer: (bytes) => String(Buffer.from(bytes).readInt32BE(0)),
  long: (bytes) => String(Buffer.from(bytes).readBigInt64BE(0)),
};

export function plainRecords(key: PlainDecoder, value: PlainDecoder): RecordDecoder {
  return (record) => ({
    key: record.key === null ? undefined : key(record.key),
    value: record.value === null ? undefined : value(record.value),
  });
}

/** `__consumer_offsets`, with what clients of the classic protocol have put into subscriptions and assignments. */
export const offsetsRecords: RecordDecoder = coordinatorRecords(groupRecordKinds, showGroupMetadata);
export const transactionRecords: RecordDecoder = coordinatorRecords(transactionRecordKinds);
export const shareGroupRecords: RecordDecoder = coordinatorRecords(shareRecordKinds);

function coordinatorRecords(
  kinds: readonly RecordKind[],
  finish: (kind: RecordKind, json: unknown) => unknown = (_, json) => json,
): RecordDecoder {
  return ({ key, value, offset }) => {
    if (key === null)
      throw new DecodeError(`the record at offset ${offset} has no key: the decoder is for another topic`, 0, 'key');
    try {
      const found = decodeCoordinatorRecord(kinds, key, value);
      if (found === undefined)
        return {
          key: `Unknown record type ${Buffer.from(key).readInt16BE(0)} at offset ${offset}, skipping.`,
          value: undefined,
        };
      const { kind, valueVersion } = found;
      const shownKey = { type: String(kind.type), data: messageJson(kind.key, 0, found.key) };
      if (found.value === null || valueVersion === null) return { key: jsonText(shownKey), value: '<DELETE>' };
      const data = finish(kind, messageJson(kind.value, valueVersion, found.value));
      return { key: jsonText(shownKey), value: jsonText({ version: String(valueVersion), data }) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { key: `Error at offset ${offset}, skipping. ${error.message}`, value: undefined };
    }
  };
}

type Json = Record<string, unknown>;

function showGroupMetadata(kind: RecordKind, json: unknown): unknown {
  const group = json as Json;
  if (kind.name !== 'GroupMetadata' || group.protocolType !== 'consumer') return json;
  for (const member of group.members as Json[]) {
    member.subscription = opened(member.subscription, ConsumerProtocolSubscription);
    member.assignment = opened(member.assignment, ConsumerProtocolAssignment);
  }
  return group;
}

/** What stands in the bytes, which begin with their version; the bytes themselves when they are no such message. */
function opened(base64: unknown, message: AnyMessage): unknown {
  try {
    const reader = new Reader(Buffer.from(String(base64), 'base64'));
    const version = reader.int16();
    if (!message.hasVersion(version)) return base64;
    return messageJson(message, version, message.decode(reader, version));
  } catch (error) {
    if (error instanceof DecodeError) return base64;
    throw error;
  }
}

/** KRaft's metadata log: no keys. */
export const metadataLogRecords: RecordDecoder = ({ value, offset }) => {
  try {
    const found = value === null ? undefined : decodeFramedRecord(metadataRecords, value, true);
    if (found === undefined) return { key: undefined, value: `Error at ${offset}, skipping. Unknown record` };
    const type = found.message.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
    const data = messageJson(found.message, found.version, found.value);
    return { key: undefined, value: jsonText({ type, version: found.version, data }) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { key: undefined, value: `Error at ${offset}, skipping. ${error.message}` };
  }
};
