import type { LogManagerSettings } from '../../src/storage/log_manager.js';

/** Of a broker with one log directory, no cleaner and Kafka's intervals. */
export function logManagerSettings(directory: string, more: Partial<LogManagerSettings> = {}): LogManagerSettings {
  return {
    directories: [directory],
    clusterId: undefined,
    nodeId: 1,
    retentionCheckIntervalMs: 300_000,
    checkpointIntervalMs: 60_000,
    producerExpirationMs: 86_400_000,
    producerExpirationCheckMs: 600_000,
    cleaner: undefined,
    ...more,
  };
}
