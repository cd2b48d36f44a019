import { describe, expect, it } from 'vitest';
import type { SegmentInfo } from '../../src/common/ports/index.js';
import { type CleanableLog, hasDirtySegments, planCleaning } from '../../src/storage/cleaning_plan.js';
import type { LogConfig } from '../../src/storage/log_config.js';
import { compactedConfig } from '../support/log_configs.js';

const nowMs = 1_000_000_000;

interface Scene {
  readonly config?: Partial<LogConfig>;
  readonly cleanedOffset?: number;
  readonly stable?: number;
  readonly flushed?: number;
  readonly start?: number;
}

/** Sealed segments at 0, 100, 200 with 1000, 2000 and 3000 bytes, written 30, 20 and 10 s ago; active from 300 to 350. */
function scene({ config, cleanedOffset, stable = 350, flushed = 350, start = 0 }: Scene = {}): CleanableLog {
  const segments: SegmentInfo[] = [1000, 2000, 3000, 500].map((sizeBytes, index) => ({
    baseOffset: index * 100,
    sizeBytes,
    firstTimestampMs: nowMs - 30_000 + index * 10_000,
    maxTimestampMs: nowMs - 30_000 + index * 10_000,
    lastModifiedMs: nowMs,
    active: index === 3,
  }));
  return {
    config: compactedConfig(config),
    cleanedOffset,
    stableOffset: () => stable,
    log: {
      logStartOffset: start,
      logEndOffset: 350,
      flushedOffset: flushed,
      activeBaseOffset: 300,
      segments: () => segments,
    },
  };
}

const plan = (options?: Scene) => planCleaning(scene(options), nowMs);

describe('the plan of cleaning a log', () => {
  it('takes everything sealed when nothing was cleaned before', () => {
    expect(plan()).toMatchObject({
      firstDirtyOffset: 0,
      endOffset: 300,
      cleanBytes: 0,
      cleanableBytes: 6000,
      due: true,
    });
    expect(plan().cleanableRatio).toBe(1);
  });

  it('weighs dirty bytes against all bytes up to the end', () => {
    const half = plan({ cleanedOffset: 200 });
    expect(half).toMatchObject({ firstDirtyOffset: 200, cleanBytes: 3000, cleanableBytes: 3000, cleanableRatio: 0.5 });
    // Strictly more than the ratio, as in Kafka.
    expect(half.due).toBe(false);
    expect(plan({ cleanedOffset: 200, config: { minCleanableDirtyRatio: 0.49 } }).due).toBe(true);
    expect(plan({ cleanedOffset: 300 })).toMatchObject({ cleanableBytes: 0, due: false, waiting: false });
  });

  it('stays below what is committed and on the medium, in whole segments', () => {
    expect(plan({ stable: 299 }).endOffset).toBe(200);
    expect(plan({ flushed: 150 }).endOffset).toBe(100);
    expect(plan({ stable: 99 })).toMatchObject({ endOffset: 0, due: false, waiting: true });
  });

  it('leaves segments with records younger than min.compaction.lag.ms', () => {
    expect(plan({ config: { minCompactionLagMs: 15_000 } })).toMatchObject({ endOffset: 200, cleanableBytes: 3000 });
    expect(plan({ config: { minCompactionLagMs: 60_000 } })).toMatchObject({ endOffset: 0, due: false, waiting: true });
    // Clean segments do not count, however young.
    expect(plan({ cleanedOffset: 300, config: { minCompactionLagMs: 60_000 } }).waiting).toBe(false);
  });

  it('is due below the ratio when a record waits longer than max.compaction.lag.ms', () => {
    const late = plan({ cleanedOffset: 200, config: { maxCompactionLagMs: 9000 } });
    expect(late).toMatchObject({ compactionDelayMs: 1000, due: true });
    expect(plan({ cleanedOffset: 200, config: { maxCompactionLagMs: 10_000 } })).toMatchObject({
      compactionDelayMs: 0,
      due: false,
      waiting: true,
    });
  });

  it('begins anew when the checkpoint does not fit the log', () => {
    expect(plan({ cleanedOffset: 351 }).firstDirtyOffset).toBe(0);
    expect(plan({ cleanedOffset: 50, start: 120 }).firstDirtyOffset).toBe(120);
    expect(hasDirtySegments(scene({ cleanedOffset: 300 }))).toBe(false);
    expect(hasDirtySegments(scene({ cleanedOffset: 299 }))).toBe(true);
  });
});
