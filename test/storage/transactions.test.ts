import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { NodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { encodeBatch } from '../../src/records/index.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { compactedConfig } from '../support/log_configs.js';
import { logManagerSettings } from '../support/log_manager_settings.js';
import { Prng } from '../support/prng.js';

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const store = createNativeLogStore();
let directory: string;
let time: VirtualTime;
let manager: LogManager;
let log: PartitionLog;

async function start(): Promise<void> {
  const files = new NodeFileSystem();
  time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  manager = await LogManager.open(
    { clock: time, timers: time, random: seededRandom(1), files, store, logger: new MemoryLogger() },
    logManagerSettings(directory),
  );
  time.holdWhile(() => files.pending > 0);
  const config = compactedConfig({ compact: false, segmentBytes: 900 });
  log = await manager.openLog('t', 0, topicId, config, () => {});
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-txn-'));
  await start();
});
afterEach(async () => {
  await manager.close();
  rmSync(directory, { recursive: true, force: true });
});

const context = { leaderEpoch: 0, nowMs: 1_700_000_000_000, produceVersion: 11 };
const bytesOf = (producerId: number, epoch: number, baseSequence: number, isTransactional = true) =>
  encodeBatch({
    records: [{ timestampMs: context.nowMs, key: Buffer.from('k'), value: Buffer.alloc(20) }],
    producerId,
    producerEpoch: epoch,
    baseSequence,
    isTransactional,
  });
const send = (producerId: number, sequence: number, epoch = 0, isTransactional = true) =>
  log.appendAsLeader(bytesOf(producerId, epoch, sequence, isTransactional), context);
const end = (
  producerId: number,
  type: 'COMMIT' | 'ABORT',
  more: { epoch?: number; version?: number; by?: number } = {},
) =>
  log.appendMarker(
    {
      type,
      producerId,
      producerEpoch: more.epoch ?? 0,
      coordinatorEpoch: more.by ?? 0,
      transactionVersion: more.version ?? 1,
    },
    context,
  );
const files = (suffix: string) => readdirSync(join(directory, 't-0')).filter((name) => name.endsWith(suffix));

interface Transaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of the marker, -1: none yet. */
  lastOffset: number;
  aborted: boolean;
}

/** A partition in plain arrays: what a reader of committed records may see follows from a look through everything. */
class Model {
  transactions: Transaction[] = [];
  sequences = new Map<number, number>();
  highWatermark = 0;

  open(producerId: number): Transaction | undefined {
    return this.transactions.find((one) => one.producerId === producerId && one.lastOffset < 0);
  }

  lastStableOffset(): number {
    const unstable = this.transactions
      .filter(({ lastOffset }) => lastOffset < 0 || lastOffset >= this.highWatermark)
      .map(({ firstOffset }) => firstOffset);
    return Math.min(this.highWatermark, ...unstable);
  }

  truncate(end: number, batches: ReturnType<PartitionLog['log']['scanBatches']>): void {
    this.transactions = [];
    this.sequences.clear();
    this.highWatermark = Math.min(this.highWatermark, end);
    for (const batch of batches) {
      const open = this.open(batch.producerId);
      if (batch.marker !== undefined && open !== undefined) {
        open.lastOffset = batch.baseOffset;
        open.aborted = batch.marker.type === 'ABORT';
      } else if (batch.marker === undefined && (batch.attributes & 0x10) !== 0 && open === undefined)
        this.transactions.push({
          producerId: batch.producerId,
          firstOffset: batch.baseOffset,
          lastOffset: -1,
          aborted: false,
        });
      if (batch.baseSequence >= 0) this.sequences.set(batch.producerId, batch.baseSequence + 1);
    }
  }
}

const lastStableOffset = (highWatermark: number) =>
  Math.min(highWatermark, log.producers.transactions.firstUnstableOffset);

function advance(model: Model, highWatermark: number): void {
  model.highWatermark = highWatermark;
  log.producers.transactions.highWatermarkReached(highWatermark);
}

