import { Reader } from '../../protocol/reader.js';
import {
  ShareSnapshotKey,
  ShareSnapshotValue,
  ShareUpdateKey,
  ShareUpdateValue,
} from '../../protocol/records/share_coordinator.js';
import { Writer } from '../../protocol/writer.js';
import type { EncodedRecord } from '../runtime/machine.js';
import type { SharePartitionId } from './partition_id.js';

export type ShareStateRecord =
  | {
      readonly kind: 'snapshot';
      readonly id: SharePartitionId;
      /** Undefined: a tombstone. */
      readonly value: ShareSnapshotValue | undefined;
    }
  | { readonly kind: 'update'; readonly id: SharePartitionId; readonly value: ShareUpdateValue };

const valueVersion = 0;
const writer = new Writer(1024);

/** Key and value bytes, each with its 2-byte type or version in front. */
export function encodeShareStateRecord(record: ShareStateRecord): EncodedRecord {
  const { id } = record;
  switch (record.kind) {
    case 'snapshot': {
      const { value } = record;
      const key = written(ShareSnapshotKey.key, () => ShareSnapshotKey.encode(writer, 0, id));
      if (value === undefined) return { key, value: null };
      return { key, value: written(valueVersion, () => ShareSnapshotValue.encode(writer, valueVersion, value)) };
    }
    case 'update': {
      const { value } = record;
      const key = written(ShareUpdateKey.key, () => ShareUpdateKey.encode(writer, 0, id));
      return { key, value: written(valueVersion, () => ShareUpdateValue.encode(writer, valueVersion, value)) };
    }
  }
}

function written(prefix: number, body: () => void): Uint8Array {
  writer.reset().int16(prefix);
  body();
  return Uint8Array.prototype.slice.call(writer.bytes());
}

/**
 * A record of `__share_group_state`; undefined when its kind is unknown.
 *
 * @throws DecodeError when key or value are damaged, or the value's version is unknown
 */
export function decodeShareStateRecord({ key, value }: EncodedRecord): ShareStateRecord | undefined {
  const reader = new Reader(key);
  switch (reader.int16()) {
    case ShareSnapshotKey.key: {
      const id = ShareSnapshotKey.decode(reader, 0);
      return { kind: 'snapshot', id, value: value === null ? undefined : decodeSnapshot(new Reader(value)) };
    }
    case ShareUpdateKey.key: {
      const id = ShareUpdateKey.decode(reader, 0);
      // Nobody writes tombstones of updates: that of the snapshot ends them as well.
      return value === null ? undefined : { kind: 'update', id, value: decodeUpdate(new Reader(value)) };
    }
    default:
      return undefined;
  }
}

function decodeSnapshot(reader: Reader): ShareSnapshotValue {
  const version = reader.int16();
  if (!ShareSnapshotValue.hasVersion(version)) reader.fail(`ShareSnapshotValue version ${version} is unknown`);
  return ShareSnapshotValue.decode(reader, version);
}

function decodeUpdate(reader: Reader): ShareUpdateValue {
  const version = reader.int16();
  if (!ShareUpdateValue.hasVersion(version)) reader.fail(`ShareUpdateValue version ${version} is unknown`);
  return ShareUpdateValue.decode(reader, version);
}
