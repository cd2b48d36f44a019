import type { Uuid } from '../common/ids.js';

// The small text files of a Kafka log directory, in Kafka's formats. Parsers give undefined for anything they do not understand.

export const recoveryPointFile = 'recovery-point-offset-checkpoint';
export const logStartOffsetFile = 'log-start-offset-checkpoint';
export const highWatermarkFile = 'replication-offset-checkpoint';
export const cleanerFile = 'cleaner-offset-checkpoint';
export const cleanShutdownFile = '.kafka_cleanshutdown';
export const metaPropertiesFile = 'meta.properties';
export const partitionMetadataFile = 'partition.metadata';
export const leaderEpochFile = 'leader-epoch-checkpoint';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Version 0: a count, then `topic partition offset` lines. Keys are `topic-partition`. */
export function formatOffsets(offsets: ReadonlyMap<string, number>): Uint8Array {
  const lines = [...offsets].map(([name, offset]) => {
    const dash = name.lastIndexOf('-');
    return `${name.slice(0, dash)} ${name.slice(dash + 1)} ${offset}\n`;
  });
  return encoder.encode(`0\n${lines.length}\n${lines.join('')}`);
}

export function parseOffsets(bytes: Uint8Array): Map<string, number> | undefined {
  // Kafka makes the file before it has anything to say.
  if (bytes.length === 0) return new Map();
  const [version, count, ...lines] = decoder.decode(bytes).split('\n');
  if (version !== '0') return undefined;
  const offsets = new Map<string, number>();
  for (const line of lines) {
    if (line === '') continue;
    const match = /^(\S+) (\d+) (\d+)$/.exec(line);
    if (match === null || !Number.isSafeInteger(Number(match[3]))) return undefined;
    offsets.set(`${match[1]}-${match[2]}`, Number(match[3]));
  }
  return offsets.size === Number(count) ? offsets : undefined;
}

export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

/** Version 0: a count, then `epoch startOffset` lines. */
export function formatEpochs(entries: readonly EpochEntry[]): Uint8Array {
  const lines = entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}\n`);
  return encoder.encode(`0\n${lines.length}\n${lines.join('')}`);
}

/** The entries as they stand there, in whatever order; undefined when the file is none. For tools: {@link parseEpochs} is stricter. */
export function parseEpochLines(bytes: Uint8Array): EpochEntry[] | undefined {
  const [version, count, ...lines] = decoder.decode(bytes).split('\n');
  const entries: EpochEntry[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const match = /^(\d+) (\d+)$/.exec(line);
    if (match === null) return undefined;
    const entry = { epoch: Number(match[1]), startOffset: Number(match[2]) };
    if (entry.epoch > 0x7fff_ffff || !Number.isSafeInteger(entry.startOffset)) return undefined;
    entries.push(entry);
  }
  return version === '0' && entries.length === Number(count) ? entries : undefined;
}

export function parseEpochs(bytes: Uint8Array): EpochEntry[] | undefined {
  const entries = parseEpochLines(bytes);
  const grows = entries?.every(({ epoch, startOffset }, index) => {
    const last = entries[index - 1];
    return last === undefined || (epoch > last.epoch && startOffset > last.startOffset);
  });
  return grows === true ? entries : undefined;
}

export function formatPartitionMetadata(topicId: Uuid): Uint8Array {
  return encoder.encode(`version: 0\ntopic_id: ${topicId}`);
}

export function parsePartitionMetadata(bytes: Uint8Array): Uuid | undefined {
  const match = /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\s*$/.exec(decoder.decode(bytes));
  return match?.[1] as Uuid | undefined;
}

export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly directoryId: Uuid;
}

/** Version 1, a Java properties file. */
export function formatMetaProperties(meta: MetaProperties): Uint8Array {
  return encoder.encode(
    `#\ncluster.id=${meta.clusterId}\ndirectory.id=${meta.directoryId}\nnode.id=${meta.nodeId}\nversion=1\n`,
  );
}

export function parseMetaProperties(bytes: Uint8Array): MetaProperties | undefined {
  const values = new Map<string, string>();
  for (const line of decoder.decode(bytes).split('\n')) {
    const match = /^\s*([^#!=\s]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) values.set(match[1] ?? '', match[2] ?? '');
  }
  const clusterId = values.get('cluster.id');
  const nodeId = Number(/^\d+$/.exec(values.get('node.id') ?? '')?.[0] ?? -1);
  const directoryId = values.get('directory.id');
  if (values.get('version') !== '1' || !clusterId || nodeId < 0 || nodeId > 0x7fff_ffff) return undefined;
  return { clusterId, nodeId, directoryId: (directoryId ?? 'AAAAAAAAAAAAAAAAAAAAAA') as Uuid };
}

export function formatCleanShutdown(brokerEpoch: number): Uint8Array {
  return encoder.encode(JSON.stringify({ version: 0, brokerEpoch }));
}
