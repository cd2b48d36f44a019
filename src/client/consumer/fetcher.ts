import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { FetchResponse } from '../../protocol/api/fetch.js';
import { ErrorCode } from '../../protocol/errors.js';
import { type IsolationLevel, isolationLevelId } from '../admin/offsets.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { ClientError, ProtocolError } from '../errors.js';
import { byTopic } from '../per_leader.js';
import { backoffMs } from '../retry.js';
import { CompletedFetch } from './completed_fetch.js';
import type { PartitionState } from './partition_state.js';

export interface FetcherOptions {
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly maxDecompressedBytes: number;
  readonly isolationLevel: IsolationLevel;
  readonly rackId: string;
  readonly checkCrcs: boolean;
  readonly allowAutoTopicCreation: boolean;
  readonly readReplicaMs: number;
}

export interface FetcherEvents {
  /** Data, or a reason to look: called after each answer. */
  readonly onProgress: () => void;
  /** The offset asked for does not exist (any more). */
  readonly onOutOfRange: (state: PartitionState) => void;
  /** Something the caller of poll has to know. */
  readonly onError: (error: ClientError) => void;
}

interface Asked {
  readonly state: PartitionState;
  readonly generation: number;
  readonly fetchOffset: number;
}

type PartitionResponse = FetchResponse['responses'][number]['partitions'][number];

/** Errors that pass with newer metadata. */
const moved: ReadonlySet<number> = new Set<number>([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.LEADER_NOT_AVAILABLE,
]);

/** Keeps one fetch in flight per broker for the partitions that have room in their buffer. */
export class Fetcher {
  readonly #busyNodes = new Set<number>();
  #fetchingMetadata = false;
  #metadataFailures = 0;
  #closed = false;

  constructor(
    private readonly cluster: ClusterClient,
    private readonly options: FetcherOptions,
    private readonly events: FetcherEvents,
  ) {}

  close(): void {
    this.#closed = true;
  }

  /**
   * Sends what can be sent.
   *
   * @returns when (monotonic) to call again if nothing happens before
   */
  pump(states: Iterable<PartitionState>): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    const nowMs = this.cluster.environment.clock.monotonicMs();
    let againAtMs = Number.POSITIVE_INFINITY;
    const byNode = new Map<number, PartitionState[]>();
    const unknown = new Set<string>();
    for (const state of states) {
      if (!state.isFetchable) continue;
      if (state.retryAtMs > nowMs) {
        againAtMs = Math.min(againAtMs, state.retryAtMs);
        continue;
      }
      const nodeId = this.#nodeFor(state, nowMs);
      if (nodeId === undefined) unknown.add(state.topic);
      else if (!this.#busyNodes.has(nodeId)) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), state]);
    }
    if (unknown.size > 0) this.#refreshMetadata([...unknown]);
    for (const [nodeId, group] of byNode) void this.#fetch(nodeId, group);
    return againAtMs;
  }

