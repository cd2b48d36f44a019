import { topicPartitionName, type Uuid } from '../common/ids.js';
import type { Clock, EgressAccounts, Timers } from '../common/ports/index.js';
import type { MetadataImage, TopicImage } from '../metadata/image.js';
import type { LogConfig } from '../storage/log_config.js';
import type { LogManager } from '../storage/log_manager.js';
import type { Logger } from '../telemetry/logger.js';
import { Partition } from './partition.js';
import { TimeoutWheel } from './timeout_wheel.js';

export interface ReplicaManagerDeps {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly logs: LogManager;
  /** Configs of a topic, resolved against the broker's. */
  logConfigOf(topic: TopicImage): LogConfig;
  /** Where what is sent of a topic is counted. */
  readonly egress: Pick<EgressAccounts, 'topicAccount' | 'forgetTopic'>;
}

interface HostedTopic {
  readonly id: Uuid;
  readonly name: string;
  /** By partition number; undefined where another broker is the leader. */
  readonly partitions: Array<Partition | undefined>;
}

/** The partitions this broker leads, kept in step with the metadata image. */
export class ReplicaManager {
  /** Requests that wait for records or acknowledgements. */
  readonly wheel: TimeoutWheel;
  private readonly byName = new Map<string, HostedTopic>();
  private readonly byId = new Map<Uuid, HostedTopic>();
  private applying: Promise<void> = Promise.resolve();

  constructor(private readonly deps: ReplicaManagerDeps) {
    this.wheel = new TimeoutWheel(deps.clock, deps.timers);
    deps.logs.onDirectoryFailure((path) => {
      for (const partition of this.all()) if (partition.log?.directoryPath === path) partition.goOffline();
    });
  }

  get(topic: string, partition: number): Partition | undefined {
    return this.byName.get(topic)?.partitions[partition];
  }

  getById(topicId: Uuid, partition: number): Partition | undefined {
    return this.byId.get(topicId)?.partitions[partition];
  }

  /** Name of a hosted topic. */
  nameOf(topicId: Uuid): string | undefined {
    return this.byId.get(topicId)?.name;
  }

  idOf(topic: string): Uuid | undefined {
    return this.byName.get(topic)?.id;
  }

  *all(): IterableIterator<Partition> {
    for (const topic of this.byName.values())
      for (const partition of topic.partitions) if (partition !== undefined) yield partition;
  }

  /** Brings partitions and logs in step with `next`; changes are applied one after the other. Resolves when their logs are open. */
  apply(next: MetadataImage): Promise<void> {
    this.applying = this.applying.then(() => this.applyNow(next));
    return this.applying;
  }

  private async applyNow(next: MetadataImage): Promise<void> {
    for (const topic of [...this.byName.values()])
      if (next.topicsById.get(topic.id) === undefined) await this.drop(topic);
    const opening: Array<{ readonly partition: Partition; readonly config: LogConfig }> = [];
    for (const topic of next.topicsById.values()) this.update(topic, opening);
    await this.deps.logs.inParallel(opening, 'opening logs', async ({ partition, config }) =>
      this.open(partition, config),
    );
  }

  private update(
    image: TopicImage,
    opening: Array<{ readonly partition: Partition; readonly config: LogConfig }>,
  ): void {
    let topic = this.byId.get(image.id);
    if (topic === undefined) {
      topic = { id: image.id, name: image.name, partitions: [] };
      this.byId.set(image.id, topic);
      this.byName.set(image.name, topic);
    }
    let config: LogConfig | undefined;
    for (const { partition, leader, leaderEpoch, isr, replicas } of image.partitions) {
      const known = topic.partitions[partition];
      if (known === undefined) {
        if (leader !== this.deps.nodeId) continue;
        config ??= this.deps.logConfigOf(image);
        const created = new Partition(image.name, image.id, partition, leaderEpoch, leader, isr, replicas);
        topic.partitions[partition] = created;
        opening.push({ partition: created, config });
        continue;
      }
      known.leader = leader;
      known.leaderEpoch = leaderEpoch;
      known.isr = isr;
      known.replicas = replicas;
    }
  }

  private async open(partition: Partition, config: LogConfig): Promise<void> {
    try {
      const log = await this.deps.logs.openLog(
        partition.topic,
        partition.partition,
        partition.topicId,
        config,
        (flushedOffset) => partition.flushed(flushedOffset),
      );
      log.log.accountFor(this.deps.egress.topicAccount(partition.topic));
      partition.opened(log);
    } catch (error) {
      partition.goOffline();
      this.deps.logger.error(
        `${topicPartitionName(partition.topic, partition.partition)} could not be opened and is offline: ${error instanceof Error ? error.message : String(error)}`,
        { error },
      );
    }
  }

  private async drop(topic: HostedTopic): Promise<void> {
    this.byId.delete(topic.id);
    if (this.byName.get(topic.name) === topic) {
      this.byName.delete(topic.name);
      this.deps.egress.forgetTopic(topic.name);
    }
    for (const partition of topic.partitions) {
      partition?.goOffline();
      if (partition?.log === undefined) continue;
      await this.deps.logs.deleteLog(partition.log).catch((error: unknown) => {
        this.deps.logger.warn(`${topicPartitionName(topic.name, partition.partition)} could not be deleted`, { error });
      });
    }
  }

  /** Topic or broker configs changed. */
  reconfigure(image: MetadataImage): void {
    for (const topic of image.topicsById.values()) {
      const hosted = this.byId.get(topic.id);
      if (hosted === undefined) continue;
      const config = this.deps.logConfigOf(topic);
      for (const partition of hosted.partitions) {
        partition?.log?.reconfigure(config);
        partition?.reconfigured();
      }
    }
    this.deps.logs.reconfigured();
  }

  /** Answers everything that waits. */
  close(): void {
    this.wheel.expireAll();
  }
}
