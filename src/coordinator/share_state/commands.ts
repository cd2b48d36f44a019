import type { Uuid } from '../../common/ids.js';
import type { ErrorCode } from '../../protocol/errors.js';
import type { Decision, ReplyToken } from '../runtime/machine.js';
import type { StateBatch } from './combiner.js';
import type { SharePartitionId } from './partition_id.js';
import type { ShareStateRecord } from './records.js';

export interface WriteState {
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  /** -1: as it was. */
  readonly startOffset: number;
  /** -1: not known (version 0). */
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
}

interface Asked {
  readonly token: ReplyToken;
  readonly id: SharePartitionId;
  /** The partition is in the metadata. */
  readonly exists: boolean;
}

export type ShareStateCommand =
  | (Asked & { readonly kind: 'initialize'; readonly stateEpoch: number; readonly startOffset: number })
  | (Asked & { readonly kind: 'read'; readonly leaderEpoch: number })
  | (Asked & { readonly kind: 'write'; readonly write: WriteState })
  | (Asked & { readonly kind: 'delete' })
  | (Asked & { readonly kind: 'read-summary' })
  | { readonly kind: 'redundant-offset'; readonly token: ReplyToken }
  | { readonly kind: 'topics-deleted'; readonly topicIds: ReadonlySet<Uuid> }
  | { readonly kind: 'snapshot-cold' }
  | { readonly kind: 'loaded' };

export interface ShareStateFailure {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

/** What is persisted of a share partition. */
export interface ReadState {
  readonly stateEpoch: number;
  /** -1: nothing has been read yet, the group's reset strategy decides. */
  readonly startOffset: number;
  readonly stateBatches: readonly StateBatch[];
}

export interface StateSummary {
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
}

export type ShareStateReply =
  | (ShareStateFailure & { readonly kind: 'initialize' | 'write' | 'delete' })
  | (ShareStateFailure & ReadState & { readonly kind: 'read' })
  | (ShareStateFailure & StateSummary & { readonly kind: 'read-summary' })
  /** Leaves when all snapshots behind it are committed. */
  | { readonly kind: 'redundant-offset'; readonly offset: number };

export type ShareStateDecision = Decision<ShareStateCommand, ShareStateRecord, ShareStateReply>;

/** Settings of the share coordinator; each is Kafka's of the same name. */
export interface ShareStateRules {
  /** `share.coordinator.snapshot.update.records.per.snapshot` */
  readonly updatesPerSnapshot: number;
  /** `share.coordinator.cold.partition.snapshot.interval.ms` */
  readonly coldSnapshotIntervalMs: number;
}
