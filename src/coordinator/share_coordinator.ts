import { assert } from '../common/assert.js';
import type { Uuid } from '../common/ids.js';
import type { Clock, TimerHandle, Timers } from '../common/ports/index.js';
import type { MetadataCache, MetadataImage } from '../metadata/image.js';
import { ErrorCode } from '../protocol/errors.js';
import { coordinatorError } from './error_mapping.js';
import { javaStringHash } from './java_hash.js';
import type { CoordinatorLog } from './runtime/log.js';
import type { Outcome, ReplyToken } from './runtime/machine.js';
import { CoordinatorShard, type ShardLogger } from './runtime/shard.js';
import type {
  ReadState,
  ShareStateCommand,
  ShareStateFailure,
  ShareStateReply,
  StateSummary,
  WriteState,
} from './share_state/commands.js';
import { type Asked, failed, type ShareStateMachine, shareStateMachine } from './share_state/machine.js';
import { type SharePartitionId, shareKeyOf } from './share_state/partition_id.js';
import type { ShareStateRecord } from './share_state/records.js';
import type { ShareStates } from './share_state/state.js';

export const shareStateTopic = '__share_group_state';

/** Each is Kafka's setting of the same name (`share.coordinator.*`). */
export interface ShareCoordinatorConfig {
  readonly appendLingerMs: number;
  readonly writeTimeoutMs: number;
  readonly loadBufferSize: number;
  /** Of a topic that is still to be created; one that exists keeps the partitions it has. */
  readonly stateTopicNumPartitions: number;
  readonly updatesPerSnapshot: number;
  readonly coldSnapshotIntervalMs: number;
  readonly pruneIntervalMs: number;
}

export interface ShareCoordinatorDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: ShardLogger;
  readonly config: ShareCoordinatorConfig;
  readonly metadata: MetadataCache;
  /** Everything of a partition below `offset` is of no use any more. Resolves with false when it could not be deleted. Never rejects. */
  deleteRecords(partition: number, offset: number): Promise<boolean>;
}

type Shard = CoordinatorShard<ShareStates, ShareStateCommand, ShareStateRecord, ShareStateReply>;
type Request<C> = C extends unknown ? Omit<C, 'kind' | 'token' | 'id' | 'exists'> : never;
type ReplyTo<K> = Extract<ShareStateReply, { readonly kind: K }>;

/** While a partition loads, one turn of the event loop reads no more than this. */
const loadBytesPerTurn = 256 * 1024;

/**
 * Keeps what share groups have read (KIP-932): one shard per partition of `__share_group_state` that this broker leads.
 *
 * Every method answers; errors are in the answer: COORDINATOR_LOAD_IN_PROGRESS and NOT_COORDINATOR for a partition that is being
 * loaded or is not here, INVALID_REQUEST, FENCED_LEADER_EPOCH, FENCED_STATE_EPOCH, UNKNOWN_TOPIC_OR_PARTITION. Nobody is told of a
 * write before it is committed.
 */
export class ShareCoordinator {
  private readonly machine: ShareStateMachine;
  private readonly shards = new Map<number, Shard>();
  /** Partitions that this broker leads and whose logs are still being loaded. */
  private readonly expected = new Set<number>();
  private readonly prunedTo = new Map<number, number>();
  private readonly unsubscribe: () => void;
  private pruneTimer: TimerHandle | undefined;
  private fixedPartitionCount: number | undefined;
  private closed = false;

  constructor(private readonly deps: ShareCoordinatorDeps) {
    const { updatesPerSnapshot, coldSnapshotIntervalMs } = deps.config;
    this.machine = shareStateMachine({ updatesPerSnapshot, coldSnapshotIntervalMs });
    this.unsubscribe = deps.metadata.onChange((next, previous) => this.dropStateOfDeletedTopics(next, previous));
  }

  expectPartition(partition: number): void {
    if (!this.shards.has(partition)) this.expected.add(partition);
  }

