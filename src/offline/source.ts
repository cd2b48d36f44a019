import { type Uuid, ZERO_UUID } from '../common/ids.js';
import {
  cleanShutdownFile,
  leaderEpochFile,
  type MetaProperties,
  metaPropertiesFile,
  parseEpochs,
  parseMetaProperties,
  parsePartitionMetadata,
  partitionMetadataFile,
} from '../storage/checkpoints.js';
import { clientMatchNotes } from './client_match_notes.js';
import { clusterMetadataDirectory, type KafkaMetadata, noMetadata, readKafkaMetadata } from './kafka_metadata.js';
import { parsePartitionName } from './log_files.js';
import { journalFile, readJournal } from './metadata_journal.js';
import { OfflineError, type OfflinePorts } from './offline_directory.js';

/** A log directory that something is made from. */
export interface SourceDirectory {
  readonly path: string;
  readonly meta: MetaProperties;
  readonly cleanShutdown: boolean;
  readonly partitions: readonly SourcePartition[];
}

export interface SourcePartition {
  /** Of its directory, `topic-0`. */
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly path: string;
}

export interface Source {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly directories: readonly SourceDirectory[];
  readonly metadata: KafkaMetadata;
  /** Where the topics are known from. */
  readonly kind: 'kafka' | 'millrace' | 'files';
  /** What is there and left out, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads what the log directories of one stopped broker hold. @throws OfflineError */
export async function readSource(ports: OfflinePorts, paths: readonly string[]): Promise<Source> {
  const notes: string[] = [];
  const found = await findMetadata(ports, paths);
  const directories: SourceDirectory[] = [];
  const metadata = found?.metadata ?? noMetadata();
  for (const path of paths) directories.push(await readDirectory(ports, path, found?.metadata, metadata, notes));
  const [first] = directories;
  if (first === undefined) throw new OfflineError('no log directory was named');
  for (const { path, meta } of directories)
    if (meta.clusterId !== first.meta.clusterId || meta.nodeId !== first.meta.nodeId)
      throw new OfflineError(`${path} is of another broker than ${first.path}: name the directories of one broker`);
  if (found === undefined)
    notes.push('no metadata log was found: topics are known from their directories alone, without their configs');
  for (const [name, count] of metadata.leftOut) notes.push(`left out: ${count} of ${name}`);
  notes.push(...clientMatchNotes(metadata.clientMetrics));
  const { clusterId, nodeId } = first.meta;
  return { clusterId, nodeId, directories, metadata, kind: found?.kind ?? 'files', notes };
}

async function findMetadata(
  ports: OfflinePorts,
  paths: readonly string[],
): Promise<{ readonly metadata: KafkaMetadata; readonly kind: 'kafka' | 'millrace' } | undefined> {
  for (const path of paths) {
    const journal = await readJournal(ports, `${path}/${journalFile}`);
    if (journal !== undefined) return { metadata: journal, kind: 'millrace' };
    const kafka = await readKafkaMetadata(ports, path);
    if (kafka !== undefined) return { metadata: kafka, kind: 'kafka' };
  }
  return undefined;
}

async function readDirectory(
  ports: OfflinePorts,
  path: string,
  known: KafkaMetadata | undefined,
  metadata: KafkaMetadata,
  notes: string[],
): Promise<SourceDirectory> {
  const { files } = ports;
  const bytes = await files.readFile(`${path}/${metaPropertiesFile}`);
  const meta = bytes === undefined ? undefined : parseMetaProperties(bytes);
  if (meta === undefined)
    throw new OfflineError(
      bytes === undefined
        ? `${path} has no ${metaPropertiesFile}: it is no log directory`
        : `${path}/${metaPropertiesFile} is of another version than 1: start the Kafka (4.x) it belongs to once, or upgrade it`,
    );
  const partitions: SourcePartition[] = [];
  for (const { name, kind } of (await files.listDirectory(path)) ?? []) {
    if (kind !== 'directory' || name === clusterMetadataDirectory) continue;
    const parsed = parsePartitionName(name);
    if (parsed === undefined) {
      notes.push(`left out: ${path}/${name}, which is no partition, or one that is being moved or deleted`);
      continue;
    }
    const partition = { ...parsed, name, path: `${path}/${name}` };
    const topicId = await topicIdOf(ports, partition.path);
    const topic = [...metadata.topics.values()].find((one) => one.name === parsed.topic);
    if (known !== undefined && (topic === undefined || (topicId !== undefined && topicId !== topic.id))) {
      notes.push(`left out: ${path}/${name}, which belongs to no topic that exists`);
      continue;
    }
    if (known === undefined) await addFromFiles(ports, partition, topicId, meta.nodeId, metadata);
    partitions.push(partition);
  }
  partitions.sort((a, b) => (a.name < b.name ? -1 : 1));
  const cleanShutdown = (await ports.tools.stat(`${path}/${cleanShutdownFile}`)) !== undefined;
  return { path, meta, cleanShutdown, partitions };
}

async function topicIdOf({ files }: OfflinePorts, path: string): Promise<Uuid | undefined> {
  const bytes = await files.readFile(`${path}/${partitionMetadataFile}`);
  const id = bytes === undefined ? undefined : parsePartitionMetadata(bytes);
  return id === ZERO_UUID ? undefined : id;
}

/** A topic of which only the directories are left. */
async function addFromFiles(
  { files }: OfflinePorts,
  { topic, partition, path }: SourcePartition,
  topicId: Uuid | undefined,
  nodeId: number,
  metadata: KafkaMetadata,
): Promise<void> {
  if (topicId === undefined)
    throw new OfflineError(
      `${path} has no ${partitionMetadataFile}, and there is no metadata log: its topic's id is not known`,
    );
  const known = metadata.topics.get(topicId) ?? { id: topicId, name: topic, partitions: new Map() };
  metadata.topics.set(topicId, known);
  const epochs = await files.readFile(`${path}/${leaderEpochFile}`);
  const leaderEpoch = (epochs === undefined ? undefined : parseEpochs(epochs))?.at(-1)?.epoch ?? 0;
  known.partitions.set(partition, { leader: nodeId, leaderEpoch, replicas: [nodeId], isr: [nodeId] });
}
