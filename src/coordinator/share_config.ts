import type { BrokerConfig } from '../config/index.js';
import type { ShareCoordinatorConfig } from './share_coordinator.js';

/** The broker's settings that the share coordinator goes by. All are read-only: they count from the start of the broker. */
export function shareCoordinatorConfig(config: BrokerConfig): ShareCoordinatorConfig {
  return {
    appendLingerMs: config.int('share.coordinator.append.linger.ms'),
    writeTimeoutMs: config.int('share.coordinator.write.timeout.ms'),
    loadBufferSize: config.int('share.coordinator.load.buffer.size'),
    stateTopicNumPartitions: config.int('share.coordinator.state.topic.num.partitions'),
    updatesPerSnapshot: config.int('share.coordinator.snapshot.update.records.per.snapshot'),
    coldSnapshotIntervalMs: config.int('share.coordinator.cold.partition.snapshot.interval.ms'),
    pruneIntervalMs: config.int('share.coordinator.state.topic.prune.interval.ms'),
  };
}
