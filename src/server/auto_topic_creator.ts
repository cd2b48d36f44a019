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
    if (name === offsetsTopic) return this.ensureTopic(name);
    if (!this.deps.config().boolean('auto.create.topics.enable')) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (invalidTopicName(name) !== undefined) return ErrorCode.INVALID_TOPIC_EXCEPTION;
    return this.once(name, -1, -1, new Map());
  }

  /** For coordinators; the reason of a failure is logged. */
  async ensure(name: string): Promise<void> {
    await this.ensureTopic(name);
  }

  private async ensureTopic(name: string): Promise<ErrorCode | undefined> {
    const config = this.deps.config();
    // Kafka's default of three copies would keep a single broker from ever serving a group.
    const brokers = this.deps.metadata.current().brokers.size;
    const copies = Math.max(1, Math.min(config.int('offsets.topic.replication.factor'), brokers));
    const configs = new Map<string, string>([
      ['cleanup.policy', 'compact'],
      ['compression.type', 'producer'],
      ['segment.bytes', String(config.int('offsets.topic.segment.bytes'))],
    ]);
    return this.once(name, config.int('offsets.topic.num.partitions'), copies, configs);
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

const offsetsTopic = '__consumer_offsets';
