import type { Uuid } from '../common/ids.js';

/** Immutable snapshot of what the cluster's metadata says; replaced as a whole at each change. */
export interface MetadataImage {
  /** Grows with every change. */
  readonly version: number;
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: ReadonlyMap<number, BrokerImage>;
  readonly topicsByName: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>;
  /** Dynamic broker configs; key '' is the cluster-wide default, otherwise the broker id as a string. */
  readonly brokerConfigs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Dynamic configs of groups (KIP-848) by group id. */
  readonly groupConfigs: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface BrokerImage {
  readonly id: number;
  readonly epoch: number;
  readonly rack: string | null;
  /** Advertised address by listener name. */
  readonly endpoints: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  readonly fenced: boolean;
}

export interface TopicImage {
  readonly id: Uuid;
  readonly name: string;
  /** Index is the partition number. */
  readonly partitions: readonly PartitionImage[];
  /** Overrides only. */
  readonly configs: ReadonlyMap<string, string>;
  /** `__consumer_offsets`, `__transaction_state`, `__share_group_state`. */
  readonly internal: boolean;
}

export interface PartitionImage {
  readonly partition: number;
  /** -1 when there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
}

/** Where the current image is read and followed. */
export interface MetadataCache {
  current(): MetadataImage;
  /** Called after each change, in order, synchronously. Returns an undo. */
  onChange(listener: (next: MetadataImage, previous: MetadataImage) => void): () => void;
}
