import type { Uuid } from '../../common/ids.js';
import type { Clock, Timers } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Partition } from '../../replication/partition.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import { type LockTimers, SharePartition } from '../../replication/share/share_partition.js';
import type { ShareSession, ShareSessionCache } from '../../replication/share/share_sessions.js';
import type { AcknowledgementBatch, ShareFailure } from '../../replication/share/states.js';
import { TimeoutWheel } from '../../replication/timeout_wheel.js';
import type { Logger } from '../../telemetry/logger.js';
import type { RequestContext } from '../handler.js';
import { resetOffset } from './reset_offset.js';
import type { SharePersistence } from './share_persister.js';
import type { ShareConfigs } from './share_rules.js';

export interface SharePartitionsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Pick<Logger, 'warn'>;
  readonly replicas: ReplicaManager;
  readonly persistence: SharePersistence;
  readonly configs: ShareConfigs;
  readonly sessions: ShareSessionCache;
}

interface Entry {
  readonly groupId: string;
  readonly topicId: Uuid;
  readonly index: number;
  readonly partition: Partition;
  readonly share: SharePartition;
  /** Those who wait for records. */
  readonly watchers: Set<() => void>;
  readonly unsubscribe: () => void;
  /** Undefined while it is being loaded, and when it could be. */
  failure: ShareFailure | undefined;
}

const unknownPartition: ShareFailure = {
  errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  message: 'This server does not host this topic-partition.',
};

/** The partitions that share groups read on this broker, made when a member first asks for one. */
export class SharePartitions {
  private readonly entries = new Map<string, Entry>();
  /** Its session that was opened last. */
  private readonly byConnection = new Map<number, ShareSession>();
  private readonly locks: TimeoutWheel;
  private closed = false;

  constructor(private readonly deps: SharePartitionsDeps) {
    this.locks = new TimeoutWheel(deps.clock, deps.timers);
  }

  get size(): number {
    return this.entries.size;
  }

  all(): Iterable<Entry> {
    return this.entries.values();
  }

  find(groupId: string, topicId: Uuid, index: number): Entry | undefined {
    return this.entries.get(keyOf(groupId, topicId, index));
  }

  /** Begins to load it when it is not there. A failure: this broker cannot serve it. */
  get(groupId: string, topicId: Uuid, index: number): Entry | ShareFailure {
    const known = this.find(groupId, topicId, index);
    if (known !== undefined) return known.failure ?? known;
    const partition = this.deps.replicas.getById(topicId, index);
    if (partition === undefined || this.closed) return unknownPartition;
    if (partition.unavailable !== undefined) return { errorCode: partition.unavailable, message: null };
    return this.make(groupId, partition);
  }

  private make(groupId: string, partition: Partition): Entry {
    const { persistence, configs, clock } = this.deps;
    const { topicId, partition: index } = partition;
    const watchers = new Set<() => void>();
    const share = new SharePartition({
      leaderEpoch: partition.leaderEpoch,
      timers: this.lockTimers,
      persister: persistence.of({ groupId, topicId, partition: index }),
      rules: () => configs.of(groupId),
      resetOffset: () => resetOffset(partition, configs.of(groupId).autoOffsetReset, clock.wallMs()),
      changed: () => {
        for (const watcher of [...watchers]) if (watchers.has(watcher)) watcher();
      },
    });
    const unsubscribe = partition.onHighWatermark(() => {
      if (partition.offline) this.drop(entry);
    });
    const entry: Entry = { groupId, topicId, index, partition, share, watchers, unsubscribe, failure: undefined };
    this.entries.set(keyOf(groupId, topicId, index), entry);
    void share.load().then((failure) => {
      if (failure === undefined || this.find(groupId, topicId, index) !== entry) return;
      entry.failure = failure;
      this.drop(entry);
      this.deps.logger.warn(
        `share group ${groupId} cannot read ${partition.topic}-${index} (error ${failure.errorCode}): ${failure.message ?? ''}`,
      );
    });
    return entry;
  }

  private readonly lockTimers: LockTimers = {
    start: (delayMs, run) => {
      const endsMs = this.deps.clock.monotonicMs() + delayMs;
      const entry = { onTimeout: run };
      const timeout = this.locks.add(entry, delayMs);
      const { clock } = this.deps;
      return {
        get remainingMs() {
          return Math.max(0, endsMs - clock.monotonicMs());
        },
        cancel: () => this.locks.cancel(timeout),
      };
    },
  };

  private drop(entry: Entry): void {
    const key = keyOf(entry.groupId, entry.topicId, entry.index);
    if (this.entries.get(key) === entry) this.entries.delete(key);
    entry.unsubscribe();
    entry.share.fence();
  }

  /** What a member says of its records. Resolves when that is persisted. */
  async acknowledge(
    groupId: string,
    memberId: string,
    topicId: Uuid,
    index: number,
    batches: readonly AcknowledgementBatch[],
  ): Promise<ShareFailure | undefined> {
    const entry = this.find(groupId, topicId, index);
    if (entry === undefined) return unknownPartition;
    return this.fenceIfGone(entry, await entry.share.acknowledge(memberId, batches));
  }

  /** What the state's coordinator says of a partition that is not this broker's, or not the group's, any more. */
  private fenceIfGone(entry: Entry, failure: ShareFailure | undefined): ShareFailure | undefined {
    switch (failure?.errorCode) {
      case ErrorCode.NOT_LEADER_OR_FOLLOWER:
      case ErrorCode.FENCED_STATE_EPOCH:
      case ErrorCode.GROUP_ID_NOT_FOUND:
      case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        this.drop(entry);
        return failure;
      default:
        return failure;
    }
  }

  /** Ends a session: what its member has is given back. */
  async endSession(session: ShareSession): Promise<void> {
    if (!this.deps.sessions.remove(session)) return;
    const releases = [...session.partitions.values()].map(async ({ topicId, partition }) => {
      const entry = this.find(session.groupId, topicId, partition);
      if (entry !== undefined) this.fenceIfGone(entry, await entry.share.release(session.memberId));
    });
    await Promise.all(releases);
  }

  /** The session ends with the connection; the last member that goes takes the group's partitions out of memory. */
  bindToConnection(session: ShareSession, context: Pick<RequestContext, 'connectionId' | 'onConnectionClose'>): void {
    const { connectionId } = context;
    const isBound = this.byConnection.has(connectionId);
    this.byConnection.set(connectionId, session);
    if (isBound) return;
    context.onConnectionClose(() => {
      const last = this.byConnection.get(connectionId);
      this.byConnection.delete(connectionId);
      if (last === undefined) return;
      void this.endSession(last);
      if (!this.deps.sessions.hasMembers(last.groupId)) this.dropGroup(last.groupId);
    });
  }

  private dropGroup(groupId: string): void {
    for (const entry of [...this.entries.values()]) if (entry.groupId === groupId) this.drop(entry);
  }

  /** Nothing is given any more, and no lock runs. */
  close(): void {
    this.closed = true;
    for (const entry of [...this.entries.values()]) this.drop(entry);
  }
}

export type SharePartitionEntry = Entry;

function keyOf(groupId: string, topicId: Uuid, index: number): string {
  return `${topicId}/${index}/${groupId}`;
}
