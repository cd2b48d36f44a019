import { listTopics } from '../admin/topics.js';
import type { ClusterClient } from '../cluster_client.js';

const refreshIntervalMs = 300_000;
/** While a topic that is subscribed to does not exist. */
const missingIntervalMs = 1_000;

/** Which topics a subscription means, and whether the topics have changed since the leader assigned their partitions. */
export class TopicWatch {
  #counts: ReadonlyMap<string, number> = new Map();
  #checkedAtMs: number;
  #intervalMs = refreshIntervalMs;

  constructor(private readonly cluster: ClusterClient) {
    this.#checkedAtMs = cluster.environment.clock.monotonicMs();
  }

  /** Topics that match now. */
  async matching(pattern: RegExp): Promise<readonly string[]> {
    const topics = await listTopics(this.cluster);
    return topics.map((topic) => topic.name).filter((name) => pattern.test(name));
  }

  /** Partition counts of the topics that exist; remembered for {@link haveChanged}. */
  async partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    this.#counts = await this.#fetch(topics);
    return this.#counts;
  }

  /** Whether it is time to look again. */
  get isDue(): boolean {
    return this.cluster.environment.clock.monotonicMs() - this.#checkedAtMs >= this.#intervalMs;
  }

  async haveChanged(topics: readonly string[]): Promise<boolean> {
    const before = this.#counts;
    const now = await this.#fetch(topics);
    return now.size !== before.size || [...now].some(([topic, count]) => before.get(topic) !== count);
  }

  async #fetch(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    this.#checkedAtMs = this.cluster.environment.clock.monotonicMs();
    await this.cluster.refreshMetadata(topics);
    const counts = new Map<string, number>();
    for (const name of topics) {
      const topic = this.cluster.metadata.topic(name);
      if (topic !== undefined) counts.set(name, topic.partitions.length);
    }
    this.#intervalMs = counts.size < topics.length ? missingIntervalMs : refreshIntervalMs;
    return counts;
  }
}
