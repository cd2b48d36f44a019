import type { FileSystem, Random } from '../common/ports/index.js';
import { formatMetaProperties, type MetaProperties, metaPropertiesFile, parseMetaProperties } from './checkpoints.js';

/** The broker cannot start on this storage. The message is one sentence for the operator, with the remedy. */
export class StorageStartError extends Error {
  override readonly name = 'StorageStartError';
}

/**
 * Reads `meta.properties` of a log directory, or makes it for a new one. A directory belongs to one node of one cluster: serving
 * it as another would mix up two logs.
 *
 * @throws StorageStartError
 */
export async function openMetaProperties(
  ports: { readonly files: FileSystem; readonly random: Random },
  path: string,
  settings: { readonly clusterId: string | undefined; readonly nodeId: number },
  otherDirectorysClusterId: string,
): Promise<MetaProperties> {
  const file = `${path}/${metaPropertiesFile}`;
  const bytes = await ports.files.readFile(file);
  const wanted = settings.clusterId ?? (otherDirectorysClusterId === '' ? undefined : otherDirectorysClusterId);
  if (bytes === undefined) {
    const entries = (await ports.files.listDirectory(path)) ?? [];
    const foreign = entries.find((entry) => entry.name !== '.lock' && !entry.name.startsWith('millrace-'));
    if (foreign !== undefined)
      throw new StorageStartError(
        `the data directory ${path} is not empty (${foreign.name}) and has no meta.properties: it is not a broker's; use an empty one`,
      );
    const meta = {
      clusterId: wanted ?? ports.random.uuid(),
      nodeId: settings.nodeId,
      directoryId: ports.random.uuid(),
    };
    await ports.files.writeFileAtomic(file, formatMetaProperties(meta), { sync: true });
    return meta;
  }
  const meta = parseMetaProperties(bytes);
  if (meta === undefined)
    throw new StorageStartError(`${file} is damaged or of another version: restore it, or use another data directory`);
  if (meta.nodeId !== settings.nodeId)
    throw new StorageStartError(
      `the data directory ${path} belongs to node ${meta.nodeId}, but this broker is node ${settings.nodeId}: set node.id=${meta.nodeId} or use another data directory`,
    );
  if (wanted !== undefined && meta.clusterId !== wanted)
    throw new StorageStartError(
      `the data directory ${path} belongs to cluster ${meta.clusterId}, not ${wanted}: use another data directory`,
    );
  return meta;
}