function compare(model: Model, random: Prng): void {
  expect(lastStableOffset(model.highWatermark)).toBe(model.lastStableOffset());
  const { logEndOffset } = log.log;
  for (let i = 0; i < 5; i += 1) {
    const from = random.below(logEndOffset + 1);
    const upper = from + random.below(logEndOffset - from + 2);
    const wanted = model.transactions
      .filter(({ aborted, lastOffset, firstOffset }) => aborted && lastOffset >= from && firstOffset < upper)
      .sort((a, b) => a.lastOffset - b.lastOffset)
      .map(({ producerId, firstOffset, lastOffset }) => ({ producerId, firstOffset, lastOffset }));
    const found = log.log.abortedTransactions(from, upper);
    expect(found.map(({ producerId, firstOffset, lastOffset }) => ({ producerId, firstOffset, lastOffset }))).toEqual(
      wanted,
    );
  }
}

describe('transactions of a partition', () => {
  it('keep the last stable offset and the aborted ones as a look through everything has them', async () => {
    const random = new Prng(11);
    for (let history = 0; history < 25; history += 1) {
      const model = new Model();
      for (let step = 0; step < 120; step += 1) {
        const producerId = 1 + random.below(4);
        const action = random.below(40);
        const open = model.open(producerId);
        if (action < 22) {
          const sequence = model.sequences.get(producerId) ?? 0;
          const result = send(producerId, sequence);
          expect(result.errorCode).toBe(ErrorCode.NONE);
          model.sequences.set(producerId, sequence + 1);
          const firstOffset = log.log.logEndOffset - 1;
          if (open === undefined) model.transactions.push({ producerId, firstOffset, lastOffset: -1, aborted: false });
        } else if (action < 32) {
          const type = random.below(2) === 0 ? 'COMMIT' : 'ABORT';
          expect(end(producerId, type).errorCode).toBe(ErrorCode.NONE);
          if (open !== undefined) {
            open.lastOffset = log.log.logEndOffset - 1;
            open.aborted = type === 'ABORT';
          }
        } else if (action < 37) {
          advance(model, model.highWatermark + random.below(log.log.logEndOffset - model.highWatermark + 1));
        } else if (action === 37) {
          const offset = model.highWatermark + random.below(log.log.logEndOffset - model.highWatermark + 1);
          await log.truncateTo(offset, model.highWatermark);
          model.truncate(log.log.logEndOffset, log.log.scanBatches(0, 1_000_000));
          advance(model, model.highWatermark);
        } else {
          // An orderly stop, or none.
          if (action === 38) await manager.close();
          else {
            await log.log.flush();
            await manager.abandon();
          }
          await start();
          model.truncate(log.log.logEndOffset, log.log.scanBatches(0, 1_000_000));
          // What was closed in an orderly way is on the medium as a whole.
          advance(model, action === 38 ? log.log.logEndOffset : model.highWatermark);
        }
        compare(model, random);
      }
      await manager.close();
      rmSync(directory, { recursive: true, force: true });
      await start();
    }
  }, 60_000);

  it('have snapshots at segment beginnings and the end, which go with their segments', async () => {
    for (let sequence = 0; sequence < 65; sequence += 1) expect(send(1, sequence).errorCode).toBe(0);
    await manager.close();
    await start();
    const bases = log.log.segments().map(({ baseOffset }) => baseOffset);
    expect(bases.length).toBeGreaterThan(3);
    const offsets = () => files('.snapshot').map((name) => Number(name.slice(0, 20)));
    expect(offsets()).toEqual([...bases.slice(1), 65]);
    expect(log.producers.get(1)).toMatchObject({ currentTxnFirstOffset: 0, lastTimestampMs: context.nowMs });
    // The stray one of the last stop gives way to that of the next.
    expect(send(1, 65).errorCode).toBe(0);
    await manager.close();
    await start();
    expect(offsets()).toEqual([...bases.slice(1), 66]);
    log.advanceLogStartOffset(66);
    log.log.deleteSegments(bases.slice(0, 2));
    await log.log.deletePending();
    expect(offsets()).toEqual([...bases.slice(2), 66]);
  });

  it('outlive a damaged snapshot: an older one and the headers behind it say the same', async () => {
    for (let sequence = 0; sequence < 40; sequence += 1) {
      send(1, sequence);
      send(2, sequence);
      if (sequence % 7 === 0) end(2, 'ABORT');
    }
    const before = [...log.producers.entries()].map((entry) => ({ ...entry, batches: entry.batches.at(-1) }));
    const unstable = log.producers.transactions.firstUnstableOffset;
    await manager.close();
    for (const name of files('.snapshot').slice(-2)) writeFileSync(join(directory, 't-0', name), 'torn');
    await start();
    expect([...log.producers.entries()].map((entry) => ({ ...entry, batches: entry.batches.at(-1) }))).toEqual(
      before.map((entry) => ({ ...entry, lastAppendMs: entry.lastTimestampMs })),
    );
    log.producers.transactions.highWatermarkReached(log.log.logEndOffset);
    expect(log.producers.transactions.firstUnstableOffset).toBe(unstable);
  });
});

