import type { Uuid } from '../common/ids.js';
import { EmbeddedMetadataStore } from '../metadata/embedded/embedded_store.js';
import { type ConfigValueMap, keys, type TopicValue } from '../metadata/keys.js';
import type { MetadataOp } from '../metadata/store.js';
import { accessOf, accessOps } from './access_state.js';
import type { KafkaMetadata, KafkaPartition, KafkaTopic } from './kafka_metadata.js';
import { OfflineError, type OfflinePorts } from './offline_directory.js';

export const journalFile = 'millrace-metadata.journal';

export interface JournalContent {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly metadata: KafkaMetadata;
  /** Whether this node has the partition's directory. */
  readonly hosts: (topic: string, partition: number) => boolean;
}

/**
 * Writes the metadata of a Kafka cluster as Millrace keeps it, with the one node as the leader of all it has. A partition that it led goes on
 * in its leader epoch; one that another broker led begins a new one.
 *
 * @throws MetadataStoreError
 */
export async function writeJournal(ports: OfflinePorts, path: string, content: JournalContent): Promise<void> {
  const store = await EmbeddedMetadataStore.open(ports, path);
  const put = async (ops: readonly MetadataOp[]) => {
    const checks = ops.map((op) => ({ key: 'put' in op ? op.put : op.delete, version: 0 }));
    if (!(await store.txn(checks, ops)).committed) throw new OfflineError(`${path} is not empty`);
  };
  const { metadata } = content;
  try {
    await put([{ put: keys.clusterId, value: content.clusterId }]);
    for (const topic of metadata.topics.values()) {
      const configs = metadata.topicConfigs.get(topic.name);
      await put([
        { put: keys.topic(topic.id), value: JSON.stringify(topicValue(topic, content)) },
        { put: keys.topicName(topic.name), value: topic.id },
        ...configOps(keys.topicConfig(topic.id), configs),
      ]);
    }
    for (const [id, configs] of metadata.brokerConfigs) await putConfigs(put, keys.brokerConfig(id), configs);
    for (const [group, configs] of metadata.groupConfigs) await putConfigs(put, keys.groupConfig(group), configs);
    for (const [name, configs] of metadata.clientMetrics) await putConfigs(put, keys.clientMetric(name), configs);
    for (const op of accessOps(metadata.access)) await put([op]);
    if (metadata.nextProducerId > 0) await put([{ put: keys.producerIds, value: String(metadata.nextProducerId) }]);
  } finally {
    await store.close();
  }
}

function configOps(key: string, configs: ReadonlyMap<string, string> | undefined): MetadataOp[] {
  return configs === undefined || configs.size === 0
    ? []
    : [{ put: key, value: JSON.stringify(Object.fromEntries(configs)) }];
}

async function putConfigs(
  put: (ops: readonly MetadataOp[]) => Promise<void>,
  key: string,
  configs: ReadonlyMap<string, string>,
): Promise<void> {
  const ops = configOps(key, configs);
  if (ops.length > 0) await put(ops);
}

function topicValue(topic: KafkaTopic, { nodeId, hosts }: JournalContent): TopicValue {
  const count = Math.max(-1, ...topic.partitions.keys()) + 1;
  const value = (partition: KafkaPartition | undefined, index: number): TopicValue['p'][number] => {
    if (partition === undefined) return { l: -1, e: 0, r: [], i: [] };
    const { leader, leaderEpoch, replicas, isr } = partition;
    if (!hosts(topic.name, index)) return { l: -1, e: leaderEpoch, r: replicas, i: isr };
    return { l: nodeId, e: leader === nodeId ? leaderEpoch : leaderEpoch + 1, r: [nodeId], i: [nodeId] };
  };
  return {
    name: topic.name,
    p: Array.from({ length: count }, (_, index) => value(topic.partitions.get(index), index)),
  };
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64url').toString();

/** The metadata of a Millrace directory in the same form. @throws MetadataStoreError */
export async function readJournal(ports: OfflinePorts, path: string): Promise<KafkaMetadata | undefined> {
  if ((await ports.tools.stat(path)) === undefined) return undefined;
  const copy = await ports.files.makeTemporaryDirectory('millrace-journal-');
  try {
    // Opening a journal may cut a torn end off: that is the broker's to do.
    await ports.tools.copyFile(path, `${copy}/${journalFile}`);
    const store = await EmbeddedMetadataStore.open(ports, `${copy}/${journalFile}`);
    try {
      return await metadataOf(store);
    } finally {
      await store.close();
    }
  } finally {
    await ports.files.remove(copy);
  }
}

async function metadataOf(store: EmbeddedMetadataStore): Promise<KafkaMetadata> {
  const entries = await store.list('/');
  const configs = (prefix: string, nameOf: (id: string) => string | undefined) =>
    new Map(
      entries.flatMap(({ key, value }) => {
        const name = key.startsWith(prefix) ? nameOf(key.slice(prefix.length)) : undefined;
        if (name === undefined) return [];
        return [[name, new Map(Object.entries(JSON.parse(value) as ConfigValueMap))] as const];
      }),
    );
  const topics = new Map<Uuid, KafkaTopic>();
  for (const { key, value } of entries) {
    if (!key.startsWith(keys.topics)) continue;
    const id = key.slice(keys.topics.length) as Uuid;
    const { name, p } = JSON.parse(value) as TopicValue;
    const partitions = new Map(p.map(({ l, e, r, i }, at) => [at, { leader: l, leaderEpoch: e, replicas: r, isr: i }]));
    topics.set(id, { id, name, partitions });
  }
  return {
    topics,
    topicConfigs: configs(keys.topicConfigs, (id) => topics.get(id as Uuid)?.name),
    brokerConfigs: configs(keys.brokerConfigs, (id) => (id === 'default' ? '' : id)),
    groupConfigs: configs(keys.groupConfigs, fromBase64),
    clientMetrics: configs(keys.clientMetrics, fromBase64),
    access: accessOf(entries),
    nextProducerId: Number(entries.find(({ key }) => key === keys.producerIds)?.value ?? 0),
    leftOut: new Map(),
    endOffset: 0,
  };
}
