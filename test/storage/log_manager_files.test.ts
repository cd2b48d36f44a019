import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
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
  const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  manager = await LogManager.open(
    {
      clock: time,
      timers: time,
      random: seededRandom(1),
      files,
      store: createNativeLogStore(),
      logger: new MemoryLogger(),
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
