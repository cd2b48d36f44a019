import type { Uuid } from '../common/ids.js';
import type { BrokerConfig } from '../config/index.js';
import { createTopicConfigs } from '../config/index.js';
import type { MetadataImage, TopicImage } from '../metadata/image.js';
import { keys, type TopicValue } from '../metadata/keys.js';
import type { MetadataCheck, MetadataOp } from '../metadata/store.js';
import { ErrorCode } from '../protocol/errors.js';
import { type ControllerError, checkReplicas, failure, isFailure, placeReplicas } from './assignments.js';
import { collidingTopic, invalidTopicName } from './topic_names.js';

/** A topic to be made, as CreateTopics says it. */
export interface TopicCreation {
  readonly name: string;
  /** -1: the broker's default. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly assignments: ReadonlyArray<{ readonly partitionIndex: number; readonly brokerIds: readonly number[] }>;
  readonly configs: ReadonlyMap<string, string | null>;
}

/** Kafka's own metadata log; nobody can have a topic of this name. */
const metadataTopic = '__cluster_metadata';

/** One change of the store with what it means. Nothing is changed until the store takes it. */
export interface TopicDecision {
  readonly checks: readonly MetadataCheck[];
  readonly ops: readonly MetadataOp[];
  readonly topicId: Uuid;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

export interface DecideContext {
  readonly image: MetadataImage;
  readonly config: BrokerConfig;
  /** For a topic that is made: its id, and where the round of leaders begins. */
  readonly topicId: Uuid;
  readonly start: number;
}

/** Whether and how a topic is made. Errors and texts are Kafka's. */
export function decideCreateTopic(topic: TopicCreation, context: DecideContext): TopicDecision | ControllerError {
  const { image, config } = context;
  const invalid = invalidTopicName(topic.name);
  if (invalid !== undefined) return failure(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid);
  if (image.topicsByName.has(topic.name))
    return failure(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${topic.name}' already exists.`);
  const colliding = collidingTopic(topic.name, image.topicsByName.keys());
  if (colliding !== undefined)
    return failure(
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Topic '${topic.name}' collides with existing topic: ${colliding}`,
    );
  if (topic.name === metadataTopic)
    return failure(ErrorCode.INVALID_REQUEST, `Creation of internal topic ${topic.name} is prohibited.`);
  const change = createTopicConfigs(config, topic.configs);
  if (!change.ok) return failure(ErrorCode[change.error], change.message);
  const replicas = replicasOf(topic, context);
  if (isFailure(replicas)) return replicas;
  const value: TopicValue = { name: topic.name, p: replicas.map(newPartition) };
  const ops: MetadataOp[] = [
    { put: keys.topic(context.topicId), value: JSON.stringify(value) },
    { put: keys.topicName(topic.name), value: context.topicId },
  ];
  if (change.configs.size > 0)
    ops.push({ put: keys.topicConfig(context.topicId), value: JSON.stringify(Object.fromEntries(change.configs)) });
  return {
    checks: ops.map((op) => ({ key: 'put' in op ? op.put : op.delete, version: 0 })),
    ops,
    topicId: context.topicId,
    numPartitions: replicas.length,
    replicationFactor: replicas[0]?.length ?? 0,
    configs: change.configs,
    warnings: change.warnings.map(({ message }) => message),
  };
}

function newPartition(replicas: readonly number[]): TopicValue['p'][number] {
  return { l: replicas[0] ?? -1, e: 0, r: replicas, i: replicas };
}

function replicasOf(topic: TopicCreation, context: DecideContext): readonly (readonly number[])[] | ControllerError {
  const brokers = [...context.image.brokers.keys()].sort((a, b) => a - b);
  if (topic.assignments.length > 0) return manualReplicas(topic, new Set(brokers));
  const { config } = context;
  const count = topic.numPartitions === -1 ? config.int('num.partitions') : topic.numPartitions;
  const factor = topic.replicationFactor === -1 ? config.int('default.replication.factor') : topic.replicationFactor;
  if (topic.replicationFactor === 0 || topic.replicationFactor < -1)
    return failure(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    );
  if (topic.numPartitions === 0 || topic.numPartitions < -1)
    return failure(ErrorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.');
  return refuseTooMany(count) ?? placeReplicas(brokers, count, factor, context.start);
}

/** A topic is one value of the metadata store, which has a size limit. */
export const maxPartitionsPerTopic = 10_000;

function refuseTooMany(count: number): ControllerError | undefined {
  if (count <= maxPartitionsPerTopic) return undefined;
  return failure(ErrorCode.INVALID_PARTITIONS, `A topic can have at most ${maxPartitionsPerTopic} partitions.`);
}

function manualReplicas(
  topic: TopicCreation,
  brokers: ReadonlySet<number>,
): readonly (readonly number[])[] | ControllerError {
  if (topic.replicationFactor !== -1)
    return failure(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    );
  if (topic.numPartitions !== -1)
    return failure(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    );
  const tooMany = refuseTooMany(topic.assignments.length);
  if (tooMany !== undefined) return tooMany;
  const byPartition = new Map<number, readonly number[]>();
  let factor: number | undefined;
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (byPartition.has(partitionIndex))
      return failure(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Found multiple manual partition assignments for partition ${partitionIndex}`,
      );
    const problem = checkReplicas(brokerIds, brokers, factor);
    if (problem !== undefined) return problem;
    factor = brokerIds.length;
    byPartition.set(partitionIndex, brokerIds);
  }
  const list = Array.from({ length: byPartition.size }, (_, partition) => byPartition.get(partition));
  const gap = list.indexOf(undefined);
  if (gap >= 0)
    return failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'partitions should be a consecutive 0-based integer sequence');
  return list.flatMap((replicas) => (replicas === undefined ? [] : [replicas]));
}

/** More partitions for a topic that exists; `assignments` null places them as usual. */
export function decideCreatePartitions(
  topic: TopicImage,
  version: number,
  count: number,
  assignments: readonly (readonly number[])[] | null,
  context: { readonly image: MetadataImage; readonly start: number },
): { readonly checks: readonly MetadataCheck[]; readonly ops: readonly MetadataOp[] } | ControllerError {
  const have = topic.partitions.length;
  if (count === have) return failure(ErrorCode.INVALID_PARTITIONS, `Topic already has ${have} partition(s).`);
  if (count < have)
    return failure(
      ErrorCode.INVALID_PARTITIONS,
      `The topic ${topic.name} currently has ${have} partition(s); ${count} would not be an increase.`,
    );
  const tooMany = refuseTooMany(count);
  if (tooMany !== undefined) return tooMany;
  const additional = count - have;
  const brokers = [...context.image.brokers.keys()].sort((a, b) => a - b);
  const factor = topic.partitions[0]?.replicas.length ?? 1;
  let added: readonly (readonly number[])[] | ControllerError;
  if (assignments === null) added = placeReplicas(brokers, additional, factor, context.start + have);
  else if (assignments.length !== additional)
    return failure(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    );
  else {
    for (const replicas of assignments) {
      const problem = checkReplicas(replicas, new Set(brokers), factor);
      if (problem !== undefined) return problem;
    }
    added = assignments;
  }
  if (isFailure(added)) return added;
  const value: TopicValue = {
    name: topic.name,
    p: [
      ...topic.partitions.map(({ leader, leaderEpoch, replicas, isr }) => ({
        l: leader,
        e: leaderEpoch,
        r: replicas,
        i: isr,
      })),
      ...added.map(newPartition),
    ],
  };
  return {
    checks: [{ key: keys.topic(topic.id), version }],
    ops: [{ put: keys.topic(topic.id), value: JSON.stringify(value) }],
  };
}
