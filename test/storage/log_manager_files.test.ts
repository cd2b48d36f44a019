import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { FileSystemError } from '../../src/common/ports/index.js';
import { NodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import { encodeBatch } from '../../src/records/index.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { compactedConfig } from '../support/log_configs.js';
import { logManagerSettings } from '../support/log_manager_settings.js';

const firstId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const secondId = 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid;

/** Notes what is done with files and directories of names. */
class NotingFiles extends NodeFileSystem {
  readonly calls: string[] = [];
  isFull = false;
  override writeFileAtomic(path: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void> {
    this.calls.push(`write ${path}`);
    if (this.isFull) return Promise.reject(new FileSystemError('write', path, 'ENOSPC'));
    return super.writeFileAtomic(path, bytes, options);
  }
  override remove(path: string): Promise<void> {
    this.calls.push(`remove ${path}`);
    return super.remove(path);
  }
  override syncDirectory(path: string): Promise<void> {
    this.calls.push(`sync ${path}`);
    return super.syncDirectory(path);
  }
}

let directory: string;
let files: NotingFiles;
let logger: MemoryLogger;
let manager: LogManager;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-files-'));
  await start();
});
afterEach(async () => {
  await manager.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  files = new NotingFiles();
  logger = new MemoryLogger();
  const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  manager = await LogManager.open(
    {
      clock: time,
      timers: time,
      random: seededRandom(1),
      files,
      store: createNativeLogStore(),
      logger,
    },
    logManagerSettings(directory),
  );
}

const open = (topicId: Uuid) => manager.openLog('topic', 0, topicId, compactedConfig({}), () => {});

function append(log: PartitionLog, count: number): void {
  const nowMs = 1_700_000_000_000;
  const records = Array.from({ length: count }, () => ({ timestampMs: nowMs, key: Buffer.from('k'), value: null }));
  const result = log.appendAsLeader(encodeBatch({ records }), { leaderEpoch: 0, nowMs, produceVersion: 9 });
  expect(result.errorCode).toBe(0);
}

it('forgets a deleted topic: another one of its name begins at 0 and keeps its records', async () => {
  const first = await open(firstId);
  append(first, 50);
  first.log.advanceLogStartOffset(30);
  await manager.checkpoint();
  await manager.deleteLog(first);
  const second = await open(secondId);
  append(second, 5);
  await manager.abandon();
  await start();
  const found = await open(secondId);
  expect([found.log.logStartOffset, found.log.logEndOffset]).toEqual([0, 5]);
});

it('does not create one before the checkpoints have forgotten it, also at the second attempt', async () => {
  const first = await open(firstId);
  append(first, 50);
  first.log.advanceLogStartOffset(30);
  await manager.checkpoint();
  await manager.deleteLog(first);
  files.isFull = true;
  await expect(open(secondId)).rejects.toMatchObject({ kind: 'NO_SPACE' });
  await expect(open(secondId)).rejects.toMatchObject({ kind: 'NO_SPACE' });
  files.isFull = false;
  append(await open(secondId), 5);
  await manager.abandon();
  await start();
  const found = await open(secondId);
  expect([found.log.logStartOffset, found.log.logEndOffset]).toEqual([0, 5]);
});

it('writes them once for many deleted topics', async () => {
  const first = await open(firstId);
  await manager.deleteLog(first);
  await manager.checkpoint();
  files.calls.length = 0;
  await open(secondId);
  expect(files.calls.filter((call) => call.endsWith('checkpoint'))).toEqual([]);
});

it('forgets it also when the broker was restarted between', async () => {
  const first = await open(firstId);
  append(first, 50);
  first.log.advanceLogStartOffset(30);
  await manager.checkpoint();
  await manager.deleteLog(first);
  await manager.abandon();
  await start();
  const second = await open(secondId);
  expect(second.log.logStartOffset).toBe(0);
  append(second, 5);
  await manager.abandon();
  await start();
  const found = await open(secondId);
  expect([found.log.logStartOffset, found.log.logEndOffset]).toEqual([0, 5]);
});

it('has the marker of a clean stop off the medium before anything else happens', async () => {
  await open(firstId);
  await manager.close();
  const marker = join(directory, '.kafka_cleanshutdown');
  expect(existsSync(marker)).toBe(true);
  await start();
  expect(existsSync(marker)).toBe(false);
  expect(files.calls.slice(0, 2)).toEqual([`remove ${marker}`, `sync ${directory}`]);
});

it('does not trust names that a killed process may have left unsynced', async () => {
  await open(firstId);
  await manager.abandon();
  writeFileSync(join(directory, 'unrelated'), '');
  await start();
  expect(files.calls).toContain(`sync ${directory}`);
});

/** Two segments, the first one without the batch at its end: what a crash may leave, or cleaning. Neither is below a recovery point. */
async function gap(checkpoints = true): Promise<void> {
  const log = await open(firstId);
  append(log, 3);
  if (checkpoints) await manager.checkpoint();
  const [kept] = log.log.segments();
  append(log, 2);
  log.log.roll();
  append(log, 4);
  await manager.abandon();
  truncateSync(join(directory, 'topic-0', `${'0'.repeat(20)}.log`), kept?.sizeBytes);
}

it('takes a gap above the recovery point of a compacted log for what a crash has lost', async () => {
  await gap();
  await start();
  const log = await open(firstId);
  expect(log.log.logEndOffset).toBe(3);
  expect(existsSync(join(directory, 'topic-0', `${'5'.padStart(20, '0')}.log.quarantine`))).toBe(true);
});

it('takes one in a new directory for what a crash has lost, before there was any checkpoint', async () => {
  await manager.listExisting();
  await gap(false);
  await start();
  expect((await open(firstId)).log.logEndOffset).toBe(3);
});

it('takes it for what cleaning has left below where the log was cleaned, and where no recovery point is known', async () => {
  const points = join(directory, 'recovery-point-offset-checkpoint');
  const cleaned = join(directory, 'cleaner-offset-checkpoint');
  await gap();
  writeFileSync(cleaned, '0\n1\ntopic 0 5\n');
  await start();
  expect((await open(firstId)).log.logEndOffset).toBe(9);
  await manager.abandon();
  rmSync(cleaned);
  writeFileSync(points, '');
  await start();
  expect((await open(firstId)).log.logEndOffset).toBe(9);
});

it('takes an empty checkpoint for one that is not there, and says so', async () => {
  append(await open(firstId), 5);
  await manager.checkpoint();
  await manager.abandon();
  const name = 'recovery-point-offset-checkpoint';
  writeFileSync(join(directory, name), '');
  await start();
  expect(logger.entries.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    `${join(directory, name)} is empty, as a crash or a Kafka with nothing to say leaves it, and ignored: logs are verified from their beginning`,
  ]);
  expect((await open(firstId)).log.logEndOffset).toBe(5);
});

