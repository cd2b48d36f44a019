import {
  cleanerFile,
  cleanShutdownFile,
  formatMetaProperties,
  formatOffsets,
  highWatermarkFile,
  logStartOffsetFile,
  metaPropertiesFile,
  parseOffsets,
  recoveryPointFile,
} from '../storage/checkpoints.js';
import { journalFile, writeJournal } from './metadata_journal.js';
import { OfflineError, type OfflinePorts } from './offline_directory.js';
import type { Source, SourceDirectory } from './source.js';

/** How a file of the source gets into the new directory. */
export type Placing = 'copy' | 'link';

export interface PlacedDirectory {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly topics: number;
  readonly partitions: number;
  readonly files: number;
  readonly bytes: number;
  readonly cleanShutdown: boolean;
}

const offsetCheckpoints = [recoveryPointFile, logStartOffsetFile, highWatermarkFile, cleanerFile];
/** What nobody needs: half-written small files, and segments that were dropped. */
const leftBehind = /\.(tmp|deleted)$|^\.lock$/;

/**
 * Makes a Millrace directory of a broker's log directories. Its `meta.properties` is written last: without it, after a failure, the directory
 * is no broker's and is refused.
 *
 * @param placingOf `link` leaves the file where it is; it must then never be written through (see `createNativeLogStore`)
 * @throws OfflineError, FileSystemError, MetadataStoreError
 */
export async function placeDirectory(
  ports: OfflinePorts,
  source: Source,
  output: string,
  placingOf: (topic: string) => Placing,
): Promise<PlacedDirectory> {
  const { files } = ports;
  await claimEmpty(ports, output);
  let count = 0;
  let bytes = 0;
  const hosted = new Set<string>();
  for (const directory of source.directories)
    for (const partition of directory.partitions) {
      hosted.add(partition.name);
      const placed = await placePartition(
        ports,
        partition.path,
        `${output}/${partition.name}`,
        placingOf(partition.topic),
      );
      count += placed.files;
      bytes += placed.bytes;
    }
  for (const name of offsetCheckpoints) {
    const offsets = await mergedOffsets(ports, source.directories, name, hosted);
    if (offsets !== undefined) await files.writeFileAtomic(`${output}/${name}`, formatOffsets(offsets), { sync: true });
  }
  const cleanShutdown = source.directories.every((directory) => directory.cleanShutdown);
  const [first] = source.directories;
  const marker = cleanShutdown ? await files.readFile(`${first?.path}/${cleanShutdownFile}`) : undefined;
  if (marker !== undefined) await files.writeFileAtomic(`${output}/${cleanShutdownFile}`, marker, { sync: true });
  await writeJournal(ports, `${output}/${journalFile}`, {
    clusterId: source.clusterId,
    nodeId: source.nodeId,
    metadata: source.metadata,
    hosts: (topic, partition) => hosted.has(`${topic}-${partition}`),
  });
  if (first !== undefined)
    await files.writeFileAtomic(`${output}/${metaPropertiesFile}`, formatMetaProperties(first.meta), { sync: true });
  const { clusterId, nodeId } = source;
  const topics = source.metadata.topics.size;
  return { clusterId, nodeId, topics, partitions: hosted.size, files: count, bytes, cleanShutdown };
}

/** @throws OfflineError */
export async function claimEmpty({ files }: OfflinePorts, output: string): Promise<void> {
  const [entry] = (await files.listDirectory(output)) ?? [];
  if (entry !== undefined)
    throw new OfflineError(`${output} is not empty (${entry.name}): name a directory that does not exist yet`);
  await files.makeDirectory(output);
}

export async function placePartition(
  { files, tools }: OfflinePorts,
  from: string,
  to: string,
  placing: Placing,
): Promise<{ readonly files: number; readonly bytes: number }> {
  await files.makeDirectory(to);
  const target = placing === 'link' ? await tools.realPath(from) : from;
  let count = 0;
  let bytes = 0;
  for (const { name, kind } of (await files.listDirectory(from)) ?? []) {
    if (kind === 'directory' || leftBehind.test(name)) continue;
    if (placing === 'link') await tools.link(`${target}/${name}`, `${to}/${name}`);
    else await tools.copyFile(`${from}/${name}`, `${to}/${name}`);
    count += 1;
    bytes += (await tools.stat(`${from}/${name}`))?.sizeBytes ?? 0;
  }
  await files.syncDirectory(to);
  return { files: count, bytes };
}

/** Entries of the partitions that are taken over; undefined when no directory has the file. */
async function mergedOffsets(
  { files }: OfflinePorts,
  directories: readonly SourceDirectory[],
  name: string,
  hosted: ReadonlySet<string>,
): Promise<Map<string, number> | undefined> {
  let merged: Map<string, number> | undefined;
  for (const { path } of directories) {
    const bytes = await files.readFile(`${path}/${name}`);
    const offsets = bytes === undefined ? undefined : parseOffsets(bytes);
    if (offsets === undefined) continue;
    merged ??= new Map();
    for (const [partition, offset] of offsets) if (hosted.has(partition)) merged.set(partition, offset);
  }
  return merged;
}
