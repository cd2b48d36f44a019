import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { NodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { encodeBatch } from '../../src/records/index.js';
import type { LogConfig } from '../../src/storage/log_config.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { compactedConfig } from '../support/log_configs.js';
import { logManagerSettings } from '../support/log_manager_settings.js';

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const reserveBytes = 1_000_000;
const resumeBytes = 2_000_000;

/** Real files on a disk whose free space the test says. */
class SaidFreeSpace extends NodeFileSystem {
  usableBytes = 100_000_000;

  override async diskSpace() {
    return { totalBytes: 1_000_000_000, usableBytes: this.usableBytes };
  }
}

let directory: string;
let files: SaidFreeSpace;
let time: VirtualTime;
let logger: MemoryLogger;
let manager: LogManager;
let log: PartitionLog;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-full-'));
  files = new SaidFreeSpace();
  time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  logger = new MemoryLogger();
  manager = await LogManager.open(
    { clock: time, timers: time, random: seededRandom(1), files, store: createNativeLogStore(), logger },
    logManagerSettings(directory, { disk: () => ({ reserveBytes, resumeBytes, checkIntervalMs: 1000 }) }),
  );
  time.holdWhile(() => files.pending > 0);
  log = await open();
});
afterEach(async () => {
  await manager.close();
  rmSync(directory, { recursive: true, force: true });
});

const open = (more: Partial<LogConfig> = {}, topic = 'topic') =>
  manager.openLog(topic, 0, topicId, { ...compactedConfig(more), compact: false, deleteOld: true }, () => {});

async function free(bytes: number): Promise<void> {
  files.usableBytes = bytes;
  for (const space of manager.diskSpaces) await space.look();
}

const batch = (baseSequence: number, producerId = 7) =>
  encodeBatch({
    records: [{ timestampMs: time.wallMs(), key: Buffer.from('k'), value: Buffer.from('v') }],
    producerId,
    producerEpoch: 0,
    baseSequence,
  });

const append = (bytes: Uint8Array) =>
  log.appendAsLeader(bytes, { leaderEpoch: 0, nowMs: time.wallMs(), produceVersion: 9 }).errorCode;

const { NONE, KAFKA_STORAGE_ERROR, OUT_OF_ORDER_SEQUENCE_NUMBER } = ErrorCode;

it('refuses records of clients, takes those of the broker, and answers what was there before', async () => {
  expect(append(batch(0))).toBe(NONE);
  await free(reserveBytes - 1);
  expect(append(batch(1))).toBe(KAFKA_STORAGE_ERROR);
  expect(append(batch(0))).toBe(NONE);
  expect(log.log.logEndOffset).toBe(1);
  const own = encodeBatch({ records: [{ timestampMs: 0, key: Buffer.from('k'), value: Buffer.from('v') }] });
  const taken = log.appendInternal(own, { leaderEpoch: 0, nowMs: time.wallMs(), produceVersion: 13 });
  expect(taken.errorCode).toBe(NONE);
  await free(resumeBytes);
  expect(append(batch(1))).toBe(NONE);
});

it('refuses what was sent behind a refused batch in the same way, not as out of order', async () => {
  expect(append(batch(0))).toBe(NONE);
  await free(0);
  expect([append(batch(1)), append(batch(2)), append(batch(3))]).toEqual(Array(3).fill(KAFKA_STORAGE_ERROR));
  await free(resumeBytes);
  expect([append(batch(2)), append(batch(1)), append(batch(2))]).toEqual([KAFKA_STORAGE_ERROR, NONE, NONE]);
});

it('takes nothing of an unknown producer ahead of its batch that was refused', async () => {
  await free(0);
  expect(append(batch(0))).toBe(KAFKA_STORAGE_ERROR);
  // There is room again before the second batch of the pipeline arrives.
  await free(resumeBytes);
  expect(append(batch(1))).toBe(KAFKA_STORAGE_ERROR);
  expect(append(batch(0, 8))).toBe(NONE);
  expect([append(batch(0)), append(batch(1))]).toEqual([NONE, NONE]);
  expect(append(batch(7))).toBe(OUT_OF_ORDER_SEQUENCE_NUMBER);
});

it('deletes at once what may be deleted, files included, and the segment in use when all of it was deleted', async () => {
  append(batch(0));
  log.log.roll();
  append(batch(1));
  await log.log.flush();
  await free(0);
  log.advanceLogStartOffset(2);
  await time.advance(5000);
  await vi.waitFor(() => {
    const names = readdirSync(join(directory, 'topic-0'));
    expect(names.filter((name) => /\.(log|index|timeindex|deleted)$/.test(name))).toEqual(['00000000000000000002.log']);
  });
  expect(log.log.logEndOffset).toBe(2);
});

it('goes by retention at once, not at the next check', async () => {
  append(batch(0));
  log.log.roll();
  append(batch(1));
  await log.log.flush();
  log.reconfigure({ ...log.config, retentionMs: 1000 });
  await time.advance(2000);
  await free(0);
  expect(log.log.logStartOffset).toBe(2);
});

it('removes the directory of a deleted topic at once', async () => {
  append(batch(0));
  await free(0);
  await manager.deleteLog(log);
  await time.advance(1);
  await vi.waitFor(() => expect(readdirSync(directory).filter((name) => name.startsWith('topic-0'))).toEqual([]));
});
