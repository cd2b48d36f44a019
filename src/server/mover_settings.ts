import type { BrokerConfig } from '../config/index.js';
import type { MoverSettings } from '../storage/replica_mover.js';

/** How moves between log directories are held back, as it is now. */
export function moverSettings(config: BrokerConfig): MoverSettings {
  return {
    maxBytesPerSecond: config.long('replica.alter.log.dirs.io.max.bytes.per.second'),
    threads: config.int('num.replica.alter.log.dirs.threads') ?? undefined,
  };
}