it('lowers a recovery point above the end of a log before anything is appended', async () => {
  const points = join(directory, 'recovery-point-offset-checkpoint');
  append(await open(firstId), 10);
  await manager.abandon();
  writeFileSync(points, '0\n1\ntopic 0 50\n');
  await start();
  const short = await open(firstId);
  expect(readFileSync(points, 'utf8')).toBe('0\n1\ntopic 0 10\n');
  expect(logger.messages('warn')).toEqual([
    'topic-0: the log ends at offset 10, although everything below 50 was synced: its end was lost',
  ]);
  append(short, 5);
  append(short, 5);
  await manager.abandon();
  // What a crash leaves of the last batch; below 50 it would be damage.
  const log = join(directory, 'topic-0', '00000000000000000000.log');
  truncateSync(log, readFileSync(log).length - 3);
  await start();
  expect((await open(firstId)).log.logEndOffset).toBe(15);
});

it('does not serve a log whose recovery point cannot be lowered', async () => {
  const points = join(directory, 'recovery-point-offset-checkpoint');
  append(await open(firstId), 10);
  await manager.abandon();
  writeFileSync(points, '0\n1\ntopic 0 50\n');
  await start();
  mkdirSync(`${points}.tmp`);
  await expect(open(firstId)).rejects.toThrow('recovery-point-offset-checkpoint');
  expect(manager.get('topic', 0)).toBeUndefined();
});
