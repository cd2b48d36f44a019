import { type TopicPartition, type Uuid, ZERO_UUID } from '../common/ids.js';
import type { MetadataResponse } from '../protocol/api/metadata.js';
import { ErrorCode } from '../protocol/errors.js';

export interface BrokerNode {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** -1: none at the moment. */
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
  readonly errorCode: number;
}

export interface TopicMetadata {
  readonly name: string;
  /** The zero id from brokers without topic ids. */
  readonly topicId: Uuid;
  readonly isInternal: boolean;
  /** By partition number, ascending. */
  readonly partitions: readonly PartitionMetadata[];
}

/** What the last Metadata responses said. A topic that the cluster does not have is remembered with its error code. */
export class MetadataCache {
  #brokers: ReadonlyMap<number, BrokerNode> = new Map();
  #topics = new Map<string, TopicMetadata>();
  readonly #namesById = new Map<Uuid, string>();
  readonly #errors = new Map<string, number>();
  readonly #updatedAtMs = new Map<string, number>();
  clusterId: string | null = null;
  controllerId = -1;

  get brokers(): ReadonlyMap<number, BrokerNode> {
    return this.#brokers;
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  topics(): Iterable<TopicMetadata> {
    return this.#topics.values();
  }

  /** NONE for topics that exist or were never asked for. */
  errorOf(name: string): number {
    return this.#errors.get(name) ?? ErrorCode.NONE;
  }

  topicName(id: Uuid): string | undefined {
    return this.#namesById.get(id);
  }

  partition({ topic, partition }: TopicPartition): PartitionMetadata | undefined {
    return this.#topics.get(topic)?.partitions[partition];
  }

  /** Milliseconds since the topic was last answered, Infinity when never. */
  ageMs(name: string, nowMs: number): number {
    const at = this.#updatedAtMs.get(name);
    return at === undefined ? Number.POSITIVE_INFINITY : nowMs - at;
  }

  /** Makes the topics look as if they were never fetched, so that the next use asks again. */
  expire(names: Iterable<string>): void {
    for (const name of names) this.#updatedAtMs.delete(name);
  }

  /** A Produce or Fetch response named a newer leader (KIP-951). */
  updateLeader(at: TopicPartition, leaderId: number, leaderEpoch: number): boolean {
    const topic = this.#topics.get(at.topic);
    const known = topic?.partitions[at.partition];
    if (topic === undefined || known === undefined || known.leaderEpoch >= leaderEpoch || !this.#brokers.has(leaderId))
      return false;
    const partitions = topic.partitions.map((one) =>
      one.partition === at.partition ? { ...one, leaderId, leaderEpoch, errorCode: ErrorCode.NONE } : one,
    );
    this.#topics.set(at.topic, { ...topic, partitions });
    return true;
  }

  /** `complete`: the response is of all topics; those it does not name are gone. */
  update(response: MetadataResponse, nowMs: number, complete: boolean): void {
    this.#brokers = new Map(
      response.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { nodeId, host, port, rack }]),
    );
    this.clusterId = response.clusterId;
    this.controllerId = response.controllerId;
    if (complete) {
      const named = new Set(response.topics.map((topic) => topic.name));
      for (const name of this.#topics.keys()) if (!named.has(name)) this.#forget(name);
    }
    for (const topic of response.topics) this.#updateTopic(topic, nowMs);
  }

  #updateTopic(topic: MetadataResponse['topics'][number], nowMs: number): void {
    const { name, topicId, isInternal } = topic;
    if (name === null) return;
    this.#updatedAtMs.set(name, nowMs);
    if (topic.errorCode !== ErrorCode.NONE && topic.partitions.length === 0) {
      this.#forget(name);
      this.#errors.set(name, topic.errorCode);
      return;
    }
    this.#errors.delete(name);
    const known = this.#topics.get(name);
    if (known !== undefined && known.topicId !== topicId) this.#namesById.delete(known.topicId);
    const sameTopic = known?.topicId === topicId;
    const partitions = topic.partitions
      .map((one): PartitionMetadata => {
        const fresh: PartitionMetadata = {
          partition: one.partitionIndex,
          leaderId: one.leaderId,
          leaderEpoch: one.leaderEpoch,
          replicas: one.replicaNodes,
          isr: one.isrNodes,
          offlineReplicas: one.offlineReplicas,
          errorCode: one.errorCode,
        };
        // A broker that lags behind must not bring back an older leader (KIP-320).
        const before = sameTopic ? known.partitions[one.partitionIndex] : undefined;
        return before !== undefined && fresh.leaderEpoch >= 0 && before.leaderEpoch > fresh.leaderEpoch
          ? before
          : fresh;
      })
      .sort((a, b) => a.partition - b.partition);
    this.#topics.set(name, { name, topicId, isInternal, partitions });
    if (topicId !== ZERO_UUID) this.#namesById.set(topicId, name);
  }

  #forget(name: string): void {
    const known = this.#topics.get(name);
    if (known !== undefined) this.#namesById.delete(known.topicId);
    this.#topics.delete(name);
    this.#updatedAtMs.delete(name);
  }
}
