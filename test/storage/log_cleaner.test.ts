import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { NodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import {
  type BatchInput,
  type Compression,
  decodeBatches,
  encodeBatch,
  prepareCompression,
} from '../../src/records/index.js';
import type { CleanerSettings } from '../../src/storage/log_cleaner.js';
import type { LogConfig } from '../../src/storage/log_config.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { makeCold } from '../support/cold_log.js';
import { compactedConfig } from '../support/log_configs.js';
import { logManagerSettings } from '../support/log_manager_settings.js';

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const store = createNativeLogStore();
const files = new NodeFileSystem();
let directory: string;
let time: VirtualTime;
let logger: MemoryLogger;
let manager: LogManager;
let settings: CleanerSettings;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-cleaner-'));
  settings = {
    threads: 1,
    dedupeBufferBytes: 1 << 20,
    dedupeBufferLoadFactor: 0.9,
    ioBufferBytes: 512 << 10,
    maxIoBytesPerSecond: Number.MAX_VALUE,
    backoffMs: 15_000,
  };
  await start();
});
afterEach(async () => {
  await manager.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  logger = new MemoryLogger();
  manager = await LogManager.open(
    { clock: time, timers: time, random: seededRandom(1), files, store, logger },
    logManagerSettings(directory, { cleaner: () => settings }),
  );
  time.holdWhile(() => manager.busy || files.pending > 0);
}

async function open(more: Partial<LogConfig> = {}, partition = 0): Promise<PartitionLog> {
  return manager.openLog('topic', partition, topicId, compactedConfig(more), () => {});
}

type Entry = readonly [key: string, value: string | null];

function append(log: PartitionLog, entries: readonly Entry[], more: Partial<BatchInput> = {}): number {
  const bytes = encodeBatch({
    records: entries.map(([key, value]) => ({
      timestampMs: time.wallMs(),
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })),
    ...more,
  });
  const result = log.appendAsLeader(bytes, { leaderEpoch: 0, nowMs: time.wallMs(), produceVersion: 9 });
  if (result.errorCode !== 0) throw new Error(`append: ${result.errorCode} ${result.errorMessage}`);
  return result.firstOffset;
}

/** Seals the active segment, with one record in the new one. */
async function seal(log: PartitionLog): Promise<void> {
  log.log.roll();
  append(log, [['last', 'x']]);
  await log.log.flush();
  log.onRoll();
}

/** Base and last offset, producer and records of every batch. */
function batches(log: PartitionLog) {
  const found = [];
  let offset = log.log.logStartOffset;
  for (;;) {
    const bytes = log.log.readCopy(offset, 1 << 20, log.log.logEndOffset);
    if (bytes.length === 0) return found;
    for (const batch of decodeBatches(bytes)) {
      found.push(batch);
      offset = batch.lastOffset + 1;
    }
  }
}

function records(log: PartitionLog): Array<readonly [offset: number, key: string, value: string | null]> {
  return batches(log).flatMap((batch) =>
    batch.records.map(
      ({ offset, key, value }) =>
        [offset, Buffer.from(key ?? []).toString(), value === null ? null : Buffer.from(value).toString()] as const,
    ),
  );
}

describe('the log cleaner', () => {
  it('has the recovery point behind what it cleans on the medium before it begins', async () => {
    const log = await open();
    append(log, [['a', '1']]);
    append(log, [['a', '2']]);
    await seal(log);
    expect(existsSync(join(directory, 'recovery-point-offset-checkpoint'))).toBe(false);
    let atTheBegin: string | undefined;
    const { log: engine } = log;
    const beginCleaning = engine.beginCleaning.bind(engine);
    engine.beginCleaning = (options) => {
      atTheBegin = readFileSync(join(directory, 'recovery-point-offset-checkpoint'), 'utf8');
      return beginCleaning(options);
    };
    log.onRoll = () => {};
    await time.advance(15_000);
    expect(manager.cleaner?.state.rounds).toBe(1);
    expect(atTheBegin).toBe('0\n1\ntopic 0 3\n');
  });

  it('does not wait for times of segments that are not in memory', async () => {
    const log = await open();
    append(log, [
      ['a', '1'],
      ['a', '2'],
    ]);
    await seal(log);
    const cold = makeCold(log.log, 2);
    await time.advance(15_000);
    for (const load of [0, 1]) {
      await turn();
      expect([cold.loads.length, manager.cleaner?.state.rounds]).toEqual([load + 1, 0]);
      cold.loads[load]?.();
    }
    await time.advance(15_000);
    expect(manager.cleaner?.state.rounds).toBe(1);
  });

  it('cleans when a segment is sealed, keeps offsets, and writes its checkpoint', async () => {
    const log = await open();
    append(log, [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ]);
    append(log, [['b', '2']]);
    append(log, [
      ['c', '1'],
      ['a', '3'],
    ]);
    await seal(log);
    expect(manager.cleaner?.state.rounds).toBe(0);
    await time.advance(15_000);
    expect(records(log)).toEqual([
      [3, 'b', '2'],
      [4, 'c', '1'],
      [5, 'a', '3'],
      [6, 'last', 'x'],
    ]);
    expect(log.log.logStartOffset).toBe(0);
    expect(readFileSync(join(directory, 'cleaner-offset-checkpoint'), 'utf8')).toBe('0\n1\ntopic 0 6\n');
    expect(manager.cleaner?.state).toMatchObject({ rounds: 1, recordsRemoved: 3 });
    // Nothing is left to be done: no timer of the cleaner runs.
    await time.advance('2m');
    const before = time.pendingTimers;
    await time.advance('1h');
    expect(time.pendingTimers).toBe(before);
    expect(manager.cleaner?.state.rounds).toBe(1);
  });

  it('keeps a tombstone for delete.retention.ms after the first round that saw it', async () => {
    const log = await open({ deleteRetentionMs: 3_600_000, minCleanableDirtyRatio: 0.01 });
    append(log, [
      ['gone', '1'],
      ['kept', '1'],
    ]);
    append(log, [['gone', null]]);
    await seal(log);
    await time.advance(15_000);
    expect(records(log).slice(0, 2)).toEqual([
      [1, 'kept', '1'],
      [2, 'gone', null],
    ]);
    const [, tombstone] = batches(log);
    expect(tombstone?.hasDeleteHorizon).toBe(true);
    expect(tombstone?.baseTimestampMs).toBe(time.wallMs() + 3_600_000);
    expect(tombstone?.records[0]?.timestampMs).toBe(1_700_000_000_000);
    await time.advance('59m');
    await seal(log);
    await time.advance(30_000);
    expect(records(log).map(([, key]) => key)).toContain('gone');
    await time.advance('10m');
    await seal(log);
    await time.advance(30_000);
    expect(records(log).map(([, key]) => key)).not.toContain('gone');
  });

  it('keeps the last batch of each active producer, so that a restart knows its sequence', async () => {
    const log = await open();
    append(
      log,
      [
        ['a', '1'],
        ['a', '2'],
      ],
      { producerId: 7, producerEpoch: 2, baseSequence: 0 },
    );
    append(log, [['a', '3']], { producerId: 7, producerEpoch: 2, baseSequence: 2 });
    append(log, [['a', '4']]);
    await seal(log);
    await time.advance(15_000);
    expect(
      batches(log).map(({ baseOffset, lastOffset, recordCount }) => [baseOffset, lastOffset, recordCount]),
    ).toEqual([
      [2, 2, 0],
      [3, 3, 1],
      [4, 4, 1],
    ]);
    await manager.close();
    for (const name of readdirSync(join(directory, 'topic-0')))
      if (name.endsWith('.snapshot')) rmSync(join(directory, 'topic-0', name));
    await start();
    const again = await open();
    expect(again.producers.get(7)).toMatchObject({ producerEpoch: 2, batches: [{ baseSequence: 2, lastSequence: 2 }] });
    expect(again.cleanedOffset).toBe(4);
  });

  it.each<Compression>(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'rewrites batches in their own codec: %s',
    async (compression) => {
      await prepareCompression(compression);
      const log = await open();
      const text = (index: number) =>
        Array.from(
          { length: 40 },
          (_, word) => `${(index * 7919 + word * 104_729) % 997} words of record ${index};`,
        ).join('');
      // One batch stays whole, the others lose every other record.
      append(
        log,
        Array.from({ length: 60 }, (_, index) => [`k${index}`, text(index)] as const),
        { compression },
      );
      append(
        log,
        Array.from({ length: 30 }, (_, index) => [`k${index * 2}`, text(index + 100)] as const),
        { compression },
      );
      append(log, [['empty', '']], { compression });
      await seal(log);
      const before = log.log.sizeBytes;
      await time.advance(15_000);
      const found = records(log);
      expect(found.slice(0, 30)).toEqual(
        Array.from({ length: 30 }, (_, i) => [2 * i + 1, `k${2 * i + 1}`, text(2 * i + 1)]),
      );
      expect(found.slice(30, 60)).toEqual(Array.from({ length: 30 }, (_, i) => [60 + i, `k${2 * i}`, text(i + 100)]));
      expect(
        batches(log)
          .slice(0, 3)
          .map((batch) => batch.compression),
      ).toEqual([compression, compression, compression]);
      expect(batches(log)[0]?.lastOffset).toBe(59);
      expect(log.log.sizeBytes).toBeLessThan(before);
    },
  );

  it('cleans the dirtiest log first, as many at a time as there are threads', async () => {
    const logs = [];
    for (const [partition, dirty] of [5, 20, 10].entries()) {
      const log = await open({ minCleanableDirtyRatio: 0 }, partition);
      for (let i = 0; i < 20; i += 1) append(log, [[`k${i}`, 'v'.repeat(100)]]);
      log.log.roll();
      log.cleanedOffset = 20;
      for (let i = 0; i < dirty; i += 1) append(log, [[`k${i}`, 'w'.repeat(100)]]);
      await seal(log);
      logs.push(log);
    }
    await time.advance(15_000);
    const order = logger
      .messages('info')
      .map((text) => /^(topic-\d): cleaned/.exec(text)?.[1])
      .filter((name) => name !== undefined);
    expect(order).toEqual(['topic-1', 'topic-2', 'topic-0']);
  });

  it('goes on where it was when the table of keys was full', async () => {
    settings = { ...settings, dedupeBufferBytes: 24 * 20 };
    const log = await open({ minCleanableDirtyRatio: 0.01 });
    for (let round = 0; round < 3; round += 1)
      append(
        log,
        Array.from({ length: 50 }, (_, index) => [`k${index}`, `${round}`] as const),
      );
    await seal(log);
    await time.advance(15_000);
    expect(records(log).slice(0, 50)).toEqual(
      Array.from({ length: 50 }, (_, index) => [100 + index, `k${index}`, '2']),
    );
    expect(manager.cleaner?.state.rounds).toBeGreaterThan(5);
    expect(manager.cleaner?.state.maxBufferUtilization).toBeLessThanOrEqual(0.9);
  });

  it('stays below log.cleaner.io.max.bytes.per.second', async () => {
    settings = { ...settings, maxIoBytesPerSecond: 100_000 };
    const log = await open({ segmentBytes: 200_000 });
    for (let i = 0; i < 100; i += 1) append(log, [[`k${i % 50}`, 'v'.repeat(10_000)]]);
    await seal(log);
    await time.advance(15_000);
    // 2 × 1 MB are read and 0.5 MB written: about 25 s of virtual time.
    await time.advance(20_000);
    expect(manager.cleaner?.state.rounds).toBe(0);
    await time.advance(10_000);
    expect(manager.cleaner?.state.rounds).toBe(1);
    const { bytesRead = 0, bytesWritten = 0 } = manager.cleaner?.state ?? {};
    expect(bytesRead + bytesWritten).toBeGreaterThan(2_400_000);
    expect(bytesRead + bytesWritten).toBeLessThan(2_800_000);
  });

  it('stops at once when its log is deleted or the broker closes, also while it waits', async () => {
    settings = { ...settings, maxIoBytesPerSecond: 1000 };
    const deleted = await open();
    const closed = await open({}, 1);
    for (const log of [deleted, closed]) {
      for (let i = 0; i < 40; i += 1) append(log, [[`k${i % 2}`, 'v'.repeat(5000)]]);
      await seal(log);
    }
    settings = { ...settings, threads: 2 };
    await time.advance(20_000);
    expect(manager.cleaner?.state.rounds).toBe(0);
    await manager.deleteLog(deleted);
    expect(readdirSync(directory).filter((name) => /^topic-0\.[0-9A-Za-z]+-delete$/.test(name))).toHaveLength(1);
    await manager.close();
    expect(readdirSync(join(directory, 'topic-1')).filter((name) => /cleaned|swap/.test(name))).toEqual([]);
  });

  it('unlinks replaced files after file.delete.delay.ms', async () => {
    const log = await open({ segmentBytes: 5000, fileDeleteDelayMs: 60_000 });
    for (let i = 0; i < 20; i += 1) append(log, [['k', 'v'.repeat(1000)]]);
    await seal(log);
    log.reconfigure(compactedConfig());
    await time.advance(15_000);
    const old = () => readdirSync(join(directory, 'topic-0')).filter((name) => name.endsWith('.deleted'));
    expect(log.log.segments()).toHaveLength(2);
    expect(old().length).toBeGreaterThan(0);
    await time.advance('61s');
    await expect.poll(old).toEqual([]);
  });

  it('rolls when a record waits longer than max.compaction.lag.ms', async () => {
    const log = await open({ maxCompactionLagMs: 60_000, minCleanableDirtyRatio: 1 });
    append(log, [
      ['a', '1'],
      ['a', '2'],
    ]);
    await time.advance('61s');
    append(log, [['b', '1']]);
    expect(log.log.segments()).toHaveLength(2);
    await log.log.flush();
    await time.advance('1m');
    expect(records(log)).toEqual([
      [1, 'a', '2'],
      [2, 'b', '1'],
    ]);
  });

  it('leaves a damaged log as it is, says so, and goes on with others', async () => {
    const damaged = await open();
    append(damaged, [
      ['a', '1'],
      ['a', '2'],
    ]);
    await seal(damaged);
    const path = join(directory, 'topic-0', '00000000000000000000.log');
    const bytes = readFileSync(path);
    bytes[bytes.length - 3] = 0x55;
    writeFileSync(path, bytes);
    const sound = await open({}, 1);
    append(sound, [
      ['a', '1'],
      ['a', '2'],
    ]);
    await seal(sound);
    await time.advance('1m');
    expect([...(manager.cleaner?.uncleanableLogs.keys() ?? [])]).toEqual([damaged]);
    expect(logger.messages('error').join()).toMatch(/topic-0 cannot be cleaned \(.*wrong CRC.*\)/);
    expect(records(sound)[0]).toEqual([1, 'a', '2']);
    expect(manager.failure(directory)).toBeUndefined();
  });
});
