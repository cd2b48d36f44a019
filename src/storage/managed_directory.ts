import type { LogDirectory } from '../common/ports/index.js';

/** A log directory, with what its files said at the start. */
export interface ManagedDirectory {
  readonly path: string;
  readonly directory: LogDirectory;
  readonly cleanShutdown: boolean;
  readonly recoveryPoints: ReadonlyMap<string, number>;
  readonly logStartOffsets: ReadonlyMap<string, number>;
  readonly cleanedOffsets: ReadonlyMap<string, number>;
  readonly highWatermarks: ReadonlyMap<string, number>;
  /** Partition directories that were there at the start. */
  readonly found: Set<string>;
  /** A log of it could not be closed: the stop is no clean one. */
  dirty: boolean;
}
