import { ZERO_UUID } from '../common/ids.js';
import type { LogDirectory } from '../common/ports/index.js';
import { FileSystemError, LogStoreError } from '../common/ports/index.js';
import type { MetaProperties } from './checkpoints.js';
import {
  createMetaProperties,
  DamagedIdentityError,
  readMetaProperties,
  StorageStartError,
} from './directory_identity.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import { ManagedDirectory } from './managed_directory.js';

export interface DirectorySettings {
  readonly directories: readonly string[];
  readonly clusterId: string | undefined;
  readonly nodeId: number;
}

export interface OpenedDirectories {
  /** In the order of `log.dirs`. */
  readonly all: readonly ManagedDirectory[];
  readonly clusterId: string;
}

interface Candidate {
  readonly path: string;
  readonly directory: LogDirectory | undefined;
  readonly failure: LogStoreError | undefined;
}

/**
 * Takes the directories of `log.dirs` into use as Kafka does: one that cannot be read or written, or whose `meta.properties` is
 * damaged, is offline and the broker starts with the others; one that is another broker's, or has the identity of another one of the
 * list, stops the start, since going on could mix up two logs. The first one holds the broker's metadata and must be good.
 *
 * @throws StorageStartError with one sentence and the remedy
 */
export async function openDirectories(ports: LogManagerPorts, settings: DirectorySettings): Promise<OpenedDirectories> {
  refuseRepeated(settings.directories);
  const candidates: Candidate[] = [];
  try {
    for (const path of settings.directories) candidates.push(await take(ports, path));
    return await identify(ports, settings, candidates);
  } catch (error) {
    for (const { directory } of candidates) await directory?.close();
    throw error;
  }
}

function refuseRepeated(paths: readonly string[]): void {
  const repeated = paths.find((path, index) => paths.indexOf(path) !== index);
  if (repeated !== undefined)
    throw new StorageStartError(`the data directory ${repeated} is named twice in log.dirs: name it once`);
}

/** Makes the directory when it is not there and takes its lock. */
async function take(ports: LogManagerPorts, path: string): Promise<Candidate> {
  try {
    await ports.files.makeDirectory(path);
    return { path, directory: await ports.store.openDirectory(path), failure: undefined };
  } catch (error) {
    if (error instanceof LogStoreError && error.kind === 'LOCKED')
      throw new StorageStartError(
        `the data directory ${path} is in use by another broker: stop that one, or give this one a directory of its own (log.dirs)`,
        { cause: error },
      );
    return { path, directory: undefined, failure: failureOf(error, path) };
  }
}

async function identify(
  ports: LogManagerPorts,
  settings: DirectorySettings,
  candidates: readonly Candidate[],
): Promise<OpenedDirectories> {
  const known: Array<{
    readonly candidate: Candidate;
    meta: MetaProperties | undefined;
    failure: LogStoreError | undefined;
  }> = [];
  let clusterId = settings.clusterId;
  for (const candidate of candidates) {
    let { failure } = candidate;
    let meta: MetaProperties | undefined;
    if (failure === undefined)
      try {
        meta = await readMetaProperties(ports, candidate.path, { clusterId, nodeId: settings.nodeId });
        clusterId ??= meta?.clusterId;
      } catch (error) {
        if (error instanceof StorageStartError) throw error;
        failure = failureOf(error, candidate.path);
      }
    known.push({ candidate, meta, failure });
  }
  const chosenId = clusterId ?? ports.random.uuid();
  const all: ManagedDirectory[] = [];
  for (const one of known) {
    const { path, directory } = one.candidate;
    if (directory !== undefined && one.failure === undefined)
      try {
        // Kafka before 3.7 gave its directories no id.
        const known = one.meta?.directoryId === ZERO_UUID ? undefined : one.meta;
        const meta = known ?? (await createMetaProperties(ports, path, chosenId, settings.nodeId));
        refuseTwin(path, meta, all);
        all.push(await ManagedDirectory.open(ports, directory, meta.directoryId));
        continue;
      } catch (error) {
        if (error instanceof StorageStartError) throw error;
        one.failure = failureOf(error, path);
      }
    const failure = one.failure ?? new LogStoreError('IO', 'open', path, '');
    await directory?.close();
    // The metadata is there: without it nobody knows which partitions there are.
    if (all.length === 0)
      throw new StorageStartError(
        `the data directory ${path} cannot be used (${failure.message}): it must be a directory this user may write to`,
        { cause: failure },
      );
    ports.logger.error(
      `the log directory ${path} cannot be used and is offline: mend it and restart the broker; its partitions answer KAFKA_STORAGE_ERROR until then`,
      { error: failure },
    );
    all.push(ManagedDirectory.unusable(ports, path, failure));
  }
  return { all, clusterId: chosenId };
}

function refuseTwin(path: string, meta: MetaProperties, others: readonly ManagedDirectory[]): void {
  const twin = others.find(({ directoryId }) => directoryId === meta.directoryId);
  if (twin === undefined) return;
  throw new StorageStartError(
    `the data directories ${twin.path} and ${path} have the same directory.id ${meta.directoryId} in meta.properties: one is a copy of the other; take it out of log.dirs, or remove its meta.properties and its partitions`,
  );
}

function failureOf(error: unknown, path: string): LogStoreError {
  if (error instanceof LogStoreError) return error;
  if (error instanceof FileSystemError) return new LogStoreError('IO', error.operation, error.path, error.code);
  if (error instanceof DamagedIdentityError) return new LogStoreError('IO', 'open', path, '', error.message);
  throw error;
}
