import { Reader } from '../../protocol/reader.js';
import { TransactionLogKey, TransactionLogValue } from '../../protocol/records/transaction_coordinator.js';
import { Writer } from '../../protocol/writer.js';
import type { EncodedRecord } from '../runtime/machine.js';
import { noProducerEpoch, type Transaction, transactionStatuses } from './transaction.js';

export type TransactionRecord =
  | { readonly kind: 'transaction'; readonly transaction: Transaction }
  | { readonly kind: 'tombstone'; readonly transactionalId: string };

/** What Kafka 4.3.1 writes with `transaction.version` 1 and 2. */
const valueVersion = 1;

const writer = new Writer(4096);

/** Key and value, each with its 2-byte type or version in front. */
export function encodeTransactionRecord(record: TransactionRecord): EncodedRecord {
  const transactionalId = record.kind === 'transaction' ? record.transaction.transactionalId : record.transactionalId;
  const key = written(TransactionLogKey.key, () => TransactionLogKey.encode(writer, 0, { transactionalId }));
  if (record.kind === 'tombstone') return { key, value: null };
  const { transaction } = record;
  const value = written(valueVersion, () =>
    TransactionLogValue.encode(writer, valueVersion, {
      producerId: transaction.producerId,
      previousProducerId: transaction.previousProducerId,
      nextProducerId: transaction.nextProducerId,
      producerEpoch: transaction.producerEpoch,
      transactionTimeoutMs: transaction.timeoutMs,
      transactionStatus: transactionStatuses.indexOf(transaction.status),
      transactionPartitions:
        transaction.status === 'Empty'
          ? null
          : transaction.partitions.map(({ topic, partitions }) => ({ topic, partitionIds: partitions })),
      transactionLastUpdateTimestampMs: transaction.lastUpdateMs,
      transactionStartTimestampMs: transaction.startMs,
      clientTransactionVersion: transaction.clientTransactionVersion,
    }),
  );
  return { key, value };
}

function written(prefix: number, body: () => void): Uint8Array {
  writer.reset().int16(prefix);
  body();
  return Uint8Array.prototype.slice.call(writer.bytes());
}

/**
 * A record of `__transaction_state`; undefined when its kind is one that is not known here.
 *
 * @throws DecodeError when key or value are damaged, or the value's version or status is unknown
 */
export function decodeTransactionRecord(record: EncodedRecord): TransactionRecord | undefined {
  const key = new Reader(record.key);
  if (key.int16() !== TransactionLogKey.key) return undefined;
  const { transactionalId } = TransactionLogKey.decode(key, 0);
  if (record.value === null) return { kind: 'tombstone', transactionalId };
  const reader = new Reader(record.value);
  const version = reader.int16();
  if (!TransactionLogValue.hasVersion(version)) reader.fail(`TransactionLogValue version ${version} is unknown`);
  const value = TransactionLogValue.decode(reader, version);
  const status = transactionStatuses[value.transactionStatus];
  if (status === undefined) return reader.fail(`transaction status ${value.transactionStatus} is unknown`);
  return {
    kind: 'transaction',
    transaction: {
      transactionalId,
      producerId: value.producerId,
      previousProducerId: value.previousProducerId,
      nextProducerId: value.nextProducerId,
      producerEpoch: value.producerEpoch,
      lastProducerEpoch: noProducerEpoch,
      timeoutMs: value.transactionTimeoutMs,
      status,
      partitions: (value.transactionPartitions ?? []).map(({ topic, partitionIds }) => ({
        topic,
        partitions: partitionIds,
      })),
      lastUpdateMs: value.transactionLastUpdateTimestampMs,
      startMs: value.transactionStartTimestampMs,
      clientTransactionVersion: value.clientTransactionVersion,
    },
  };
}
