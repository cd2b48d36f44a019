import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { decodeTransactionRecord, encodeTransactionRecord } from '../../../src/coordinator/transaction/records.js';
import { TransactionCoordinator } from '../../../src/coordinator/transaction_coordinator.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches, encodeBatch, splitBatches } from '../../../src/records/index.js';
import { TestLogger } from '../support/logger.js';
import { MemoryLog } from '../support/memory_log.js';
import { TestMetadata } from '../support/metadata.js';
import { testRules } from './play.js';

// What Apache Kafka 4.3.1 wrote and said of it: test/compat/record-transaction-state.
const file = (ending: string) =>
  readFileSync(join(import.meta.dirname, `../golden/transaction_state_4.3.1.${ending}`), 'utf8');
const segment = Buffer.from(file('hex').replaceAll('\n', ''), 'hex');
const described = file('txt')
  .trimEnd()
  .split('\n')
  .map((line) => line.trimEnd());

function goldenLog(): MemoryLog {
  const log = new MemoryLog();
  for (const batch of splitBatches(segment)) log.append(batch);
  return log;
}

it('records are byte for byte those of Kafka, batches included', () => {
  let records = 0;
  const versions = new Set<number>();
  for (const bytes of splitBatches(segment))
    for (const batch of decodeBatches(bytes)) {
      const again = batch.records.map(({ key, value, timestampMs }) => {
        const record = decodeTransactionRecord({ key: key ?? new Uint8Array(0), value });
        if (record === undefined) throw new Error('a record of an unknown kind');
        if (record.kind === 'transaction') versions.add(record.transaction.clientTransactionVersion);
        return { ...encodeTransactionRecord(record), timestampMs };
      });
      records += again.length;
      const { baseOffset, leaderEpoch } = batch;
      const encoded = encodeBatch({ records: again, baseOffset, leaderEpoch, baseSequence: batch.baseSequence });
      expect(encoded.equals(bytes)).toBe(true);
    }
  expect(records).toBeGreaterThan(100);
  expect([...versions].sort()).toEqual([0, 2]);
});

it('a load says of them what Kafka says, and goes on from there', async () => {
  const time = new VirtualTime({ startWallMs: 1_795_716_360_000 });
  const log = goldenLog();
  const markers: string[] = [];
  const logger = new TestLogger();
  const coordinator = new TransactionCoordinator({
    clock: time,
    timers: time,
    logger,
    config: {
      ...testRules,
      idExpirationMs: 1e9,
      maxTimeoutMs: 900_000,
      numPartitions: 1,
      loadBufferBytes: 4096,
      commitTimeoutMs: 5_000,
    },
    metadata: new TestMetadata({ __transaction_state: 1 }),
    producerIds: { next: () => Promise.resolve(500) },
    markers: {
      write: async (topic, partition, { type, producerEpoch }) => {
        markers.push(`${type} ${topic}-${partition} ${producerEpoch}`);
        return ErrorCode.NONE;
      },
    },
  });
  await coordinator.startPartition(0, log, 0);
  const show = async () => {
    const ids = described.map((line) => line.split(' ')[0] ?? '');
    return (await coordinator.describe(ids)).map(({ transactionalId, transaction: known }) => {
      const partitions = known?.partitions.flatMap((one) => one.partitions.map((index) => `${one.topic}-${index}`));
      const { producerId, producerEpoch, status, timeoutMs, startMs } = known ?? {};
      return [transactionalId, producerId, producerEpoch, status, timeoutMs, startMs, partitions?.join()]
        .join(' ')
        .trimEnd();
    });
  };
  expect(await show()).toEqual(described);
  expect(coordinator.statistics()).toMatchObject({ transactionalIds: described.length, open: 1, unfinishedMarkers: 0 });
  expect(markers).toEqual([]);
  const before = described.find((line) => line.includes(' Ongoing '))?.split(' ') ?? [];
  await time.advance(Number(before[4]) + testRules.abortIntervalMs);
  expect(markers).toEqual([`ABORT ${before[6]} ${Number(before[2]) + 1}`]);
  expect((await show()).join('\n')).not.toContain('Ongoing');
  expect(await coordinator.initProducer('one-id', 1_000, undefined)).toEqual({
    errorCode: ErrorCode.NONE,
    producerId: 0,
    producerEpoch: 8,
  });
  coordinator.close();
  expect(time.pendingTimers).toBe(0);
});