  #nodeFor(state: PartitionState, nowMs: number): number | undefined {
    const replica = state.readReplica;
    if (replica !== undefined && replica.untilMs > nowMs && this.cluster.metadata.brokers.has(replica.nodeId))
      return replica.nodeId;
    state.readReplica = undefined;
    return this.cluster.cachedLeader(state)?.leaderId;
  }

  #refreshMetadata(topics: readonly string[]): void {
    if (this.#fetchingMetadata) return;
    this.#fetchingMetadata = true;
    const { retryPolicy, environment, sleeper } = this.cluster;
    const run = async (): Promise<void> => {
      try {
        if (this.#metadataFailures > 0)
          await sleeper.sleep(backoffMs(retryPolicy, this.#metadataFailures - 1, environment.random));
        await this.cluster.refreshMetadata(topics, { allowAutoTopicCreation: this.options.allowAutoTopicCreation });
        const { brokers } = this.cluster.metadata;
        const complete = topics.every((topic) =>
          this.cluster.freshTopic(topic)?.partitions.every((one) => brokers.has(one.leaderId)),
        );
        this.#metadataFailures = complete ? 0 : this.#metadataFailures + 1;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        this.#metadataFailures += 1;
      }
    };
    void run().finally(() => {
      this.#fetchingMetadata = false;
      this.events.onProgress();
    });
  }

  async #fetch(nodeId: number, states: readonly PartitionState[]): Promise<void> {
    const asked: readonly Asked[] = states.map((state) => ({
      state,
      generation: state.generation,
      fetchOffset: state.fetchOffset,
    }));
    this.#busyNodes.add(nodeId);
    for (const state of states) state.isFetching = true;
    try {
      const topicId = (topic: string): Uuid => this.cluster.metadata.topic(topic)?.topicId ?? ZERO_UUID;
      const topics = byTopic(states).map((group) => ({ ...group, topicId: topicId(group.topic) }));
      const limits = topics.every((one) => one.topicId !== ZERO_UUID) ? {} : { maxVersion: 12 };
      const { response } = await this.cluster.sendTo(nodeId, calls.fetch, this.#request(topics), {
        ...limits,
        lane: 'fetch',
        timeoutMs: this.options.maxWaitMs + this.cluster.requestTimeoutMs,
      });
      if (response.errorCode !== ErrorCode.NONE)
        throw new ProtocolError(response.errorCode, `fetch from broker ${nodeId}`);
      this.#take(asked, response, new Map(topics.map((one) => [one.topicId, one.topic])));
    } catch (error) {
      this.#failed(asked, error);
    } finally {
      this.#busyNodes.delete(nodeId);
      for (const state of states) state.isFetching = false;
      this.events.onProgress();
    }
  }

  #request(
    topics: ReadonlyArray<{
      readonly topic: string;
      readonly topicId: Uuid;
      readonly partitions: readonly PartitionState[];
    }>,
  ) {
    const { options } = this;
    return {
      replicaId: -1,
      maxWaitMs: options.maxWaitMs,
      minBytes: options.minBytes,
      maxBytes: options.maxBytes,
      isolationLevel: isolationLevelId(options.isolationLevel),
      // Without a session: every request names its partitions.
      sessionId: 0,
      sessionEpoch: -1,
      rackId: options.rackId,
      topics: topics.map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map((state) => ({
          partition: state.partition,
          currentLeaderEpoch: this.cluster.metadata.partition(state)?.leaderEpoch ?? -1,
          fetchOffset: state.fetchOffset,
          partitionMaxBytes: options.maxPartitionBytes,
        })),
      })),
    };
  }

  #take(asked: readonly Asked[], response: FetchResponse, names: ReadonlyMap<Uuid, string>): void {
    const answers = new Map<string, PartitionResponse>();
    for (const topic of response.responses) {
      const name = topic.topic === '' ? names.get(topic.topicId) : topic.topic;
      for (const partition of topic.partitions) answers.set(`${name}-${partition.partitionIndex}`, partition);
    }
    for (const one of asked) {
      const answer = answers.get(one.state.name);
      // The position changed meanwhile, or the broker had no room for this partition.
      if (answer !== undefined && one.generation === one.state.generation) this.#takePartition(one, answer);
    }
  }

  #takePartition({ state, fetchOffset }: Asked, answer: PartitionResponse): void {
    const { options } = this;
    const { clock } = this.cluster.environment;
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#partitionFailed(state, answer);
      return;
    }
    state.failures = 0;
    state.highWatermark = answer.highWatermark;
    state.logStartOffset = answer.logStartOffset;
    if (answer.preferredReadReplica >= 0) {
      state.readReplica = { nodeId: answer.preferredReadReplica, untilMs: clock.monotonicMs() + options.readReplicaMs };
      return;
    }
    const { records } = answer;
    if (records === null || records.length === 0) return;
    const completed = new CompletedFetch({
      topic: state.topic,
      partition: state.partition,
      fetchOffset,
      records,
      abortedTransactions: answer.abortedTransactions ?? [],
      isolationLevel: options.isolationLevel,
      checkCrcs: options.checkCrcs,
      maxDecompressedBytes: options.maxDecompressedBytes,
    });
    if (completed.isEmpty) {
      this.events.onError(
        new ClientError(
          `a batch of ${state.name} at offset ${fetchOffset} does not fit in ${options.maxPartitionBytes} bytes`,
        ),
      );
      return;
    }
    state.fetchOffset = completed.endOffset;
    state.buffered.push(completed);
  }

  #partitionFailed(state: PartitionState, answer: PartitionResponse): void {
    const { errorCode, currentLeader } = answer;
    const hadReplica = state.readReplica !== undefined;
    state.readReplica = undefined;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // A follower may lag behind; only the leader knows.
      if (!hadReplica) this.events.onOutOfRange(state);
      return;
    }
    this.#backOff(state);
    if (
      currentLeader.leaderId >= 0 &&
      this.cluster.metadata.updateLeader(state, currentLeader.leaderId, currentLeader.leaderEpoch)
    )
      return;
    if (moved.has(errorCode)) this.cluster.metadata.expire([state.topic]);
    else this.events.onError(new ProtocolError(errorCode, `fetch of ${state.name}`));
  }

  #failed(asked: readonly Asked[], error: unknown): void {
    if (!(error instanceof ClientError)) throw error;
    for (const { state } of asked) {
      state.readReplica = undefined;
      this.#backOff(state);
    }
    this.cluster.metadata.expire(asked.map(({ state }) => state.topic));
    if (!error.retriable && !this.#closed) this.events.onError(error);
  }

  #backOff(state: PartitionState): void {
    const { retryPolicy, environment } = this.cluster;
    state.retryAtMs = environment.clock.monotonicMs() + backoffMs(retryPolicy, state.failures, environment.random);
    state.failures += 1;
  }
}
