import { SnapshotFooterRecord, SnapshotHeaderRecord } from '../protocol/data/control_records.js';
import type { AnyMessage } from '../protocol/message.js';
import { ConfigRecord, PartitionRecord, ProducerIdsRecord, TopicRecord } from '../protocol/records/metadata_topics.js';
import { Writer } from '../protocol/writer.js';
import { encodeBatch } from '../records/index.js';
import {
  cleanShutdownFile,
  formatCleanShutdown,
  formatMetaProperties,
  formatOffsets,
  highWatermarkFile,
  logStartOffsetFile,
  metaPropertiesFile,
  parseOffsets,
  recoveryPointFile,
} from '../storage/checkpoints.js';
import { accessRecords } from './access_state.js';
import {
  bootstrapFile,
  brokerResource,
  clientMetricsResource,
  groupResource,
  type KafkaMetadata,
  topicResource,
} from './kafka_metadata.js';
import { OfflineError, type OfflinePorts } from './offline_directory.js';
import { claimEmpty, placePartition } from './place.js';
import type { Source, SourceDirectory } from './source.js';

/** Levels of a cluster that Kafka 4.3 formats. */
const features: ReadonlyArray<readonly [name: string, featureLevel: number]> = [
  ['metadata.version', 30],
  ['eligible.leader.replicas.version', 1],
  ['group.version', 1],
  ['share.version', 1],
  ['streams.version', 1],
  ['transaction.version', 2],
];
/** Ours, which Kafka would refuse. */
const ownConfig = /^millrace\./;
const recordsPerBatch = 1000;

