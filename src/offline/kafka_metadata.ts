import type { Uuid } from '../common/ids.js';
import type { FileSystem, FileTools, ReadableFile } from '../common/ports/index.js';
import { DecodeError } from '../protocol/reader.js';
import { decodeFramedRecord, metadataRecords } from '../protocol/records/catalog.js';
import type * as topics from '../protocol/records/metadata_topics.js';
import { decodeBatch } from '../records/index.js';
import { type AccessState, applyAccessRecord, noAccess } from './access_state.js';
import { BatchWalker, findBatch, hasGoodCrc } from './batch_walk.js';
import { parsePartitionName, parseSegmentFileName } from './log_files.js';
import { OfflineError, type OfflinePorts } from './offline_directory.js';

export const clusterMetadataDirectory = '__cluster_metadata-0';
/** Written by `kafka-storage format`, and by `log export`. */
export const bootstrapFile = 'bootstrap.checkpoint';

export interface KafkaPartition {
  leader: number;
  leaderEpoch: number;
  replicas: readonly number[];
  isr: readonly number[];
}

export interface KafkaTopic {
  readonly id: Uuid;
  readonly name: string;
  readonly partitions: Map<number, KafkaPartition>;
}

/** What KRaft's metadata log says, as far as Millrace has it too. */
export interface KafkaMetadata {
  readonly topics: Map<Uuid, KafkaTopic>;
  /** By topic name. */
  readonly topicConfigs: Map<string, Map<string, string>>;
  /** '' is the cluster-wide default. */
  readonly brokerConfigs: Map<string, Map<string, string>>;
  readonly groupConfigs: Map<string, Map<string, string>>;
  /** Of subscriptions to metrics of clients. */
  readonly clientMetrics: Map<string, Map<string, string>>;
  readonly access: AccessState;
  nextProducerId: number;
  /** Records that are not brought along, by what they are. */
  readonly leftOut: Map<string, number>;
  /** Offset after the last record that was read. */
  endOffset: number;
}

export function noMetadata(): KafkaMetadata {
  return {
    topics: new Map(),
    topicConfigs: new Map(),
    brokerConfigs: new Map(),
    groupConfigs: new Map(),
    clientMetrics: new Map(),
    access: noAccess(),
    nextProducerId: 0,
    leftOut: new Map(),
    endOffset: 0,
  };
}

export const topicResource = 2;
export const brokerResource = 4;
export const clientMetricsResource = 16;
export const groupResource = 32;
/** They say nothing that outlives the cluster. */
const ofTheQuorum: ReadonlySet<string> = new Set([
  'RegisterBrokerRecord',
  'UnregisterBrokerRecord',
  'FenceBrokerRecord',
  'UnfenceBrokerRecord',
  'BrokerRegistrationChangeRecord',
  'NoOpRecord',
  'ZkMigrationStateRecord',
  'RegisterControllerRecord',
  'ClearElrRecord',
]);

/**
 * Reads the newest snapshot and the log behind it; undefined when the directory has no metadata log. A transaction of the controller that was
 * not ended counts for nothing. Where nothing was written yet `bootstrap.checkpoint` counts: a controller's first start writes what it says.
 *
 * @throws OfflineError when it is damaged
 */
export async function readKafkaMetadata(
  { files, tools }: OfflinePorts,
  logDirectory: string,
): Promise<KafkaMetadata | undefined> {
  const path = `${logDirectory}/${clusterMetadataDirectory}`;
  const names = (await files.listDirectory(path))?.map(({ name }) => name);
  const replay = new MetadataReplay();
  if (names !== undefined) await readLog(tools, path, names, replay);
  if (replay.metadata.endOffset > 0) return replay.metadata;
  const bootstrap = `${logDirectory}/${bootstrapFile}`;
  if ((await tools.stat(bootstrap)) === undefined) return names === undefined ? undefined : replay.metadata;
  await readBatches(tools, bootstrap, 0, replay);
  // Partitions that it does not know of are those of a log that was lost.
  const isLost = names === undefined && replay.metadata.topics.size === 0 && (await hasPartitions(files, logDirectory));
  return isLost ? undefined : replay.metadata;
}

async function hasPartitions(files: FileSystem, logDirectory: string): Promise<boolean> {
  const entries = (await files.listDirectory(logDirectory)) ?? [];
  return entries.some(({ name, kind }) => kind === 'directory' && parsePartitionName(name) !== undefined);
}

async function readLog(
  tools: FileTools,
  path: string,
  names: readonly string[],
  replay: MetadataReplay,
): Promise<void> {
  const snapshots = names
    .flatMap((name) => {
      const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name);
      return match === null ? [] : [{ name, endOffset: Number(match[1]), epoch: Number(match[2]) }];
    })
    .sort((a, b) => b.endOffset - a.endOffset || b.epoch - a.epoch);
  const [snapshot] = snapshots;
  if (snapshot !== undefined) {
    await readBatches(tools, `${path}/${snapshot.name}`, 0, replay);
    replay.metadata.endOffset = snapshot.endOffset;
  }
  const bases = names
    .flatMap((name) => {
      const parsed = parseSegmentFileName(name);
      return parsed?.kind === '.log' ? [{ name, baseOffset: parsed.baseOffset }] : [];
    })
    .sort((a, b) => a.baseOffset - b.baseOffset);
  for (const { name } of bases) await readBatches(tools, `${path}/${name}`, replay.metadata.endOffset, replay);
}

