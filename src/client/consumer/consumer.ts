import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import { commitGroupOffsets, fetchGroupOffsets } from '../admin/group_offsets.js';
import { offsetSpec } from '../admin/offsets.js';
import { throwFirst } from '../admin/outcome.js';
import type { ClusterClient } from '../cluster_client.js';
import { ClientClosedError, ClientError, InvalidArgumentError, isRetriableError } from '../errors.js';
import { assignors } from './assignors/index.js';
import { Fetcher } from './fetcher.js';
import { GroupMembership } from './group_membership.js';
import { PartitionState } from './partition_state.js';
import { Positions } from './positions.js';
import { Rebalancer } from './rebalancer.js';
import { Signal } from './signal.js';
import { TopicWatch } from './topic_watch.js';
import type { ConsumerOptions, ConsumerRecord, OffsetAndMetadata, RebalanceListener } from './types.js';

const mebibyte = 1024 * 1024;
const maxIdleMs = 1_000;

export interface PollOptions {
  /** How long to wait for a record. 0: only what is buffered. Default: until there is one. */
  readonly timeoutMs?: number;
  /** Default 500. */
  readonly maxRecords?: number;
}

/**
 * Reads records, from partitions it was told (`assign`) or as a member of a group (`subscribe`).
 *
 * One caller at a time: `poll`, or `for await (const record of consumer)`, does everything a group asks of its members
 * (heartbeats apart, which go on by themselves until `maxPollIntervalMs` pass without a poll).
 */
export class Consumer implements AsyncIterable<ConsumerRecord> {
  readonly #options: ConsumerOptions;
  readonly #states = new Map<string, PartitionState>();
  /** The same in the order of their turns. */
  #order: readonly PartitionState[] = [];
  readonly #signal: Signal;
  readonly #fetcher: Fetcher;
  readonly #positions: Positions;
  #rebalancer: Rebalancer | undefined;
  #errors: readonly ClientError[] = [];
  /** Where the search for the next record goes on, so that every partition gets its turn. */
  #turn = 0;
  #committedAtMs: number;
  /** Positions at the last commit, by partition name. */
  readonly #committed = new Map<string, number>();
  #committing: Promise<void> = Promise.resolve();
  #woken = false;
  #closed = false;

