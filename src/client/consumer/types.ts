import type { TopicPartition } from '../../common/ids.js';
import type { RecordHeader, TimestampType } from '../../records/index.js';
import type { IsolationLevel } from '../admin/offsets.js';
import { ClientError } from '../errors.js';

/** A record as read. Key, value and header values are views of the fetched bytes: copy what is kept for long. */
export interface ConsumerRecord extends TopicPartition {
  readonly offset: number;
  readonly timestampMs: number;
  readonly timestampType: TimestampType;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** -1: not told. */
  readonly leaderEpoch: number;
}

export type AssignorName = 'range' | 'roundrobin' | 'cooperative-sticky';
export type OffsetReset = 'earliest' | 'latest' | 'none';

/** Names, meanings and defaults are those of Kafka's consumer. */
export interface ConsumerOptions {
  /** Needed for `subscribe` and for commits. */
  readonly groupId?: string;
  /** Static membership: survives restarts within the session timeout without a rebalance. */
  readonly groupInstanceId?: string;
  /** In the order preferred. Default ['range', 'cooperative-sticky']; with only the latter rebalances are incremental. */
  readonly assignors?: readonly AssignorName[];
  /** Where to begin without a committed offset, or when it is gone. 'none': an error. Default 'latest'. */
  readonly autoOffsetReset?: OffsetReset;
  /** Default true with a group id. What was handed out counts as done when the next record or batch is asked for. */
  readonly enableAutoCommit?: boolean;
  /** Default 5 s. */
  readonly autoCommitIntervalMs?: number;
  /** Default 'read_uncommitted'. */
  readonly isolationLevel?: IsolationLevel;
  /** A fetch waits for so many bytes. Default 1. */
  readonly minBytes?: number;
  /** ... and at most so long. Default 500 ms. */
  readonly maxWaitMs?: number;
  /** Of one response. Default 50 MiB. */
  readonly maxBytes?: number;
  /** Of one partition in a response. Default 1 MiB. */
  readonly maxPartitionBytes?: number;
  /** Largest batch after decompression. Default 128 MiB. */
  readonly maxDecompressedBytes?: number;
  /** Default 45 s. */
  readonly sessionTimeoutMs?: number;
  /** Default 3 s. */
  readonly heartbeatIntervalMs?: number;
  /** A member that does not poll for so long leaves the group. Default 5 minutes. */
  readonly maxPollIntervalMs?: number;
  /** Lets the leader name a replica close by to read from (KIP-392). */
  readonly rackId?: string;
  /** Default true. */
  readonly checkCrcs?: boolean;
  readonly allowAutoTopicCreation?: boolean;
}

/** Called inside `poll`, in this order; partitions are those that change hands. */
export interface RebalanceListener {
  /** Before the partitions are given up; offsets can still be committed. */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => void | Promise<void>;
  /** The partitions are somebody else's already (the member was thrown out). */
  readonly onLost?: (partitions: readonly TopicPartition[]) => void | Promise<void>;
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void | Promise<void>;
}

export interface OffsetAndMetadata extends TopicPartition {
  /** The next offset to be read. */
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** There is no committed offset, or it is gone, and `autoOffsetReset` is 'none'. */
export class NoOffsetError extends ClientError {
  override readonly name = 'NoOffsetError';
  constructor(
    readonly partitions: readonly TopicPartition[],
    message: string,
  ) {
    super(message);
  }
}