async function readBatches(tools: FileTools, path: string, from: number, replay: MetadataReplay): Promise<void> {
  const file = await tools.openForReading(path);
  if (file === undefined) throw new OfflineError(`${path} is not there any more`);
  try {
    const walker = new BatchWalker(file);
    const isSnapshot = path.endsWith('.checkpoint');
    for (let raw = await walker.next(); raw !== undefined; raw = await walker.next()) {
      if (!hasGoodCrc(raw.bytes)) {
        await refuseDamage(file, raw.position, isSnapshot);
        return;
      }
      const batch = decodeBatch(raw.bytes, { checkCrc: false });
      if (!isSnapshot && batch.lastOffset < from) continue;
      if (!batch.isControl)
        for (const { value, offset } of batch.records)
          if (value !== null && (isSnapshot || offset >= from)) replay.add(value, path, offset);
      if (!isSnapshot) replay.metadata.endOffset = batch.lastOffset + 1;
    }
    if (walker.end !== undefined) await refuseDamage(file, walker.end.position, isSnapshot);
  } finally {
    await file.close();
  }
}

/** A torn end is what a crash leaves; anything else means that changes are missing. */
async function refuseDamage(file: ReadableFile, position: number, isSnapshot: boolean): Promise<void> {
  if (!isSnapshot && (await findBatch(file, position + 1, 0)) === undefined) return;
  throw new OfflineError(
    `${file.path} is damaged at position ${position}: the topics of this directory cannot be told from it; restore the file from another controller`,
  );
}

type Framed = NonNullable<ReturnType<typeof decodeFramedRecord>>;

class MetadataReplay {
  readonly metadata = noMetadata();
  /** Of the transaction that is open (KIP-868). */
  private open: Framed[] | undefined;

  add(value: Uint8Array, path: string, offset: number): void {
    let framed: Framed | undefined;
    try {
      framed = decodeFramedRecord(metadataRecords, value, true);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new OfflineError(`${path}: the record at offset ${offset} cannot be read (${error.message})`, {
        cause: error,
      });
    }
    if (framed === undefined) {
      this.leaveOut('records of a newer Kafka');
      return;
    }
    const { message } = framed;
    if (message.name === 'BeginTransactionRecord') this.open = [];
    else if (message.name === 'AbortTransactionRecord') this.open = undefined;
    else if (message.name === 'EndTransactionRecord') {
      for (const one of this.open ?? []) this.apply(one);
      this.open = undefined;
    } else if (this.open === undefined) this.apply(framed);
    else this.open.push(framed);
  }

  private leaveOut(name: string): void {
    this.metadata.leftOut.set(name, (this.metadata.leftOut.get(name) ?? 0) + 1);
  }

  private apply({ message, value }: Framed): void {
    const { metadata } = this;
    switch (message.name) {
      case 'TopicRecord': {
        const { topicId, name } = value as topics.TopicRecord;
        metadata.topics.set(topicId, { id: topicId, name, partitions: new Map() });
        return;
      }
      case 'PartitionRecord': {
        const { topicId, partitionId, leader, leaderEpoch, replicas, isr } = value as topics.PartitionRecord;
        metadata.topics.get(topicId)?.partitions.set(partitionId, { leader, leaderEpoch, replicas, isr });
        return;
      }
      case 'PartitionChangeRecord':
        this.change(value as topics.PartitionChangeRecord);
        return;
      case 'RemoveTopicRecord': {
        const { topicId } = value as topics.RemoveTopicRecord;
        metadata.topicConfigs.delete(metadata.topics.get(topicId)?.name ?? '');
        metadata.topics.delete(topicId);
        return;
      }
      case 'ConfigRecord':
        this.configure(value as topics.ConfigRecord);
        return;
      case 'ProducerIdsRecord':
        metadata.nextProducerId = (value as topics.ProducerIdsRecord).nextProducerId;
        return;
      default:
        if (applyAccessRecord(metadata.access, message.name, value)) return;
        if (!ofTheQuorum.has(message.name)) this.leaveOut(message.name);
    }
  }

  /** Naming a leader, even the same one, begins a new leader epoch. */
  private change(record: topics.PartitionChangeRecord): void {
    const partition = this.metadata.topics.get(record.topicId)?.partitions.get(record.partitionId);
    if (partition === undefined) return;
    if (record.isr !== null) partition.isr = record.isr;
    if (record.replicas !== null) partition.replicas = record.replicas;
    if (record.leader !== sameLeader) {
      partition.leader = record.leader;
      partition.leaderEpoch += 1;
    }
  }

  private configure({ resourceType, resourceName, name, value }: topics.ConfigRecord): void {
    const table = this.configsOf(resourceType);
    if (table === undefined) {
      this.leaveOut(`configs of resource type ${resourceType}`);
      return;
    }
    const configs = table.get(resourceName) ?? new Map<string, string>();
    table.set(resourceName, configs);
    if (value === null) configs.delete(name);
    else configs.set(name, value);
  }

  private configsOf(resourceType: number): Map<string, Map<string, string>> | undefined {
    switch (resourceType) {
      case topicResource:
        return this.metadata.topicConfigs;
      case brokerResource:
        return this.metadata.brokerConfigs;
      case groupResource:
        return this.metadata.groupConfigs;
      case clientMetricsResource:
        return this.metadata.clientMetrics;
      default:
        return undefined;
    }
  }
}

const sameLeader = -2;
