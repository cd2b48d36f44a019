import type { TopicPartition } from '../common/ids.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Fields, Struct } from '../protocol/schema.js';
import type { ApiCall } from './api_call.js';
import { calls } from './calls.js';
import type { ClusterLookup, Lane } from './cluster_lookup.js';
import { type Answer, type Body, Connection, type SendOptions } from './connection.js';
import { type CoordinatorKind, Coordinators } from './coordinators.js';
import type { ClientEnvironment } from './environment.js';
import {
  ClientClosedError,
  ClientError,
  ConnectionError,
  hasCode,
  InvalidArgumentError,
  ProtocolError,
} from './errors.js';
import { type BrokerNode, MetadataCache, type PartitionMetadata, type TopicMetadata } from './metadata.js';
import { type RetryPolicy, withRetries } from './retry.js';
import { Sleeper } from './sleeper.js';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Names and defaults are those of Kafka's clients. */
export interface ClusterClientOptions {
  readonly bootstrapServers: readonly Endpoint[];
  readonly clientId?: string;
  /** Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** For operations with their retries. Default 60 s. */
  readonly apiTimeoutMs?: number;
  /** Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Default 100 ms, doubling up to `retryBackoffMaxMs`. */
  readonly retryBackoffMs?: number;
  /** Default 1 s. */
  readonly retryBackoffMaxMs?: number;
  /** Default 5 minutes. */
  readonly metadataMaxAgeMs?: number;
  /** Default 128 MiB. */
  readonly maxResponseBytes?: number;
}

export const clientVersion = '0.1.0';

/**
 * The connections to one cluster, what is known of its topics, and requests to the right broker: any, the controller, the
 * leader of a partition, the coordinator of a group. Admin, Producer and Consumer share one or have one each.
 */
export class ClusterClient implements ClusterLookup {
  readonly metadata = new MetadataCache();
  readonly sleeper: Sleeper;
  readonly retryPolicy: RetryPolicy;
  readonly requestTimeoutMs: number;
  readonly coordinators: Coordinators;
  readonly #options: ClusterClientOptions;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #metadataMaxAgeMs: number;
  #refreshing: { readonly topics: ReadonlySet<string> | 'all'; readonly done: Promise<void> } | undefined;
  #nextBroker = 0;
  #closed = false;

  constructor(
    readonly environment: ClientEnvironment,
    options: ClusterClientOptions,
  ) {
    if (options.bootstrapServers.length === 0) throw new InvalidArgumentError('no bootstrap server was given');
    this.#options = options;
    this.sleeper = new Sleeper(environment.timers);
    this.requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#metadataMaxAgeMs = options.metadataMaxAgeMs ?? 300_000;
    this.retryPolicy = {
      backoffMs: options.retryBackoffMs ?? 100,
      maxBackoffMs: options.retryBackoffMaxMs ?? 1_000,
      timeoutMs: options.apiTimeoutMs ?? 60_000,
    };
    this.coordinators = new Coordinators(this);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Ends every connection; whatever is under way fails with ClientClosedError. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.sleeper.close();
    const connections = await Promise.allSettled(this.#connections.values());
    for (const one of connections) if (one.status === 'fulfilled') one.value.close(closedError());
    this.#connections.clear();
  }

  /** Runs `attempt` with this client's retry policy. @throws OperationTimeoutError */
  retry<T>(subject: string, attempt: (deadlineMs: number) => Promise<T>, timeoutMs?: number): Promise<T> {
    const policy = timeoutMs === undefined ? this.retryPolicy : { ...this.retryPolicy, timeoutMs };
    const { clock, random } = this.environment;
    return withRetries({ clock, random, sleeper: this.sleeper }, policy, subject, attempt);
  }

  /** A connection to the broker, made when needed. @throws ConnectionError also when the broker is not known */
  async connectionTo(nodeId: number, lane: Lane = 'main'): Promise<Connection> {
    const broker = this.metadata.brokers.get(nodeId);
    if (broker === undefined) throw new ConnectionError(`broker ${nodeId} is not in the cluster's metadata`);
    return this.#connect(nodeKey(broker, lane), broker);
  }

  /** A connection to some broker: one that is open, else any known one, else a bootstrap server. */
  async anyConnection(): Promise<Connection> {
    const known = [...this.metadata.brokers.values()];
    const candidates = [
      ...known.map((broker) => ({ key: nodeKey(broker, 'main'), endpoint: broker })),
      ...this.#options.bootstrapServers.map((endpoint) => ({ key: `${endpoint.host}:${endpoint.port}`, endpoint })),
    ];
    for (const { key } of candidates) {
      const connection = await this.#connections.get(key)?.catch(() => undefined);
      if (connection?.isOpen === true) return connection;
    }
    const failures: string[] = [];
    const start = this.#nextBroker++;
    for (let i = 0; i < candidates.length; i += 1) {
      const candidate = candidates[(start + i) % candidates.length];
      if (candidate === undefined) continue;
      try {
        return await this.#connect(candidate.key, candidate.endpoint);
      } catch (error) {
        if (!(error instanceof ClientError) || error instanceof ClientClosedError) throw error;
        failures.push(error.message);
      }
    }
    throw new ConnectionError(`no broker could be reached: ${[...new Set(failures)].join('; ')}`);
  }

  #connect(key: string, endpoint: Endpoint): Promise<Connection> {
    if (this.#closed) return Promise.reject(closedError());
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const { dialer, timers } = this.environment;
    const opening = Connection.open({
      host: endpoint.host,
      port: endpoint.port,
      dialer,
      timers,
      clientId: this.#options.clientId ?? 'millrace',
      softwareVersion: clientVersion,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 10_000,
      requestTimeoutMs: this.requestTimeoutMs,
      maxResponseBytes: this.#options.maxResponseBytes ?? 128 * 1024 * 1024,
    });
    this.#connections.set(key, opening);
    const forget = (): void => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key);
    };
    opening.then((connection) => {
      if (this.#closed) connection.close(closedError());
      connection.onClose(forget);
    }, forget);
    return opening;
  }

