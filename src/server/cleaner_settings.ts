import type { BrokerConfig } from '../config/index.js';
import type { CleanerSettings } from '../storage/log_cleaner.js';

/** The configs of the log cleaner as they are now. */
export function cleanerSettings(config: BrokerConfig): CleanerSettings {
  return {
    threads: config.int('log.cleaner.threads'),
    dedupeBufferBytes: config.long('log.cleaner.dedupe.buffer.size'),
    dedupeBufferLoadFactor: config.double('log.cleaner.io.buffer.load.factor'),
    ioBufferBytes: config.int('log.cleaner.io.buffer.size'),
    maxIoBytesPerSecond: config.double('log.cleaner.io.max.bytes.per.second'),
    backoffMs: config.long('log.cleaner.backoff.ms'),
  };
}