  constructor(
    readonly cluster: ClusterClient,
    options: ConsumerOptions = {},
  ) {
    this.#options = options;
    const { timers, clock } = cluster.environment;
    this.#committedAtMs = clock.monotonicMs();
    this.#signal = new Signal(timers);
    const isolationLevel = options.isolationLevel ?? 'read_uncommitted';
    this.#fetcher = new Fetcher(
      cluster,
      {
        minBytes: options.minBytes ?? 1,
        maxWaitMs: options.maxWaitMs ?? 500,
        maxBytes: options.maxBytes ?? 50 * mebibyte,
        maxPartitionBytes: options.maxPartitionBytes ?? mebibyte,
        maxDecompressedBytes: options.maxDecompressedBytes ?? 128 * mebibyte,
        isolationLevel,
        rackId: options.rackId ?? '',
        checkCrcs: options.checkCrcs ?? true,
        allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
        readReplicaMs: 300_000,
      },
      {
        onProgress: () => this.#progress(),
        onOutOfRange: (state) => state.markOutOfRange(),
        onError: (error) => {
          this.#errors = [...this.#errors, error];
        },
      },
    );
    this.#positions = new Positions(cluster, {
      groupId: options.groupId,
      autoOffsetReset: options.autoOffsetReset ?? 'latest',
      isolationLevel,
    });
  }

  /**
   * Reads as a member of the group; a pattern takes in topics that match, now and later.
   *
   * @throws InvalidArgumentError without a group id
   */
  subscribe(topics: readonly string[] | RegExp, listener: RebalanceListener = {}): void {
    const { groupId } = this.#options;
    if (groupId === undefined) throw new InvalidArgumentError('subscribing needs a groupId');
    if (this.#rebalancer === undefined) {
      this.#dropStates();
      this.#rebalancer = this.#makeRebalancer(groupId);
    }
    this.#rebalancer.subscribe(topics, listener);
    this.#signal.notify();
  }

  #makeRebalancer(groupId: string): Rebalancer {
    const options = this.#options;
    const watch = new TopicWatch(this.cluster);
    const membership = new GroupMembership(
      this.cluster,
      {
        groupId,
        groupInstanceId: options.groupInstanceId ?? null,
        assignors: (options.assignors ?? ['range', 'cooperative-sticky']).map((name) => assignors[name]),
        sessionTimeoutMs: options.sessionTimeoutMs ?? 45_000,
        heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
        maxPollIntervalMs: options.maxPollIntervalMs ?? 300_000,
        rackId: options.rackId ?? null,
      },
      {
        partitionCounts: (topics) => watch.partitionCounts(topics),
        onAttention: () => this.#signal.notify(),
      },
    );
    return new Rebalancer(membership, watch, {
      assigned: () => this.assignment(),
      beforeRevoke: () => (this.#autoCommits ? this.#commitPositions() : Promise.resolve()),
      remove: (partitions) => {
        for (const { topic, partition } of partitions) this.#states.delete(topicPartitionName(topic, partition));
        this.#order = [...this.#states.values()];
      },
      add: (partitions) => this.#addStates(partitions),
      onAttention: () => this.#signal.notify(),
    });
  }

  /** Reads these partitions and no others, without a group's say. */
  assign(partitions: readonly TopicPartition[]): void {
    if (this.#rebalancer !== undefined) throw new InvalidArgumentError('the consumer is subscribed; unsubscribe first');
    const names = new Set(partitions.map((one) => topicPartitionName(one.topic, one.partition)));
    for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
    this.#addStates(partitions);
    this.#signal.notify();
  }

  /** Leaves the group, or drops what was assigned. */
  async unsubscribe(): Promise<void> {
    const rebalancer = this.#rebalancer;
    this.#rebalancer = undefined;
    await rebalancer?.close('unsubscribed');
    this.#dropStates();
  }

  assignment(): readonly TopicPartition[] {
    return [...this.#states.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The group's member id, '' outside of a group. */
  get memberId(): string {
    return this.#rebalancer?.membership.memberId ?? '';
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#state(one).isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#state(one).isPaused = false;
    this.#signal.notify();
  }

  paused(): readonly TopicPartition[] {
    return [...this.#states.values()]
      .filter((one) => one.isPaused)
      .map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The next record handed out of the partition is the one at `offset`, or the first after it. */
  seek(at: TopicPartition, offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new InvalidArgumentError(`offset ${offset}`);
    this.#state(at).seek(offset);
    this.#signal.notify();
  }

  /** @param timestampMs a time, or one of `offsetSpec` */
  async seekToTime(partitions: readonly TopicPartition[], timestampMs: number): Promise<void> {
    await this.#positions.seekTo(
      partitions.map((one) => this.#state(one)),
      timestampMs,
    );
    this.#signal.notify();
  }

  seekToBeginning(partitions: readonly TopicPartition[] = this.assignment()): Promise<void> {
    return this.seekToTime(partitions, offsetSpec.earliest);
  }

  seekToEnd(partitions: readonly TopicPartition[] = this.assignment()): Promise<void> {
    return this.seekToTime(partitions, offsetSpec.latest);
  }

  /** Offset of the next record; undefined until it is determined. */
  position(at: TopicPartition): number | undefined {
    return this.#state(at).position;
  }

  /** End of the partition as of the last fetch; -1 before. */
  highWatermark(at: TopicPartition): number {
    return this.#state(at).highWatermark;
  }

  beginningOffsets(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    return this.#positions.list(partitions, offsetSpec.earliest);
  }

  /** By partition name; with read_committed the last stable offset. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    return this.#positions.list(partitions, offsetSpec.latest);
  }

  offsetsForTime(partitions: readonly TopicPartition[], timestampMs: number): Promise<ReadonlyMap<string, number>> {
    return this.#positions.list(partitions, timestampMs);
  }

  committed(partitions: readonly TopicPartition[]) {
    return fetchGroupOffsets(this.cluster, this.#groupId(), partitions, { requireStable: true });
  }

  /**
   * Commits offsets, without an argument the positions: everything that was handed out.
   *
   * @throws ProtocolError, e.g. ILLEGAL_GENERATION when the partitions are another member's by now
   */
  async commit(offsets: readonly OffsetAndMetadata[] = this.#consumed()): Promise<void> {
    const groupId = this.#groupId();
    if (offsets.length === 0) return;
    throwFirst(await commitGroupOffsets(this.cluster, groupId, offsets, this.#rebalancer?.membership.origin));
    for (const one of offsets) this.#committed.set(topicPartitionName(one.topic, one.partition), one.offset);
  }

  /**
   * The next records, in the order of their partition; at least one unless the time is over.
   *
   * @throws ClientError: what went wrong since the last call, e.g. NoOffsetError or a corrupt batch
   */
  async poll(options: PollOptions = {}): Promise<readonly ConsumerRecord[]> {
    const { clock } = this.cluster.environment;
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#startAutoCommit();
    for (;;) {
      await this.#prepare();
      const records = this.#takeMany(options.maxRecords ?? 500);
      const againAtMs = this.#fetcher.pump(this.#order);
      const nowMs = clock.monotonicMs();
      if (records.length > 0 || nowMs >= deadlineMs || this.#woken) {
        this.#woken = false;
        return records;
      }
      await this.#idle(Math.min(deadlineMs, againAtMs) - nowMs);
    }
  }

  /** Makes a waiting `poll` return what it has; without one, the next. */
  wakeUp(): void {
    this.#woken = true;
    this.#signal.notify();
  }

  /** Records one by one, without an end; `break` leaves the consumer open. A record counts as done when the next is asked for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, void> {
    while (!this.#closed) {
      this.#startAutoCommit();
      await this.#prepare();
      const record = this.#take();
      const againAtMs = this.#fetcher.pump(this.#order);
      if (record === undefined) {
        await this.#idle(againAtMs - this.cluster.environment.clock.monotonicMs());
        continue;
      }
      yield record;
      // What is buffered goes out without waiting for anything, until the group or a timer wants attention.
      for (let next = this.#takeFast(); next !== undefined; next = this.#takeFast()) yield next;
    }
  }

  /** Commits (with auto commit), leaves the group and stops fetching. The cluster's connections stay open. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#fetcher.close();
    this.#signal.notify();
    try {
      if (this.#autoCommits && !this.cluster.isClosed) await this.#commitPositions();
    } finally {
      await this.#rebalancer?.close('the consumer is closing');
      this.#dropStates();
    }
  }

  /** Everything that must be so before records are handed out. */
  async #prepare(): Promise<void> {
    if (this.#closed) throw new ClientClosedError('the consumer is closed');
    const [error, ...others] = this.#errors;
    this.#errors = others;
    if (error !== undefined) throw error;
    await this.#rebalancer?.poll();
    const open = [...this.#states.values()].filter((state) => state.position === undefined);
    if (open.length > 0) await this.#positions.initialize(open);
  }

  /** What comes before an error is handed out first; the error comes up again in the next call. */
  #takeMany(maxRecords: number): readonly ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    try {
      for (let record = this.#take(); record !== undefined; record = this.#take()) {
        records.push(record);
        if (records.length >= maxRecords) break;
      }
    } catch (error) {
      if (records.length === 0) throw error;
    }
    return records;
  }

  #takeFast(): ConsumerRecord | undefined {
    const rebalancer = this.#rebalancer;
    if (this.#closed || this.#errors.length > 0 || rebalancer?.needsPoll === true || this.#autoCommitIsDue())
      return undefined;
    return this.#take();
  }

  #take(): ConsumerRecord | undefined {
    const { length } = this.#order;
    for (let tried = 0; tried < length; tried += 1) {
      const state = this.#order[this.#turn % length];
      const record = state === undefined ? undefined : this.#takeFrom(state);
      if (record !== undefined) return record;
      // All that is buffered of a partition comes before the next one's turn.
      this.#turn = (this.#turn + 1) % length;
    }
    return undefined;
  }

  #takeFrom(state: PartitionState): ConsumerRecord | undefined {
    if (state.isPaused) return undefined;
    for (let fetch = state.buffered[0]; fetch !== undefined; fetch = state.buffered[0]) {
      const record = fetch.next();
      state.position = fetch.position;
      if (record !== undefined) {
        state.positionEpoch = record.leaderEpoch;
        return record;
      }
      state.buffered.shift();
      this.#fetcher.pump(this.#order);
    }
    return undefined;
  }

  /** Until something happens; not for ever, as offsets and topics want attention from time to time. */
  #idle(ms: number): Promise<void> {
    return this.#signal.wait(Math.max(0, Math.min(ms, maxIdleMs)));
  }

  #progress(): void {
    if (this.#closed) return;
    // The next fetch goes out while the caller works on what this one brought.
    this.#fetcher.pump(this.#order);
    this.#signal.notify();
  }

  get #autoCommits(): boolean {
    return this.#options.groupId !== undefined && (this.#options.enableAutoCommit ?? true);
  }

  #autoCommitIsDue(): boolean {
    const { clock } = this.cluster.environment;
    return (
      this.#autoCommits && clock.monotonicMs() - this.#committedAtMs >= (this.#options.autoCommitIntervalMs ?? 5_000)
    );
  }

  #startAutoCommit(): void {
    if (!this.#autoCommitIsDue()) return;
    this.#committedAtMs = this.cluster.environment.clock.monotonicMs();
    const offsets = this.#consumed();
    this.#committing = this.#committing.then(() => this.#commitQuietly(offsets));
  }

  async #commitPositions(): Promise<void> {
    await this.#committing;
    await this.#commitQuietly(this.#consumed());
  }

  /** A commit that fails for a passing reason is made good by the next one, or by reading again. */
  async #commitQuietly(offsets: readonly OffsetAndMetadata[]): Promise<void> {
    try {
      await this.commit(offsets);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (isRetriableError(error) || this.#rebalancer !== undefined) return;
      this.#errors = [...this.#errors, error];
    }
  }

  /** Positions that were not committed yet. */
  #consumed(): readonly OffsetAndMetadata[] {
    return [...this.#states.values()].flatMap(({ topic, partition, position, positionEpoch, name }) =>
      position === undefined || this.#committed.get(name) === position
        ? []
        : [{ topic, partition, offset: position, leaderEpoch: positionEpoch }],
    );
  }

  #groupId(): string {
    const { groupId } = this.#options;
    if (groupId === undefined) throw new InvalidArgumentError('this needs a groupId');
    return groupId;
  }

  #state(at: TopicPartition): PartitionState {
    const name = topicPartitionName(at.topic, at.partition);
    const state = this.#states.get(name);
    if (state === undefined) throw new InvalidArgumentError(`${name} is not assigned to this consumer`);
    return state;
  }

  #addStates(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const name = topicPartitionName(topic, partition);
      if (!this.#states.has(name)) this.#states.set(name, new PartitionState(topic, partition));
      this.#committed.delete(name);
    }
    this.#order = [...this.#states.values()];
  }

  #dropStates(): void {
    this.#states.clear();
    this.#order = [];
    this.#committed.clear();
  }
}
