import type { Uuid } from '../common/ids.js';
import { initialFeatures } from './features.js';

/** Immutable snapshot of what the cluster's metadata says; replaced as a whole at each change. */
export interface MetadataImage {
  /** Grows with every change. */
  readonly version: number;
  readonly clusterId: string;
  readonly controllerId: number;
  /** Counts controllers. */
  readonly controllerEpoch: number;
  /** Of the store, at its last change. */
  readonly revision: number;
  readonly brokers: ReadonlyMap<number, BrokerImage>;
  readonly topicsByName: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>;
  /** Dynamic broker configs; key '' is the cluster-wide default, otherwise the broker id as a string. */
  readonly brokerConfigs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Dynamic configs of groups (KIP-848) by group id. */
  readonly groupConfigs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Subscriptions to metrics of clients (KIP-714) by name. */
  readonly clientMetrics: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Finalized levels of features; those at level 0 are left out. */
  readonly features: ReadonlyMap<string, number>;
  /** Grows with every change of `features`. */
  readonly featuresEpoch: number;
  readonly clientQuotas: readonly ClientQuotaImage[];
  readonly acls: readonly Acl[];
  /** By user, then by the number of the mechanism (1 SCRAM-SHA-256, 2 SCRAM-SHA-512). */
  readonly scramUsers: ReadonlyMap<string, ReadonlyMap<number, ScramCredential>>;
}

/** Whom a quota is for (KIP-546): a user, a client id, both, or an address. Null is the default of its kind. */
export interface QuotaEntity {
  readonly user?: string | null;
  readonly 'client-id'?: string | null;
  readonly ip?: string | null;
}

export interface ClientQuotaImage {
  readonly entity: QuotaEntity;
  /** `producer_byte_rate` and the like; values may be NaN or infinite, as in Kafka. */
  readonly values: ReadonlyMap<string, number>;
}

/** One access rule; numbers as in the protocol (CreateAcls). */
export interface Acl {
  readonly resourceType: number;
  /** 3 literal, 4 prefixed. */
  readonly patternType: number;
  readonly resourceName: string;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  /** 2 deny, 3 allow. */
  readonly permissionType: number;
}

/** What a server needs to check a password (RFC 5802), in base64; the password cannot be found from it but by trying. */
export interface ScramCredential {
  readonly iterations: number;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** Of a cluster in which nothing is there yet. */
export const emptyImage: MetadataImage = {
  version: 0,
  clusterId: '',
  controllerId: -1,
  controllerEpoch: 0,
  revision: 0,
  brokers: new Map(),
  topicsByName: new Map(),
  topicsById: new Map(),
  brokerConfigs: new Map(),
  groupConfigs: new Map(),
  clientMetrics: new Map(),
  features: initialFeatures,
  featuresEpoch: 0,
  clientQuotas: [],
  acls: [],
  scramUsers: new Map(),
};

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
