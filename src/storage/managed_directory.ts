import type { LogDirectory } from '../common/ports/index.js';
import type { DiskSpace } from './disk_space.js';

/** A log directory, with what its files said at the start. */
export interface ManagedDirectory {
  readonly path: string;
  readonly directory: LogDirectory;
  readonly space: DiskSpace | undefined;
  readonly cleanShutdown: boolean;
  readonly recoveryPoints: Map<string, number>;
  readonly logStartOffsets: Map<string, number>;
  readonly cleanedOffsets: Map<string, number>;
  readonly highWatermarks: Map<string, number>;
  /** Partition directories that were there at the start. */
  readonly found: Set<string>;
  /** A log of it could not be closed: the stop is no clean one. */
  dirty: boolean;
}
