import { createHash } from 'node:crypto';
import { type Uuid, uuidFromBytes } from '../../../src/common/ids.js';
import { emptyImage, type MetadataCache, type MetadataImage, type TopicImage } from '../../../src/metadata/image.js';

export function topicIdOf(name: string): Uuid {
  return uuidFromBytes(createHash('sha256').update(name).digest().subarray(0, 16));
}

function topic(name: string, partitions: number, id = topicIdOf(name)): TopicImage {
  return {
    id,
    name,
    partitions: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      leader: 1,
      leaderEpoch: 0,
      replicas: [1],
      isr: [1],
      offlineReplicas: [],
    })),
    configs: new Map(),
    internal: name.startsWith('__'),
  };
}

/** Metadata of one broker, with topics that a test adds and removes. */
export class TestMetadata implements MetadataCache {
  private image: MetadataImage;
  private readonly listeners = new Set<(next: MetadataImage, previous: MetadataImage) => void>();

  constructor(topics: Record<string, number> = {}) {
    this.image = {
      ...emptyImage,
      version: 1,
      clusterId: 'test',
      controllerId: 1,
      brokers: new Map([
        [
          1,
          {
            id: 1,
            epoch: 1,
            rack: null,
            fenced: false,
            endpoints: new Map([
              ['PLAINTEXT', { host: 'broker.test', port: 9092 }],
              ['OTHER', { host: 'other.test', port: 9093 }],
            ]),
          },
        ],
      ]),
    };
    for (const [name, partitions] of Object.entries(topics)) this.add(name, partitions);
  }

  current(): MetadataImage {
    return this.image;
  }

  onChange(listener: (next: MetadataImage, previous: MetadataImage) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  add(name: string, partitions: number, id?: Uuid): void {
    this.replace([...this.image.topicsByName.values(), topic(name, partitions, id)]);
  }

  remove(name: string): void {
    this.replace([...this.image.topicsByName.values()].filter((known) => known.name !== name));
  }

  private replace(topics: readonly TopicImage[]): void {
    const previous = this.image;
    this.image = {
      ...emptyImage,
      ...previous,
      version: previous.version + 1,
      topicsByName: new Map(topics.map((known) => [known.name, known])),
      topicsById: new Map(topics.map((known) => [known.id, known])),
    };
    for (const listener of this.listeners) listener(this.image, previous);
  }
}