export interface ExportedDirectory {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly topics: number;
  readonly partitions: number;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Makes a data directory that Kafka 4.3 starts on, of a stopped Millrace's. Kafka keeps a log directory's topics in its metadata log only, and
 * takes partitions it does not know for strays; a new controller fills that log from `bootstrap.checkpoint`, which here holds the topics with
 * their ids and partitions, all configs, access rules, users, quotas and levels of features. Each partition is led by the only broker there is, one leader epoch higher: for one
 * without a leader a controller that has just begun elects none.
 *
 * @throws OfflineError, FileSystemError
 */
export async function exportDirectory(
  ports: OfflinePorts,
  source: Source,
  output: string,
  nowMs: number,
): Promise<ExportedDirectory> {
  const [directory] = source.directories;
  if (directory === undefined || source.directories.length > 1)
    throw new OfflineError('exactly one log directory is exported at a time');
  if (!directory.cleanShutdown)
    throw new OfflineError(`${directory.path} was not stopped in an orderly way: start and stop the broker once`);
  await claimEmpty(ports, output);
  let files = 0;
  let bytes = 0;
  for (const { name, path } of directory.partitions) {
    const placed = await placePartition(ports, path, `${output}/${name}`, 'copy');
    files += placed.files;
    bytes += placed.bytes;
  }
  await writeCheckpoints(ports, directory, output);
  const put = (name: string, content: Uint8Array) =>
    ports.files.writeFileAtomic(`${output}/${name}`, content, { sync: true });
  await put(cleanShutdownFile, formatCleanShutdown(-1));
  await put(bootstrapFile, bootstrapCheckpoint(source, directory, nowMs));
  await put(metaPropertiesFile, formatMetaProperties(directory.meta));
  const { clusterId, nodeId } = source;
  return {
    clusterId,
    nodeId,
    topics: source.metadata.topics.size,
    partitions: directory.partitions.length,
    files,
    bytes,
  };
}

/** After an orderly stop everything is committed: the high watermark is the recovery point. */
async function writeCheckpoints({ files }: OfflinePorts, { path }: SourceDirectory, output: string): Promise<void> {
  const read = async (name: string) => {
    const bytes = await files.readFile(`${path}/${name}`);
    return (bytes === undefined ? undefined : parseOffsets(bytes)) ?? new Map<string, number>();
  };
  const points = formatOffsets(await read(recoveryPointFile));
  await files.writeFileAtomic(`${output}/${recoveryPointFile}`, points, { sync: true });
  await files.writeFileAtomic(`${output}/${highWatermarkFile}`, points, { sync: true });
  const starts = formatOffsets(await read(logStartOffsetFile));
  await files.writeFileAtomic(`${output}/${logStartOffsetFile}`, starts, { sync: true });
}

/** What a new controller writes into its empty log. */
function bootstrapCheckpoint(source: Source, directory: SourceDirectory, nowMs: number): Buffer {
  const values = [...metadataValues(source, directory)];
  const batches: Buffer[] = [
    controlBatch(3, SnapshotHeaderRecord, { version: 0, lastContainedLogTimestamp: 0 }, 0, nowMs),
  ];
  let baseOffset = 1;
  for (let at = 0; at < values.length; at += recordsPerBatch) {
    const records = values.slice(at, at + recordsPerBatch).map((value) => ({ timestampMs: nowMs, value }));
    batches.push(encodeBatch({ records, baseOffset, leaderEpoch: 0 }));
    baseOffset += records.length;
  }
  batches.push(controlBatch(4, SnapshotFooterRecord, { version: 0 }, baseOffset, nowMs));
  return Buffer.concat(batches);
}

function controlBatch(type: number, message: AnyMessage, value: object, baseOffset: number, nowMs: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(type, 2);
  const writer = new Writer(16);
  message.encode(writer, 0, value);
  const records = [{ timestampMs: nowMs, key, value: Uint8Array.from(writer.bytes()) }];
  return encodeBatch({ records, baseOffset, leaderEpoch: 0, isControl: true });
}

function* metadataValues({ metadata, nodeId }: Source, { meta, partitions }: SourceDirectory): Generator<Uint8Array> {
  for (const [message, value] of accessRecords(metadata.access, features)) yield framed(message, 0, value);
  const hosted = new Set(partitions.map(({ name }) => name));
  for (const topic of metadata.topics.values()) {
    yield framed(TopicRecord, 0, { name: topic.name, topicId: topic.id });
    for (const [partitionId, { leaderEpoch }] of topic.partitions) {
      if (!hosted.has(`${topic.name}-${partitionId}`))
        throw new OfflineError(`${topic.name}-${partitionId} is not in ${meta.directoryId}: start the broker once`);
      yield framed(PartitionRecord, 1, {
        partitionId,
        topicId: topic.id,
        replicas: [nodeId],
        isr: [nodeId],
        leader: nodeId,
        leaderEpoch: leaderEpoch + 1,
        partitionEpoch: 0,
        directories: [meta.directoryId],
      });
    }
  }
  const configs: ReadonlyArray<readonly [type: number, byName: KafkaMetadata['topicConfigs']]> = [
    [topicResource, metadata.topicConfigs],
    [brokerResource, metadata.brokerConfigs],
    [clientMetricsResource, metadata.clientMetrics],
    [groupResource, metadata.groupConfigs],
  ];
  for (const [resourceType, byName] of configs)
    for (const [resourceName, values] of byName)
      for (const [name, value] of values)
        if (!ownConfig.test(name)) yield framed(ConfigRecord, 0, { resourceType, resourceName, name, value });
  if (metadata.nextProducerId > 0)
    yield framed(ProducerIdsRecord, 0, { brokerId: nodeId, brokerEpoch: -1, nextProducerId: metadata.nextProducerId });
}

/** As in KRaft's log: frame version 1, the type and the version as varints, the message. */
function framed(message: AnyMessage, version: number, value: object): Uint8Array {
  const writer = new Writer(64);
  writer.unsignedVarint(1);
  writer.unsignedVarint(message.key);
  writer.unsignedVarint(version);
  message.encode(writer, version, value);
  return Uint8Array.from(writer.bytes());
}
