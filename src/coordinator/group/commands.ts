import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import type { DescribeGroupsResponseInput } from '../../protocol/api/describe_groups.js';
import type { HeartbeatRequest } from '../../protocol/api/heartbeat.js';
import type { JoinGroupRequest, JoinGroupResponseInput } from '../../protocol/api/join_group.js';
import type { ListGroupsResponseInput } from '../../protocol/api/list_groups.js';
import type { SyncGroupRequest, SyncGroupResponseInput } from '../../protocol/api/sync_group.js';
import type { ErrorCode } from '../../protocol/errors.js';
import type { ConsumerCommand, ConsumerReply, TopicFilter } from '../consumer_group/commands.js';
import type { ConsumerGroupRules } from '../consumer_group/settings.js';
import type { TopicChanges } from '../modern/topics.js';
import type { BatchProducer, Decision, ReplyToken } from '../runtime/machine.js';
import type { ShareGroupCommand, ShareGroupReply } from '../share_group/commands.js';
import type { ShareGroupRules } from '../share_group/settings.js';
import type { StreamsCommand, StreamsReply } from '../streams_group/commands.js';
import type { StreamsGroupRules } from '../streams_group/settings.js';
import type { GroupRecord } from './records.js';

/** What a partition's groups can be asked, by clients, by timers, and by the broker itself. Requests are in their latest form. */
export type GroupCommand =
  | ClientCommand
  | TimerCommand
  | BrokerCommand
  | ConsumerCommand
  | ShareGroupCommand
  | StreamsCommand;

export type ClientCommand =
  | JoinCommand
  | SyncCommand
  | HeartbeatCommand
  | LeaveCommand
  | CommitCommand
  | TransactionalCommitCommand
  | FetchCommand
  | DeleteOffsetsCommand
  | ListCommand
  | DescribeCommand
  | DeleteGroupsCommand;

export interface JoinCommand {
  readonly kind: 'join';
  readonly token: ReplyToken;
  readonly apiVersion: number;
  readonly request: JoinGroupRequest;
  readonly clientId: string;
  readonly clientHost: string;
  /** The id a member that has none yet would get. */
  readonly newMemberId: string;
  /** As of a heartbeat of the consumer protocol: members of both may be in one group. */
  readonly mayDescribe?: TopicFilter | undefined;
}

export interface SyncCommand {
  readonly kind: 'sync';
  readonly token: ReplyToken;
  readonly request: SyncGroupRequest;
}

export interface HeartbeatCommand {
  readonly kind: 'heartbeat';
  readonly token: ReplyToken;
  readonly request: HeartbeatRequest;
}

export interface LeaveCommand {
  readonly kind: 'leave';
  readonly token: ReplyToken;
  readonly groupId: string;
  readonly members: ReadonlyArray<{
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly reason: string | null;
  }>;
}

export interface CommitCommand {
  readonly kind: 'commit';
  readonly token: ReplyToken;
  readonly apiVersion: number;
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** -1: the broker's. */
  readonly retentionTimeMs: number;
  readonly topics: readonly CommitTopic[];
}

/** TxnOffsetCommit: offsets that count once their transaction is committed. */
export interface TransactionalCommitCommand {
  readonly kind: 'transactional-commit';
  readonly token: ReplyToken;
  readonly groupId: string;
  /** -1 and '' from producers that do not say for whom they commit. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly transaction: BatchProducer;
  readonly topics: readonly CommitTopic[];
}

export interface CommitTopic {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: ReadonlyArray<{
    readonly partitionIndex: number;
    readonly committedOffset: number;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: string | null;
  }>;
}

export interface FetchCommand {
  readonly kind: 'fetch';
  readonly token: ReplyToken;
  readonly groupId: string;
  /** Null from clients that do not say who they are. */
  readonly memberId: string | null;
  readonly memberEpoch: number;
  /** Offsets with an open transaction on top are UNSTABLE_OFFSET_COMMIT (KIP-447). */
  readonly requireStable: boolean;
  /** Null: all there are. The zero id fits any topic of that name. */
  readonly topics: ReadonlyArray<{
    readonly name: string;
    readonly topicId: Uuid;
    readonly partitionIndexes: readonly number[];
  }> | null;
}

