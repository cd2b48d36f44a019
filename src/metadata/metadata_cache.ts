import { type Uuid, ZERO_UUID } from '../common/ids.js';
import { initialFeatures } from './features.js';
import {
  type BrokerImage,
  emptyImage,
  type MetadataCache,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.js';
import { type BrokerValue, keys, type TopicValue } from './keys.js';
import { aclSection, configsBelow, parseConfigs, quotaSection, scramSection } from './sections.js';
import type { MetadataEntry, MetadataStore } from './store.js';

export const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

type Listener = (next: MetadataImage, previous: MetadataImage) => void;

/** Entries by key of the last read, so that unchanged topics keep their image object. */
interface Parsed<T> {
  readonly modRevision: number;
  readonly configRevision: number;
  readonly value: T;
}

/**
 * The current image of what the store holds. A refresh lists the store and replaces the image when something changed; objects of
 * topics that did not change are kept, so that comparing images is cheap.
 */
export class StoreMetadataCache implements MetadataCache {
  private image: MetadataImage = emptyImage;
  private readonly sections = {
    brokerConfigs: configsBelow(keys.brokerConfigs, (name) => (name === 'default' ? '' : name)),
    groupConfigs: configsBelow(keys.groupConfigs),
    clientMetrics: configsBelow(keys.clientMetrics),
    clientQuotas: quotaSection(),
    acls: aclSection(),
    scramUsers: scramSection(),
  };
  private readonly listeners = new Set<Listener>();
  private topics = new Map<string, Parsed<TopicImage>>();
  private refreshing: Promise<void> | undefined;
  private again = false;
  private seen = '';
  private readonly unwatch: () => void;
  private closed = false;

  constructor(
    private readonly store: MetadataStore,
    private readonly onError: (error: unknown) => void,
  ) {
    this.unwatch = store.watch('/', () => {
      this.refresh().catch(this.onError);
    });
  }

  current(): MetadataImage {
    return this.image;
  }

  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves when everything that was committed before the call is in the image. */
  async refresh(): Promise<void> {
    if (this.refreshing !== undefined) {
      this.again = true;
      await this.refreshing;
      return;
    }
    this.refreshing = (async () => {
      do {
        this.again = false;
        this.replace(await this.store.list('/'));
      } while (this.again && !this.closed);
    })();
    try {
      await this.refreshing;
    } finally {
      this.refreshing = undefined;
    }
  }

  close(): void {
    this.closed = true;
    this.unwatch();
    this.listeners.clear();
  }

  private replace(entries: readonly MetadataEntry[]): void {
    if (this.closed) return;
    // Puts raise the largest revision, deletions change the count.
    const revision = entries.reduce((max, entry) => Math.max(max, entry.modRevision), 0);
    const seen = `${revision}/${entries.length}`;
    if (seen === this.seen) return;
    this.seen = seen;
    const previous = this.image;
    this.image = this.build(entries, previous.version + 1, revision);
    for (const listener of [...this.listeners]) listener(this.image, previous);
  }

  private build(entries: readonly MetadataEntry[], version: number, revision: number): MetadataImage {
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    const below = ({ prefix }: { readonly prefix: string }) => entries.filter(({ key }) => key.startsWith(prefix));
    const topics = new Map(
      below({ prefix: keys.topics }).map((entry) => [entry.key, this.topic(entry, byKey)] as const),
    );
    this.topics = topics;
    const images = [...topics.values()].map(({ value }) => value);
    const features = byKey.get(keys.features);
    const { brokerConfigs, groupConfigs, clientMetrics, clientQuotas, acls, scramUsers } = this.sections;
    return {
      version,
      clusterId: byKey.get(keys.clusterId)?.value ?? '',
      controllerId: Number(byKey.get(keys.controller)?.value ?? -1),
      controllerEpoch: Number(byKey.get(keys.controllerEpoch)?.value ?? 0),
      revision,
      brokers: new Map(
        below({ prefix: keys.brokers })
          .map(parseBroker)
          .map((broker) => [broker.id, broker]),
      ),
      topicsByName: new Map(images.map((topic) => [topic.name, topic])),
      topicsById: new Map(images.map((topic) => [topic.id, topic])),
      brokerConfigs: brokerConfigs.of(below(brokerConfigs)),
      groupConfigs: groupConfigs.of(below(groupConfigs)),
      clientMetrics: clientMetrics.of(below(clientMetrics)),
      features:
        features === undefined
          ? initialFeatures
          : new Map(Object.entries(JSON.parse(features.value) as Readonly<Record<string, number>>)),
      featuresEpoch: features?.modRevision ?? 0,
      clientQuotas: clientQuotas.of(below(clientQuotas)),
      acls: acls.of(below(acls)),
      scramUsers: scramUsers.of(below(scramUsers)),
    };
  }

  private topic(entry: MetadataEntry, byKey: ReadonlyMap<string, MetadataEntry>): Parsed<TopicImage> {
    const id = entry.key.slice(keys.topics.length) as Uuid;
    const configs = byKey.get(keys.topicConfig(id));
    const configRevision = configs?.modRevision ?? 0;
    const known = this.topics.get(entry.key);
    if (known?.modRevision === entry.modRevision && known.configRevision === configRevision) return known;
    const { name, p } = JSON.parse(entry.value) as TopicValue;
    const partitions: PartitionImage[] = p.map(({ l, e, r, i }, partition) => ({
      partition,
      leader: l,
      leaderEpoch: e,
      replicas: r,
      isr: i,
      offlineReplicas: [],
    }));
    const value: TopicImage = {
      id: id === '' ? ZERO_UUID : id,
      name,
      partitions,
      configs: configs === undefined ? new Map() : parseConfigs(configs),
      internal: internalTopics.has(name),
    };
    return { modRevision: entry.modRevision, configRevision, value };
  }
}

function parseBroker(entry: MetadataEntry): BrokerImage {
  const { rack, endpoints } = JSON.parse(entry.value) as BrokerValue;
  return {
    id: Number(entry.key.slice(keys.brokers.length)),
    epoch: entry.createRevision,
    rack,
    endpoints: new Map(Object.entries(endpoints)),
    fenced: false,
  };
}
