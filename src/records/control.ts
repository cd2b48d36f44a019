import { encodeBatch } from './encode.js';
import { RecordBatchError } from './errors.js';
import type { DecodedRecord } from './types.js';

/** By the type in a control record's key. */
const controlTypes = [
  'ABORT',
  'COMMIT',
  'LEADER_CHANGE',
  'SNAPSHOT_HEADER',
  'SNAPSHOT_FOOTER',
  'KRAFT_VERSION',
  'KRAFT_VOTERS',
] as const;
export type ControlType = (typeof controlTypes)[number];

/** Undefined for types this version does not know; those are skipped, as Kafka's clients do. */
export function controlTypeOf(record: DecodedRecord): ControlType | undefined {
  const key = record.key;
  if (key === null || key.length < 4) throw new RecordBatchError('INVALID', 'control record without a type');
  return controlTypes[((key[2] as number) << 8) | (key[3] as number)];
}

/** Epoch of the transaction coordinator that wrote a COMMIT or ABORT marker. */
export function coordinatorEpochOf(record: DecodedRecord): number {
  const value = record.value;
  if (value === null || value.length < 6) throw new RecordBatchError('INVALID', 'end transaction marker is too short');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).readInt32BE(2);
}

/** The batch of one record that ends a transaction on a partition. */
export function encodeEndTxnMarker(marker: {
  readonly type: 'COMMIT' | 'ABORT';
  readonly coordinatorEpoch: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly timestampMs: number;
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
}): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(controlTypes.indexOf(marker.type), 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  return encodeBatch({
    records: [{ timestampMs: marker.timestampMs, key, value }],
    baseOffset: marker.baseOffset ?? 0,
    leaderEpoch: marker.leaderEpoch ?? -1,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
  });
}
