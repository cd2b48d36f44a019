import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { encodeBatch } from '../../src/records/index.js';
import type { LogManager } from '../../src/storage/log_manager.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { compactedConfig } from '../support/log_configs.js';
import { openLogManager } from '../support/open_log_manager.js';

const beginMs = 1_700_000_000_000;
const segmentMs = 1000;
let directory: string;
let manager: LogManager;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-jitter-'));
  manager = await openLogManager(directory, beginMs);
});
afterEach(async () => {
  await manager.close();
  rmSync(directory, { recursive: true, force: true });
});

/** After how many milliseconds the active segment, whose first record is of `firstMs`, is rolled. */
function waitOf(log: PartitionLog, firstMs: number): number {
  const batch = encodeBatch({ records: [{ timestampMs: firstMs, key: Buffer.from('k'), value: null }] });
  log.appendAsLeader(batch, { leaderEpoch: 0, nowMs: firstMs, produceVersion: 9 });
  const base = log.log.activeBaseOffset;
  for (let waitedMs = 0; waitedMs <= 2 * segmentMs; waitedMs += 1) {
    log.rollIfDue(firstMs + waitedMs);
    if (log.log.activeBaseOffset !== base) return waitedMs;
  }
  return -1;
}

async function waits(segmentJitterMs: number): Promise<number[]> {
  const found: number[] = [];
  for (let partition = 0; partition < 10; partition += 1) {
    const config = compactedConfig({ compact: false, segmentMs, segmentJitterMs });
    const log = await manager.openLog('topic', partition, 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid, config, () => {});
    for (let segment = 0; segment < 3; segment += 1) found.push(waitOf(log, beginMs + 10_000 * segment));
  }
  return found;
}

it('rolls every segment once segment.ms is over without segment.jitter.ms', async () => {
  expect(new Set(await waits(0))).toEqual(new Set([segmentMs + 1]));
});

it('rolls each segment up to segment.jitter.ms earlier, by another draw for each', async () => {
  const found = await waits(400);
  expect(Math.min(...found)).toBeGreaterThan(segmentMs - 400);
  expect(Math.max(...found)).toBeLessThanOrEqual(segmentMs + 1);
  expect(new Set(found).size).toBeGreaterThan(20);
});

it('draws within segment.ms when segment.jitter.ms is larger', async () => {
  const found = await waits(1_000_000);
  expect(Math.min(...found)).toBeGreaterThan(0);
  expect(Math.max(...found)).toBeGreaterThan(segmentMs / 2);
});
