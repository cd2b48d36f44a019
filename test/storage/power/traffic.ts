import type { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeBatch } from '../../../src/records/index.js';
import type { Partition } from '../../../src/replication/partition.js';
import { valueAt, type Written } from './expected.js';

/** One sends records, the other transactions. */
export const plainProducer = 7;
export const transactionalProducer = 9;

const keyCount = 5;
export const keyAt = (offset: number): string => `k${(offset * 7) % keyCount}`;

interface Sent {
  readonly topic: string;
  readonly generation: number;
  /** What the partition has so far. */
  readonly before: readonly Written[];
  readonly what: Written;
  readonly nowMs: number;
}

/** Writes what comes next: a batch of one record, or a marker. Offsets and sequence numbers count what was written before. */
export function send(found: Partition, { topic, generation, before, what, nowMs }: Sent): ErrorCode {
  if (what === 'COMMIT' || what === 'ABORT') {
    const marker = {
      type: what,
      producerId: transactionalProducer,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      transactionVersion: 1,
    };
    return found.appendMarker(marker, nowMs).errorCode;
  }
  const offset = before.length;
  const bytes = encodeBatch({
    records: [
      {
        timestampMs: 1_700_000_000_000,
        key: Buffer.from(keyAt(offset)),
        value: Buffer.from(valueAt(topic, generation, offset)),
      },
    ],
    producerId: what === 'plain' ? plainProducer : transactionalProducer,
    producerEpoch: 0,
    baseSequence: before.filter((one) => one === what).length,
    isTransactional: what === 'transactional',
  });
  return found.append(Buffer.from(bytes), -1, { nowMs, produceVersion: 11 }).errorCode;
}