export interface DeleteOffsetsCommand {
  readonly kind: 'delete-offsets';
  readonly token: ReplyToken;
  readonly groupId: string;
  readonly topics: ReadonlyArray<{
    readonly name: string;
    readonly partitions: ReadonlyArray<{ readonly partitionIndex: number }>;
  }>;
}

export interface ListCommand {
  readonly kind: 'list';
  readonly token: ReplyToken;
  /** Lower case; empty: all. */
  readonly states: ReadonlySet<string>;
  /** Lower case; empty: all. */
  readonly types: ReadonlySet<string>;
}

export interface DescribeCommand {
  readonly kind: 'describe';
  readonly token: ReplyToken;
  readonly groupIds: readonly string[];
}

export interface DeleteGroupsCommand {
  readonly kind: 'delete-groups';
  readonly token: ReplyToken;
  readonly groupIds: readonly string[];
}

export type TimerCommand =
  | { readonly kind: 'session-expired'; readonly groupId: string; readonly memberId: string }
  | {
      readonly kind: 'initial-delay-over';
      readonly groupId: string;
      readonly delayMs: number;
      readonly remainingMs: number;
    }
  | { readonly kind: 'join-expired'; readonly groupId: string }
  | { readonly kind: 'sync-expired'; readonly groupId: string; readonly generationId: number }
  | { readonly kind: 'expire-offsets' };

export type BrokerCommand =
  | { readonly kind: 'loaded'; readonly image: MetadataImage }
  | { readonly kind: 'metadata'; readonly image: MetadataImage; readonly changes: TopicChanges }
  | { readonly kind: 'topics-deleted'; readonly topics: ReadonlyMap<string, Uuid> }
  | {
      readonly kind: 'sync-failed';
      readonly groupId: string;
      readonly generationId: number;
      readonly error: ErrorCode;
    };

type Elements<T> = NonNullable<T> extends ReadonlyArray<infer E> ? E : never;
export type ListedGroup = Elements<ListGroupsResponseInput['groups']>;
export type DescribedGroup = Elements<DescribeGroupsResponseInput['groups']>;

export interface PartitionResult {
  readonly partitionIndex: number;
  readonly errorCode: ErrorCode;
}

export interface FetchedPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: ErrorCode;
}

export interface MemberResult {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly errorCode: ErrorCode;
}

export type GroupReply =
  | ConsumerReply
  | ShareGroupReply
  | StreamsReply
  | { readonly kind: 'join'; readonly response: JoinGroupResponseInput }
  | { readonly kind: 'sync'; readonly response: SyncGroupResponseInput }
  | { readonly kind: 'heartbeat'; readonly errorCode: ErrorCode }
  | { readonly kind: 'leave'; readonly members: readonly MemberResult[] }
  | {
      readonly kind: 'commit' | 'transactional-commit';
      /** Refused as a whole, or NONE. */
      readonly errorCode: ErrorCode;
      readonly topics: ReadonlyArray<{ readonly name: string; readonly partitions: readonly PartitionResult[] }>;
    }
  | {
      readonly kind: 'fetch';
      /** Refused as a whole, or NONE. */
      readonly errorCode: ErrorCode;
      readonly topics: ReadonlyArray<{ readonly name: string; readonly partitions: readonly FetchedPartition[] }>;
    }
  | {
      readonly kind: 'delete-offsets';
      readonly errorCode: ErrorCode;
      readonly topics: ReadonlyArray<{ readonly name: string; readonly partitions: readonly PartitionResult[] }>;
    }
  | { readonly kind: 'list'; readonly groups: readonly ListedGroup[] }
  | {
      readonly kind: 'describe';
      readonly groups: ReadonlyArray<{
        readonly groupId: string;
        /** Undefined: no such classic group. */
        readonly group: DescribedGroup | undefined;
        /** There is a group of this name, of another type. */
        readonly isOther: boolean;
      }>;
    }
  | {
      readonly kind: 'delete-groups';
      readonly results: ReadonlyArray<{ readonly groupId: string; readonly errorCode: ErrorCode }>;
    };

export type GroupDecision = Decision<GroupCommand, GroupRecord, GroupReply>;

/** The settings that decisions depend on; each is Kafka's of the same name. */
export interface GroupRules {
  readonly initialRebalanceDelayMs: number;
  readonly maxSize: number;
  readonly offsetMetadataMaxBytes: number;
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly consumer: ConsumerGroupRules;
  readonly share: ShareGroupRules;
  readonly streams: StreamsGroupRules;
}