  /** One request to any broker, without retries. */
  async sendAny<Q extends Fields, R extends Fields>(
    call: ApiCall<Q, R>,
    body: Body<Q>,
    options?: SendOptions,
  ): Promise<Answer<R>> {
    return (await this.anyConnection()).send(call, body, options);
  }

  async sendTo<Q extends Fields, R extends Fields>(
    nodeId: number,
    call: ApiCall<Q, R>,
    body: Body<Q>,
    options?: SendOptions & { readonly lane?: Lane },
  ): Promise<Answer<R>> {
    return (await this.connectionTo(nodeId, options?.lane)).send(call, body, options);
  }

  /**
   * A request to the controller with retries; `check` throws the errors that the response carries.
   *
   * @returns what `check` returns
   */
  callController<Q extends Fields, R extends Fields, T>(
    call: ApiCall<Q, R>,
    body: Body<Q>,
    check: (response: Struct<R>) => T,
    options?: SendOptions,
  ): Promise<T> {
    return this.retry(call.api.name, async () => {
      if (!this.metadata.brokers.has(this.metadata.controllerId)) await this.refreshMetadata([]);
      const { controllerId } = this.metadata;
      try {
        // In KRaft any broker takes it on; where there is no id yet, one that is reachable.
        const answer = this.metadata.brokers.has(controllerId)
          ? await this.sendTo(controllerId, call, body, options)
          : await this.sendAny(call, body, options);
        return check(answer.response);
      } catch (error) {
        if (error instanceof ConnectionError || hasCode(error, ErrorCode.NOT_CONTROLLER))
          await this.refreshMetadata([]);
        throw error;
      }
    });
  }

  /** A request to any broker with retries. */
  callAny<Q extends Fields, R extends Fields, T>(
    call: ApiCall<Q, R>,
    body: Body<Q>,
    check: (response: Struct<R>) => T,
    options?: SendOptions,
  ): Promise<T> {
    return this.retry(call.api.name, async () => check((await this.sendAny(call, body, options)).response));
  }

  /** A request to the coordinator of a group or transactional id with retries, also of finding it. */
  callCoordinator<Q extends Fields, R extends Fields, T>(
    coordinator: { readonly kind: CoordinatorKind; readonly key: string },
    call: ApiCall<Q, R>,
    body: Body<Q>,
    check: (response: Struct<R>) => T,
    options?: SendOptions,
  ): Promise<T> {
    const subject = `${call.api.name} of ${coordinator.kind} ${coordinator.key}`;
    return this.retry(subject, () =>
      this.coordinators.attempt(coordinator, async (connection) =>
        check((await connection.send(call, body, options)).response),
      ),
    );
  }

