import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { encodeBatch } from '../../src/records/index.js';
import type { LogManager } from '../../src/storage/log_manager.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { compactedConfig } from '../support/log_configs.js';
import { openLogManager } from '../support/open_log_manager.js';

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const nowMs = 1_700_000_000_000;
let directory: string;
let manager: LogManager;
let log: PartitionLog;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-epochs-'));
  manager = await openLogManager(directory, nowMs);
  log = await manager.openLog('topic', 0, topicId, compactedConfig({ compact: false }), () => {});
  log.startEpoch(0);
});
afterEach(async () => {
  await manager.close();
  rmSync(directory, { recursive: true, force: true });
});

function append(leaderEpoch: number): void {
  const batch = encodeBatch({ records: [{ timestampMs: nowMs, key: null, value: Buffer.from('v') }] });
  log.appendAsLeader(batch, { leaderEpoch, nowMs, produceVersion: 9 });
}

const path = () => join(directory, 'topic-0', 'leader-epoch-checkpoint');

/** Kill -9: what was appended is in the page cache, what was to be written beside it may be nowhere. */
async function restartWithoutFile(): Promise<void> {
  await expect.poll(() => existsSync(path())).toBe(true);
  await manager.abandon();
  rmSync(path());
  manager = await openLogManager(directory, nowMs);
  log = await manager.openLog('topic', 0, topicId, compactedConfig({ compact: false }), () => {});
  log.startEpoch(3);
}

it('is written with the first record of an epoch', async () => {
  append(0);
  await expect.poll(() => existsSync(path()) && readFileSync(path(), 'utf8')).toBe('0\n1\n0 0\n');
  append(0);
  append(3);
  await expect.poll(() => readFileSync(path(), 'utf8')).toBe('0\n2\n0 0\n3 2\n');
});

it('is written again when a crash came before it', async () => {
  append(0);
  append(3);
  await restartWithoutFile();
  await manager.close();
  expect(readFileSync(path(), 'utf8')).toBe('0\n2\n0 0\n3 1\n');
  manager = await openLogManager(directory, nowMs);
  log = await manager.openLog('topic', 0, topicId, compactedConfig({ compact: false }), () => {});
  expect(log.epochs.all).toEqual([
    { epoch: 0, startOffset: 0 },
    { epoch: 3, startOffset: 1 },
  ]);
});

it('is there before a snapshot that lies behind its epochs', async () => {
  append(0);
  append(3);
  await restartWithoutFile();
  log.roll();
  const snapshot = join(directory, 'topic-0', '00000000000000000002.snapshot');
  await expect.poll(() => existsSync(snapshot)).toBe(true);
  expect(readFileSync(path(), 'utf8')).toBe('0\n2\n0 0\n3 1\n');
});

it('keeps a snapshot away as long as it cannot be written', async () => {
  append(0);
  await expect.poll(() => existsSync(path())).toBe(true);
  rmSync(path());
  mkdirSync(join(path(), 'in the way'), { recursive: true });
  append(3);
  log.roll();
  append(3);
  const snapshot = join(directory, 'topic-0', '00000000000000000002.snapshot');
  await log.storeState();
  expect(existsSync(snapshot)).toBe(false);
  rmSync(path(), { recursive: true });
  await log.storeState();
  expect(readFileSync(path(), 'utf8')).toBe('0\n2\n0 0\n3 1\n');
  expect(existsSync(join(directory, 'topic-0', '00000000000000000003.snapshot'))).toBe(true);
});

it('is written beside a snapshot when the state is stored', async () => {
  append(0);
  await log.storeState();
  rmSync(path());
  await log.storeState();
  expect(readFileSync(path(), 'utf8')).toBe('0\n1\n0 0\n');
  expect(existsSync(join(directory, 'topic-0', '00000000000000000001.snapshot'))).toBe(true);
});
