import type { BrokerConfig } from '../config/index.js';
import type { GroupCoordinatorConfig } from '../coordinator/group_coordinator.js';

/** The group coordinator's settings out of the broker's. */
export function coordinatorConfig(config: BrokerConfig): GroupCoordinatorConfig {
  return {
    groupMinSessionTimeoutMs: config.int('group.min.session.timeout.ms'),
    groupMaxSessionTimeoutMs: config.int('group.max.session.timeout.ms'),
    groupInitialRebalanceDelayMs: config.int('group.initial.rebalance.delay.ms'),
    groupMaxSize: config.int('group.max.size'),
    groupCoordinatorAppendLingerMs: config.int('group.coordinator.append.linger.ms'),
    offsetMetadataMaxBytes: config.int('offset.metadata.max.bytes'),
    offsetsTopicNumPartitions: config.int('offsets.topic.num.partitions'),
    offsetsRetentionMinutes: config.int('offsets.retention.minutes'),
    offsetsRetentionCheckIntervalMs: config.long('offsets.retention.check.interval.ms'),
    offsetsCommitTimeoutMs: config.int('offsets.commit.timeout.ms'),
    offsetsLoadBufferSize: config.int('offsets.load.buffer.size'),
  };
}
