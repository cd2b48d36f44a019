import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

it('is written with the snapshot that a sealed segment leaves, and before it', async () => {
  append(0);
  append(0);
  append(3);
  expect(existsSync(path())).toBe(false);
  expect(log.epochs.all).toEqual([
    { epoch: 0, startOffset: 0 },
    { epoch: 3, startOffset: 2 },
  ]);
  log.roll();
  const snapshot = join(directory, 'topic-0', '00000000000000000003.snapshot');
  await expect.poll(() => existsSync(snapshot)).toBe(true);
  expect(readFileSync(path(), 'utf8')).toBe('0\n2\n0 0\n3 2\n');
});

it('is written in an orderly stop', async () => {
  append(5);
  expect(existsSync(path())).toBe(false);
  await manager.close();
  expect(readFileSync(path(), 'utf8')).toBe('0\n1\n5 0\n');
});