describe('a coordinator’s marker', () => {
  it('of an older coordinator or epoch is refused', () => {
    send(1, 0, 3);
    expect(end(1, 'COMMIT', { epoch: 2 }).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect(end(1, 'COMMIT', { epoch: 3, by: 5 }).errorCode).toBe(ErrorCode.NONE);
    expect(end(1, 'COMMIT', { epoch: 3, by: 4 }).errorCode).toBe(ErrorCode.TRANSACTION_COORDINATOR_FENCED);
    expect(log.producers.get(1)).toMatchObject({ coordinatorEpoch: 5, currentTxnFirstOffset: -1 });
  });

  it('of transaction version 2 bears a new epoch, but for a repeated one', () => {
    send(1, 0, 3);
    expect(end(1, 'ABORT', { epoch: 3, version: 2 }).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect(end(1, 'ABORT', { epoch: 4, version: 2 }).errorCode).toBe(ErrorCode.NONE);
    expect(end(1, 'ABORT', { epoch: 4, version: 2 }).errorCode).toBe(ErrorCode.NONE);
    expect(log.log.abortedTransactions(0, 10)).toEqual([
      { producerId: 1, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 },
    ]);
    // The epoch begins at sequence 0.
    expect(send(1, 1, 4).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(send(1, 0, 4).errorCode).toBe(ErrorCode.NONE);
  });

  it('ends what is open and nothing else: without records there is no aborted transaction', () => {
    expect(end(1, 'ABORT').errorCode).toBe(ErrorCode.NONE);
    expect(log.log.abortedTransactions(0, 10)).toEqual([]);
    expect(files('.txnindex')).toEqual([]);
    expect(log.producers.transactions.firstUnstableOffset).toBeGreaterThan(1e15);
  });
});

describe('a transactional producer', () => {
  it('may not write outside of its open transaction', () => {
    expect(send(1, 0).errorCode).toBe(ErrorCode.NONE);
    expect(send(1, 1, 0, false).errorCode).toBe(ErrorCode.INVALID_TXN_STATE);
    expect(end(1, 'COMMIT').errorCode).toBe(ErrorCode.NONE);
    expect(send(1, 1, 0, false).errorCode).toBe(ErrorCode.NONE);
  });

  it('is remembered while its transaction is open, however silent', () => {
    send(1, 0);
    send(2, 0, 0, false);
    log.producers.expire(context.nowMs + 1e12, 1000);
    expect([...log.producers.entries()].map(({ producerId }) => producerId)).toEqual([1]);
    end(1, 'COMMIT');
    log.producers.expire(context.nowMs + 1e12, 1000);
    expect(log.producers.size).toBe(0);
  });

  it('that sends a batch again gets its offset and time of the first time', () => {
    const first = send(1, 0);
    for (let sequence = 1; sequence < 5; sequence += 1) send(1, sequence);
    expect(send(1, 0)).toMatchObject({ ...first, duplicate: true, logAppendTimeMs: context.nowMs });
    send(1, 5);
    expect(send(1, 0).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  });
});
