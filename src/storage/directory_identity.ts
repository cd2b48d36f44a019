import type { FileSystem, Random } from '../common/ports/index.js';
import { formatMetaProperties, type MetaProperties, metaPropertiesFile, parseMetaProperties } from './checkpoints.js';

/** The broker cannot start on this storage. The message is one sentence for the operator, with the remedy. */
export class StorageStartError extends Error {
  override readonly name = 'StorageStartError';
}

/** `meta.properties` cannot be understood: nobody can tell whose directory it is. */
export class DamagedIdentityError extends Error {
  override readonly name = 'DamagedIdentityError';
}

/** What a first start that did not get as far as `meta.properties` leaves. */
const own = new Set(['.lock', `${metaPropertiesFile}.tmp`]);

/**
 * Reads `meta.properties` of a log directory; undefined when the directory is new. A directory belongs to one node of one cluster:
 * serving it as another would mix up two logs.
 *
 * @throws StorageStartError, DamagedIdentityError, FileSystemError
 */
export async function readMetaProperties(
  ports: { readonly files: FileSystem },
  path: string,
  expected: { readonly clusterId: string | undefined; readonly nodeId: number },
): Promise<MetaProperties | undefined> {
  const file = `${path}/${metaPropertiesFile}`;
  const bytes = await ports.files.readFile(file);
  if (bytes === undefined) {
    const entries = (await ports.files.listDirectory(path)) ?? [];
    const foreign = entries.find(({ name }) => !own.has(name) && !name.startsWith('millrace-'));
    if (foreign !== undefined)
      throw new StorageStartError(
        `the data directory ${path} is not empty (${foreign.name}) and has no meta.properties: it is not a broker's; use an empty one`,
      );
    return undefined;
  }
  const meta = parseMetaProperties(bytes);
  if (meta === undefined)
    throw new DamagedIdentityError(
      `${file} is damaged or of another version: restore it, or use another data directory`,
    );
  if (meta.nodeId !== expected.nodeId)
    throw new StorageStartError(
      `the data directory ${path} belongs to node ${meta.nodeId}, but this broker is node ${expected.nodeId}: set node.id=${meta.nodeId} or use another data directory`,
    );
  if (expected.clusterId !== undefined && meta.clusterId !== expected.clusterId)
    throw new StorageStartError(
      `the data directory ${path} belongs to cluster ${meta.clusterId}, not ${expected.clusterId}: use another data directory`,
    );
  return meta;
}

/** Gives a new directory its identity. @throws FileSystemError */
export async function createMetaProperties(
  ports: { readonly files: FileSystem; readonly random: Random },
  path: string,
  clusterId: string,
  nodeId: number,
): Promise<MetaProperties> {
  const meta = { clusterId, nodeId, directoryId: ports.random.uuid() };
  await ports.files.writeFileAtomic(`${path}/${metaPropertiesFile}`, formatMetaProperties(meta), { sync: true });
  return meta;
}
