import type { Uuid } from '../common/ids.js';
import type { Clock, TimerHandle, Timers } from '../common/ports/index.js';
import type { MetadataCache, MetadataImage } from '../metadata/image.js';
import type { ErrorCode } from '../protocol/errors.js';
import type { CoordinatorLog } from './runtime/log.js';
import type { ShardLogger } from './runtime/shard.js';
import { replyTo, ShardSet, type ShardStatistics } from './runtime/shard_set.js';
import type {
  ReadState,
  ShareStateCommand,
  ShareStateFailure,
  ShareStateReply,
  StateSummary,
  WriteState,
} from './share_state/commands.js';
import { type Asked, failed, shareStateMachine } from './share_state/machine.js';
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

type Request<C> = C extends unknown ? Omit<C, 'kind' | 'token' | 'id' | 'exists'> : never;
type ReplyTo<K extends ShareStateReply['kind']> = ShareStateReply & { readonly kind: K };

/**
 * Keeps what share groups have read (KIP-932): one shard per partition of `__share_group_state` that this broker leads.
 *
 * Every method answers; errors are in the answer: COORDINATOR_LOAD_IN_PROGRESS and NOT_COORDINATOR for a partition that is being
 * loaded or is not here, INVALID_REQUEST, FENCED_LEADER_EPOCH, FENCED_STATE_EPOCH, UNKNOWN_TOPIC_OR_PARTITION. Nobody is told of a
 * write before it is committed.
 */
export class ShareCoordinator {
  private readonly shards: ShardSet<ShareStates, ShareStateCommand, ShareStateRecord, ShareStateReply>;
  private readonly prunedTo = new Map<number, number>();
  private readonly unsubscribe: () => void;
  private pruneTimer: TimerHandle | undefined;
  private closed = false;

  constructor(private readonly deps: ShareCoordinatorDeps) {
    const { clock, timers, logger, metadata, config } = deps;
    const { updatesPerSnapshot, coldSnapshotIntervalMs } = config;
    this.shards = new ShardSet(shareStateMachine({ updatesPerSnapshot, coldSnapshotIntervalMs }), {
      topic: shareStateTopic,
      clock,
      timers,
      logger,
      metadata,
      appendLingerMs: config.appendLingerMs,
      commitTimeoutMs: config.writeTimeoutMs,
      loadBufferBytes: config.loadBufferSize,
      numPartitions: config.stateTopicNumPartitions,
    });
    this.unsubscribe = deps.metadata.onChange((next, previous) => this.dropStateOfDeletedTopics(next, previous));
  }

  expectPartition(partition: number): void {
    this.shards.expect(partition);
  }

  /** Loads the state of a partition whose leader this broker now is. Resolves when it is there, or cannot be had. */
  startPartition(partition: number, log: CoordinatorLog): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.prunedTo.delete(partition);
    this.pruneTimer ??= this.schedulePruning();
    return this.shards.start(partition, log);
  }

  stopPartition(partition: number): void {
    this.prunedTo.delete(partition);
    this.shards.stop(partition);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsubscribe();
    this.pruneTimer?.cancel();
    this.shards.close();
  }

  /** The partition of `__share_group_state` that holds a share partition; `key` as FindCoordinator takes it: `group:topicId:partition`. */
  partitionFor(key: string): number {
    return this.shards.partitionFor(key);
  }

  /** For metrics. */
  get runtime(): ShardStatistics {
    return this.shards;
  }

  /** For metrics: what the active partitions hold. */
  statistics(): { readonly partitions: number; readonly sharePartitions: number } {
    let sharePartitions = 0;
    for (const state of this.shards.states()) sharePartitions += state.partitions.size;
    return { partitions: this.shards.started.length, sharePartitions };
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
    const outcome = await this.shards.ask(
      this.partitionFor(shareKeyOf(id)),
      (token) => ({ ...request, kind, token, id, exists }) as ShareStateCommand,
    );
    return replyTo(outcome.ok ? outcome.reply : failed(kind, refusalOf(outcome.error)), kind);
  }

  private schedulePruning(): TimerHandle {
    return this.deps.timers.after(this.deps.config.pruneIntervalMs, () => {
      this.pruneTimer = this.schedulePruning();
      for (const partition of this.shards.started) void this.prune(partition);
    });
  }

  /** Deletes what lies before the oldest snapshot that still counts. */
  private async prune(partition: number): Promise<void> {
    const outcome = await this.shards.ask(partition, (token) => ({ kind: 'redundant-offset', token }));
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
    this.shards.triggerAll({ kind: 'topics-deleted', topicIds });
  }
}

function refusalOf(error: ErrorCode): ShareStateFailure {
  return { errorCode: error, errorMessage: 'The share coordinator could not do it now.' };
}
