import type { BrokerConfig } from '../config/index.js';
import { isFailure } from '../controller/assignments.js';
import type { Controller } from '../controller/controller.js';
import { invalidTopicName } from '../controller/topic_names.js';
import type { MetadataCache } from '../metadata/image.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Logger } from '../telemetry/logger.js';

export interface AutoTopicCreatorDeps {
  readonly controller: Controller;
  readonly metadata: MetadataCache;
  readonly logger: Logger;
  config(): BrokerConfig;
}

/** Creates topics that clients name and that are not there, and the topics the broker itself needs. */
export class AutoTopicCreator {
  /** One creation per name at a time; whoever comes meanwhile waits for it. */
  private readonly creating = new Map<string, Promise<ErrorCode | undefined>>();

  constructor(private readonly deps: AutoTopicCreatorDeps) {}

  /** Undefined: the topic is there now. Otherwise what the client is told about it. */
  async create(name: string): Promise<ErrorCode | undefined> {
    if (internalTopics.has(name)) return this.ensureTopic(name);
    if (!this.deps.config().boolean('auto.create.topics.enable')) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (invalidTopicName(name) !== undefined) return ErrorCode.INVALID_TOPIC_EXCEPTION;
    return this.once(name, -1, -1, new Map());
  }

  /** For coordinators; the reason of a failure is logged. */
  async ensure(name: string): Promise<void> {
    await this.ensureTopic(name);
  }

  private async ensureTopic(name: string): Promise<ErrorCode | undefined> {
    const topic = internalTopics.get(name)?.(this.deps.config());
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    // Kafka's default of three copies would keep a single broker from ever serving a group.
    const brokers = this.deps.metadata.current().brokers.size;
    const copies = Math.max(1, Math.min(topic.replicationFactor, brokers));
    return this.once(name, topic.numPartitions, copies, new Map(Object.entries(topic.configs)));
  }

  private once(name: string, numPartitions: number, replicationFactor: number, configs: ReadonlyMap<string, string>) {
    const known = this.creating.get(name);
    if (known !== undefined) return known;
    const creation = this.createNow(name, numPartitions, replicationFactor, configs).finally(() =>
      this.creating.delete(name),
    );
    this.creating.set(name, creation);
    return creation;
  }

  private async createNow(
    name: string,
    numPartitions: number,
    replicationFactor: number,
    configs: ReadonlyMap<string, string>,
  ): Promise<ErrorCode | undefined> {
    if (this.deps.metadata.current().topicsByName.has(name)) return undefined;
    const result = await this.deps.controller.createTopic(
      { name, numPartitions, replicationFactor, assignments: [], configs },
      false,
    );
    if (!isFailure(result) || result.errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return undefined;
    this.deps.logger.warn(
      `topic ${name} could not be created automatically: ${result.errorMessage ?? result.errorCode}`,
    );
    return result.errorCode;
  }
}

interface InternalTopic {
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** What the broker keeps for itself, made when it is first asked for. */
const internalTopics: ReadonlyMap<string, (config: BrokerConfig) => InternalTopic> = new Map([
  [
    '__consumer_offsets',
    (config) => ({
      numPartitions: config.int('offsets.topic.num.partitions'),
      replicationFactor: config.int('offsets.topic.replication.factor'),
      configs: {
        'cleanup.policy': 'compact',
        'compression.type': 'producer',
        'segment.bytes': String(config.int('offsets.topic.segment.bytes')),
      },
    }),
  ],
  [
    '__transaction_state',
    (config) => ({
      numPartitions: config.int('transaction.state.log.num.partitions'),
      replicationFactor: config.int('transaction.state.log.replication.factor'),
      configs: {
        'cleanup.policy': 'compact',
        'compression.type': 'uncompressed',
        'min.insync.replicas': String(config.int('transaction.state.log.min.isr')),
        'segment.bytes': String(config.int('transaction.state.log.segment.bytes')),
        'unclean.leader.election.enable': 'false',
      },
    }),
  ],
  [
    // Never cleaned: the share coordinator itself deletes what it does not need any more.
    '__share_group_state',
    (config) => ({
      numPartitions: config.int('share.coordinator.state.topic.num.partitions'),
      replicationFactor: config.int('share.coordinator.state.topic.replication.factor'),
      configs: {
        'cleanup.policy': 'delete',
        'compression.type': 'producer',
        'min.insync.replicas': String(config.int('share.coordinator.state.topic.min.isr')),
        'retention.ms': '-1',
        'segment.bytes': String(config.int('share.coordinator.state.topic.segment.bytes')),
      },
    }),
  ],
]);