  /** Loads the state of a partition whose leader this broker now is. Resolves when it is there, or cannot be had. */
  startPartition(partition: number, log: CoordinatorLog): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.stopPartition(partition);
    const { clock, timers, logger, config } = this.deps;
    const shard: Shard = new CoordinatorShard(this.machine, log, {
      name: `${shareStateTopic}-${partition}`,
      clock,
      timers,
      logger,
      appendLingerMs: config.appendLingerMs,
      commitTimeoutMs: config.writeTimeoutMs,
      loadBufferBytes: Math.min(config.loadBufferSize, loadBytesPerTurn),
    });
    this.shards.set(partition, shard);
    this.pruneTimer ??= this.schedulePruning();
    return shard.load();
  }

  stopPartition(partition: number): void {
    this.expected.delete(partition);
    this.prunedTo.delete(partition);
    const shard = this.shards.get(partition);
    this.shards.delete(partition);
    shard?.close();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsubscribe();
    this.pruneTimer?.cancel();
    this.expected.clear();
    for (const partition of [...this.shards.keys()]) this.stopPartition(partition);
  }

  /** The partition of `__share_group_state` that holds a share partition; `key` as FindCoordinator takes it: `group:topicId:partition`. */
  partitionFor(key: string): number {
    if (this.fixedPartitionCount === undefined) {
      const topic = this.deps.metadata.current().topicsByName.get(shareStateTopic);
      if (topic !== undefined && topic.partitions.length > 0) this.fixedPartitionCount = topic.partitions.length;
    }
    const count = this.fixedPartitionCount ?? this.deps.config.stateTopicNumPartitions;
    const hash = javaStringHash(key);
    return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % count;
  }

  /** For metrics: what the active partitions hold. */
  statistics(): { readonly partitions: number; readonly sharePartitions: number } {
    let sharePartitions = 0;
    for (const shard of this.shards.values()) sharePartitions += shard.current.partitions.size;
    return { partitions: this.shards.size, sharePartitions };
  }

  /** The group begins to read a partition at `startOffset`, -1: where its reset strategy says. Again: it starts over. */
  initialize(id: SharePartitionId, stateEpoch: number, startOffset: number): Promise<ShareStateFailure> {
    return this.ask('initialize', id, { stateEpoch, startOffset });
  }

  /** A leader epoch other than -1 that is new fences those before it. */
  read(id: SharePartitionId, leaderEpoch: number): Promise<ShareStateFailure & ReadState> {
    return this.ask('read', id, { leaderEpoch });
  }

  write(id: SharePartitionId, write: WriteState): Promise<ShareStateFailure> {
    return this.ask('write', id, { write });
  }

  delete(id: SharePartitionId): Promise<ShareStateFailure> {
    return this.ask('delete', id, {});
  }

  readSummary(id: SharePartitionId): Promise<ShareStateFailure & StateSummary> {
    return this.ask('read-summary', id, {});
  }

  private async ask<K extends Asked['kind']>(
    kind: K,
    id: SharePartitionId,
    request: Request<Extract<ShareStateCommand, { readonly kind: K }>>,
  ): Promise<ReplyTo<K>> {
    const exists = (this.deps.metadata.current().topicsById.get(id.topicId)?.partitions.length ?? 0) > id.partition;
    const outcome = await this.submit(
      this.partitionFor(shareKeyOf(id)),
      (token) => ({ ...request, kind, token, id, exists }) as ShareStateCommand,
    );
    const reply = outcome.ok ? outcome.reply : failed(kind, refusalOf(outcome.error));
    assert(isReply(reply, kind), `a ${kind} command was answered with ${reply.kind}`);
    return reply;
  }

  private async submit(
    partition: number,
    build: (token: ReplyToken) => ShareStateCommand,
  ): Promise<Outcome<ShareStateReply>> {
    const shard = this.shards.get(partition);
    if (shard !== undefined) return shard.submit(build);
    const loading = this.expected.has(partition);
    return { ok: false, error: loading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR };
  }

  private schedulePruning(): TimerHandle {
    return this.deps.timers.after(this.deps.config.pruneIntervalMs, () => {
      this.pruneTimer = this.schedulePruning();
      for (const partition of this.shards.keys()) void this.prune(partition);
    });
  }

  /** Deletes what lies before the oldest snapshot that still counts. */
  private async prune(partition: number): Promise<void> {
    const outcome = await this.submit(partition, (token) => ({ kind: 'redundant-offset', token }));
    if (!outcome.ok || outcome.reply.kind !== 'redundant-offset') return;
    const { offset } = outcome.reply;
    if (offset <= 0 || this.prunedTo.get(partition) === offset) return;
    if (await this.deps.deleteRecords(partition, offset)) this.prunedTo.set(partition, offset);
  }

  private dropStateOfDeletedTopics(next: MetadataImage, previous: MetadataImage): void {
    if (next.topicsById === previous.topicsById) return;
    const topicIds = new Set<Uuid>();
    for (const topicId of previous.topicsById.keys()) if (!next.topicsById.has(topicId)) topicIds.add(topicId);
    if (topicIds.size === 0) return;
    for (const shard of this.shards.values()) shard.trigger({ kind: 'topics-deleted', topicIds });
  }
}

function isReply<K extends ShareStateReply['kind']>(reply: ShareStateReply, kind: K): reply is ReplyTo<K> {
  return reply.kind === kind;
}

function refusalOf(error: ErrorCode): ShareStateFailure {
  return { errorCode: coordinatorError(error), errorMessage: 'The share coordinator could not do it now.' };
}
