import type { Clock, FileSystem, LogStore, Random, Timers } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';

/** What the storage layer needs from outside. */
export interface LogManagerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly files: FileSystem;
  readonly store: LogStore;
  readonly logger: Logger;
}
