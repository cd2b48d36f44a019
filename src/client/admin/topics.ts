import type { Uuid } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { hasCode, ProtocolError } from '../errors.js';
import type { TopicMetadata } from '../metadata.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface NewTopic {
  readonly name: string;
  /** Left out: the broker's `num.partitions`. */
  readonly numPartitions?: number;
  /** Left out: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** Brokers of each partition, leader first; excludes the two above. */
  readonly assignments?: ReadonlyArray<readonly number[]>;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface CreatedTopic extends Outcome {
  readonly topicId: Uuid | undefined;
  /** -1 from brokers before 2.4. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
}

export interface TopicDescription extends Outcome {
  readonly topic: TopicMetadata | undefined;
}

export interface MoreOptions {
  /** The broker checks everything, but changes nothing. */
  readonly validateOnly?: boolean;
  /** How long the broker may take, and the whole call with its retries. Default: the client's `apiTimeoutMs`. */
  readonly timeoutMs?: number;
}

/** @returns one outcome per topic, in the broker's order */
export async function createTopics(
  cluster: ClusterClient,
  topics: readonly NewTopic[],
  options: MoreOptions = {},
): Promise<readonly CreatedTopic[]> {
  const timeoutMs = options.timeoutMs ?? cluster.requestTimeoutMs;
  const body = {
    topics: topics.map((topic) => ({
      name: topic.name,
      numPartitions: topic.assignments === undefined ? (topic.numPartitions ?? -1) : -1,
      replicationFactor: topic.assignments === undefined ? (topic.replicationFactor ?? -1) : -1,
      assignments: (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
      configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
    })),
    timeoutMs,
    validateOnly: options.validateOnly ?? false,
  };
  const created = await cluster.callController(
    calls.createTopics,
    body,
    (response) =>
      response.topics.map((topic) => {
        const subject = `topic ${topic.name}`;
        if (topic.errorCode === ErrorCode.NOT_CONTROLLER) throw new ProtocolError(topic.errorCode, subject);
        return {
          name: topic.name,
          topicId: topic.topicId,
          numPartitions: topic.numPartitions,
          replicationFactor: topic.replicationFactor,
          error: protocolErrorOf(topic.errorCode, subject, topic.errorMessage),
        };
      }),
    { timeoutMs: timeoutMs + cluster.requestTimeoutMs },
  );
  cluster.metadata.expire(topics.map((topic) => topic.name));
  return created;
}

/** Every topic of the cluster, by name. */
export async function listTopics(
  cluster: ClusterClient,
  options: { readonly includeInternal?: boolean } = {},
): Promise<readonly TopicMetadata[]> {
  await cluster.retry('listing topics', () => cluster.refreshMetadata('all'));
  return [...cluster.metadata.topics()]
    .filter((topic) => options.includeInternal === true || !topic.isInternal)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Fresh metadata of each topic; a topic that does not exist has UNKNOWN_TOPIC_OR_PARTITION as its error. */
export async function describeTopics(
  cluster: ClusterClient,
  names: readonly string[],
): Promise<readonly TopicDescription[]> {
  await cluster.retry('describing topics', () => cluster.refreshMetadata(names));
  return names.map((name) => {
    const topic = cluster.metadata.topic(name);
    const code = cluster.metadata.errorOf(name) || ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return { name, topic, error: topic === undefined ? new ProtocolError(code, `topic ${name}`) : undefined };
  });
}

export async function deleteTopics(
  cluster: ClusterClient,
  names: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<readonly Outcome[]> {
  const timeoutMs = options.timeoutMs ?? cluster.requestTimeoutMs;
  const outcomes = await cluster.callController(
    calls.deleteTopics,
    (version) =>
      version >= 6 ? { topics: names.map((name) => ({ name })), timeoutMs } : { topicNames: names, timeoutMs },
    (response) =>
      response.responses.map((one) => {
        const name = one.name ?? '';
        if (one.errorCode === ErrorCode.NOT_CONTROLLER) throw new ProtocolError(one.errorCode, `topic ${name}`);
        return { name, error: protocolErrorOf(one.errorCode, `topic ${name}`, one.errorMessage) };
      }),
    { timeoutMs: timeoutMs + cluster.requestTimeoutMs },
  );
  cluster.metadata.expire(names);
  return outcomes;
}

export interface NewPartitions {
  readonly name: string;
  /** Partitions the topic shall have afterwards. */
  readonly count: number;
  /** Brokers of each new partition. */
  readonly assignments?: ReadonlyArray<readonly number[]>;
}

export async function createPartitions(
  cluster: ClusterClient,
  topics: readonly NewPartitions[],
  options: MoreOptions = {},
): Promise<readonly Outcome[]> {
  const timeoutMs = options.timeoutMs ?? cluster.requestTimeoutMs;
  const outcomes = await cluster.callController(
    calls.createPartitions,
    {
      topics: topics.map(({ name, count, assignments }) => ({
        name,
        count,
        assignments: assignments === undefined ? null : assignments.map((brokerIds) => ({ brokerIds })),
      })),
      timeoutMs,
      validateOnly: options.validateOnly ?? false,
    },
    (response) =>
      response.results.map(({ name, errorCode, errorMessage }) => {
        if (errorCode === ErrorCode.NOT_CONTROLLER) throw new ProtocolError(errorCode, `topic ${name}`);
        return { name, error: protocolErrorOf(errorCode, `topic ${name}`, errorMessage) };
      }),
    { timeoutMs: timeoutMs + cluster.requestTimeoutMs },
  );
  cluster.metadata.expire(topics.map((topic) => topic.name));
  return outcomes;
}

/** Waits until the brokers' metadata shows every partition of the topics with a leader. @throws OperationTimeoutError */
export async function awaitTopics(cluster: ClusterClient, names: readonly string[]): Promise<void> {
  await cluster.retry('waiting for topics', async () => {
    await cluster.refreshMetadata(names);
    for (const name of names) {
      const topic = cluster.metadata.topic(name);
      const subject = `topic ${name}`;
      if (topic === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, subject);
      if (topic.partitions.some((one) => one.leaderId < 0))
        throw new ProtocolError(ErrorCode.LEADER_NOT_AVAILABLE, subject);
    }
  });
}

/** Whether the error says that a topic does not exist. */
export function isUnknownTopic(error: unknown): boolean {
  return hasCode(error, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID);
}