  /**
   * The topics' metadata, fetched when it is missing, old or has a partition without a leader.
   *
   * @throws ProtocolError for the first topic that the cluster does not have
   */
  async topicMetadata(
    names: readonly string[],
    options: { readonly allowAutoTopicCreation?: boolean } = {},
  ): Promise<readonly TopicMetadata[]> {
    const nowMs = this.environment.clock.monotonicMs();
    const missing = names.filter((name) => !this.#isFresh(name, nowMs));
    if (missing.length > 0) await this.refreshMetadata(missing, options);
    return names.map((name) => {
      const topic = this.metadata.topic(name);
      if (topic !== undefined) return topic;
      throw new ProtocolError(this.metadata.errorOf(name) || ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`);
    });
  }

  #isFresh(name: string, nowMs: number): boolean {
    const topic = this.metadata.topic(name);
    return topic !== undefined && this.metadata.ageMs(name, nowMs) < this.#metadataMaxAgeMs;
  }

  /** The topic's metadata if it is known and not too old, without asking. */
  freshTopic(name: string): TopicMetadata | undefined {
    return this.#isFresh(name, this.environment.clock.monotonicMs()) ? this.metadata.topic(name) : undefined;
  }

  /** The partition if its leader is known and its topic's metadata is not too old, without asking. */
  cachedLeader({ topic, partition }: TopicPartition): PartitionMetadata | undefined {
    const found = this.freshTopic(topic)?.partitions[partition];
    return found !== undefined && this.metadata.brokers.has(found.leaderId) ? found : undefined;
  }

  /** @throws ProtocolError (retriable) when the partition has no leader at the moment or does not exist */
  async leaderOf(
    at: TopicPartition,
    options: { readonly allowAutoTopicCreation?: boolean } = {},
  ): Promise<PartitionMetadata> {
    const [topic] = await this.topicMetadata([at.topic], options);
    const partition = topic?.partitions[at.partition];
    const subject = `partition ${at.topic}-${at.partition}`;
    if (partition === undefined) {
      this.metadata.expire([at.topic]);
      throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, subject);
    }
    if (partition.leaderId < 0 || !this.metadata.brokers.has(partition.leaderId)) {
      this.metadata.expire([at.topic]);
      throw new ProtocolError(ErrorCode.LEADER_NOT_AVAILABLE, subject);
    }
    return partition;
  }

  /** Asks for `topics` ([]: only the brokers). Callers that ask while a request for the same is under way share it. */
  async refreshMetadata(
    topics: readonly string[] | 'all',
    options: { readonly allowAutoTopicCreation?: boolean } = {},
  ): Promise<void> {
    const running = this.#refreshing;
    if (running !== undefined && topics !== 'all' && !(options.allowAutoTopicCreation ?? false)) {
      if (running.topics === 'all' || topics.every((name) => running.topics !== 'all' && running.topics.has(name)))
        return running.done;
    }
    const done = this.#fetchMetadata(topics, options.allowAutoTopicCreation ?? false);
    const mine = { topics: topics === 'all' ? ('all' as const) : new Set(topics), done };
    this.#refreshing = mine;
    try {
      await done;
    } finally {
      if (this.#refreshing === mine) this.#refreshing = undefined;
    }
  }

  async #fetchMetadata(topics: readonly string[] | 'all', allowAutoTopicCreation: boolean): Promise<void> {
    const connection = await this.anyConnection();
    const { response } = await connection.send(calls.metadata, {
      topics: topics === 'all' ? null : topics.map((name) => ({ name })),
      allowAutoTopicCreation,
    });
    this.metadata.update(response, this.environment.clock.monotonicMs(), topics === 'all');
    if (response.brokers.length === 0)
      throw new ProtocolError(
        ErrorCode.BROKER_NOT_AVAILABLE,
        `metadata of ${connection.address}`,
        'it lists no broker',
      );
  }
}

function nodeKey(broker: BrokerNode, lane: Lane): string {
  return `${lane}:${broker.nodeId}@${broker.host}:${broker.port}`;
}

function closedError(): ClientClosedError {
  return new ClientClosedError('the client was closed');
}
