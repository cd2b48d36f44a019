import { type BrokerConfig, resolveTopicConfig } from '../config/index.js';
import type { TopicImage } from '../metadata/image.js';
import type { LogConfig } from '../storage/log_config.js';

/** What the log layer goes by for a topic: its configs over the broker's. */
export function logConfigOf(broker: BrokerConfig, topic: TopicImage): LogConfig {
  const config = resolveTopicConfig(broker, topic.configs);
  return {
    segmentBytes: config.segmentBytes,
    segmentMs: config.segmentMs,
    segmentJitterMs: config.segmentJitterMs,
    indexIntervalBytes: config.indexIntervalBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    preallocate: config.preallocate,
    retentionMs: config.retentionMs,
    retentionBytes: config.retentionBytes,
    maxMessageBytes: config.maxMessageBytes,
    compact: config.compacts,
    deleteOld: config.deletes,
    deleteRetentionMs: config.deleteRetentionMs,
    minCompactionLagMs: config.minCompactionLagMs,
    maxCompactionLagMs: config.maxCompactionLagMs,
    minCleanableDirtyRatio: config.minCleanableDirtyRatio,
    logAppendTime: config.messageTimestampType === 'LogAppendTime',
    timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
    timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
    fileDeleteDelayMs: config.fileDeleteDelayMs,
    groupFlush: config.flushMode === 'group',
    minInsyncReplicas: config.minInsyncReplicas,
  };
}
