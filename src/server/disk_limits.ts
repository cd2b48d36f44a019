import type { BrokerConfig } from '../config/index.js';
import type { DiskLimits } from '../storage/disk_space.js';

/** `millrace.disk.*` as they are now. */
export function diskLimits(config: BrokerConfig): DiskLimits {
  return {
    reserveBytes: config.long('millrace.disk.reserve.bytes'),
    resumeBytes: config.long('millrace.disk.resume.bytes'),
    checkIntervalMs: config.int('millrace.disk.check.interval.ms'),
  };
}
