import { INT64_MAX } from '../../src/common/ids.js';
import type { LogConfig } from '../../src/storage/log_config.js';

/** A compacted topic with Kafka's defaults. */
export function compactedConfig(more: Partial<LogConfig> = {}): LogConfig {
  return {
    segmentBytes: 1 << 20,
    segmentMs: 7 * 86_400_000,
    segmentJitterMs: 0,
    indexIntervalBytes: 4096,
    segmentIndexBytes: 10 << 20,
    retentionMs: 7 * 86_400_000,
    retentionBytes: -1,
    maxMessageBytes: 1 << 20,
    compact: true,
    deleteOld: false,
    recompression: undefined,
    deleteRetentionMs: 86_400_000,
    minCompactionLagMs: 0,
    maxCompactionLagMs: INT64_MAX,
    minCleanableDirtyRatio: 0.5,
    logAppendTime: false,
    timestampBeforeMaxMs: INT64_MAX,
    timestampAfterMaxMs: 3_600_000,
    fileDeleteDelayMs: 60_000,
    groupFlush: false,
    minInsyncReplicas: 1,
    ...more,
  };
}
