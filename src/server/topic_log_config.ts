import { type BrokerConfig, resolveTopicConfig, type TopicConfig } from '../config/index.js';
import type { TopicImage } from '../metadata/image.js';
import type { LogConfig, Recompression } from '../storage/log_config.js';

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
    recompression: recompressionOf(config),
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

/** gzip's own name for its default level. */
const gzipDefault = -1;
const gzipDefaultLevel = 6;

function recompressionOf(config: TopicConfig): Recompression | undefined {
  switch (config.compressionType) {
    case 'uncompressed':
      return { codec: 0, level: 0 };
    case 'gzip': {
      const level = config.compressionGzipLevel;
      return { codec: 1, level: level === gzipDefault ? gzipDefaultLevel : level };
    }
    case 'snappy':
      return { codec: 2, level: 0 };
    case 'lz4':
      return { codec: 3, level: config.compressionLz4Level };
    case 'zstd':
      return { codec: 4, level: config.compressionZstdLevel };
    default:
      return undefined;
  }
}
