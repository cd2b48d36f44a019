import {
  type Clock,
  type DirectoryLocks,
  type FileSystem,
  FileSystemError,
  type FileTools,
  LogStoreError,
  type Timers,
} from '../common/ports/index.js';
import { metaPropertiesFile } from '../storage/checkpoints.js';
import { nameOf, parentOf, parsePartitionName } from './log_files.js';

/** What the tools touch of the world. */
export interface OfflinePorts {
  readonly files: FileSystem;
  readonly tools: FileTools;
  readonly locks: DirectoryLocks;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The tool cannot work here; the message is one sentence with the remedy. */
export class OfflineError extends Error {
  override readonly name = 'OfflineError';
}

/** A log directory, or some partitions of one, with no broker running on it while `use` runs. */
export interface OfflineDirectory {
  /** As given. */
  readonly path: string;
  /** Where `meta.properties` and the checkpoints are. */
  readonly logDirectory: string;
  /** Names of partition directories, sorted; those of the whole log directory, or the one that was given. */
  readonly partitions: readonly string[];
  /** The whole log directory was given. */
  readonly whole: boolean;
}

/**
 * Runs `use` while no broker can start on the directory. `path` is a log directory or the directory of one partition.
 *
 * @throws OfflineError when a broker runs on it, or it is no log directory
 */
export async function withOfflineDirectory<T>(
  ports: OfflinePorts,
  path: string,
  kind: 'shared' | 'exclusive',
  use: (directory: OfflineDirectory) => Promise<T>,
): Promise<T> {
  const directory = await findDirectory(ports, path);
  return withLock(ports.locks, directory.logDirectory, kind, () => use(directory));
}

/** @throws OfflineError when a broker runs on the directory */
export async function withLock<T>(
  locks: DirectoryLocks,
  logDirectory: string,
  kind: 'shared' | 'exclusive',
  use: () => Promise<T>,
): Promise<T> {
  const lock = takeLock(locks, logDirectory, kind);
  try {
    return await use();
  } finally {
    lock.release();
  }
}

/** @throws OfflineError when a broker runs on the directory */
export function takeLock(
  locks: DirectoryLocks,
  logDirectory: string,
  kind: 'shared' | 'exclusive',
): { release(): void } {
  try {
    return locks.take(logDirectory, kind);
  } catch (error) {
    if (!(error instanceof LogStoreError)) throw error;
    if (error.kind === 'LOCKED')
      throw new OfflineError(`a broker is running on ${logDirectory}: stop it first, or work on a copy`, {
        cause: error,
      });
    throw new OfflineError(`${logDirectory}/.lock cannot be locked (${error.code})`, { cause: error });
  }
}

async function findDirectory({ files, tools }: OfflinePorts, path: string): Promise<OfflineDirectory> {
  const entries = await files.listDirectory(path).catch((error: unknown) => {
    if (error instanceof FileSystemError && error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (entries === undefined)
    throw new OfflineError(`${path} is no directory: name a log directory, or the directory of one partition`);
  const partitions = entries
    .filter((entry) => entry.kind === 'directory' && parsePartitionName(entry.name) !== undefined)
    .map(({ name }) => name)
    .sort();
  const isLogDirectory = partitions.length > 0 || entries.some(({ name }) => name === metaPropertiesFile);
  if (isLogDirectory) return { path, logDirectory: path, partitions, whole: true };
  const real = await tools.realPath(path);
  if (parsePartitionName(nameOf(real)) === undefined)
    throw new OfflineError(
      `${path} is neither a log directory (it has no ${metaPropertiesFile}) nor the directory of a partition (topic-0)`,
    );
  return { path, logDirectory: parentOf(real), partitions: [nameOf(real)], whole: false };
}
