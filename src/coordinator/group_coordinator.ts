import { type Uuid, uuidToBytes } from '../common/ids.js';
import type { Clock, Random, Timers } from '../common/ports/index.js';
import type { MetadataCache, MetadataImage } from '../metadata/image.js';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponseInput,
} from '../protocol/api/consumer_group_heartbeat.js';
import type { HeartbeatRequest } from '../protocol/api/heartbeat.js';
import type { JoinGroupRequest, JoinGroupResponseInput } from '../protocol/api/join_group.js';
import type { StreamsGroupHeartbeatRequest } from '../protocol/api/streams_group_heartbeat.js';
import type { SyncGroupRequest, SyncGroupResponseInput } from '../protocol/api/sync_group.js';
import { ErrorCode } from '../protocol/errors.js';
import type { DescribedConsumerGroup, TopicFilter } from './consumer_group/commands.js';
import type { ConsumerGroupRules } from './consumer_group/settings.js';
import { checkConsumerHeartbeat } from './consumer_group/validation.js';
import type {
  CommitCommand,
  DeleteOffsetsCommand,
  DescribedGroup,
  FetchCommand,
  GroupCommand,
  GroupReply,
  GroupRules,
  LeaveCommand,
  ListedGroup,
  TransactionalCommitCommand,
} from './group/commands.js';
import { type GroupType, stateOf } from './group/kinds.js';
import { groupMachine } from './group/machine.js';
import type { GroupRecord } from './group/records.js';
import type { GroupState } from './group/state.js';
import { joinError, syncError } from './group/turn.js';
import { topicChanges } from './modern/topics.js';
import type { CoordinatorLog, EndOfTransaction } from './runtime/log.js';
import type { Outcome, ReplyToken } from './runtime/machine.js';
import type { ShardLogger } from './runtime/shard.js';
import { replyTo, ShardSet, type ShardStatistics } from './runtime/shard_set.js';
import type { ShareGroupRules } from './share_group/settings.js';
import type { DescribedStreamsGroup } from './streams_group/commands.js';
import type { StreamsGroupRules } from './streams_group/settings.js';
import { checkStreamsHeartbeat } from './streams_group/validation.js';

export const groupMetadataTopic = '__consumer_offsets';

/** Each is Kafka's setting of the same name (`group.*`, `offsets.*`, `offset.metadata.max.bytes`). */
export interface GroupCoordinatorConfig {
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMaxSize: number;
  readonly groupCoordinatorAppendLingerMs: number;
  readonly offsetMetadataMaxBytes: number;
  /** Of a topic that is still to be created; one that exists keeps the partitions it has. */
  readonly offsetsTopicNumPartitions: number;
  readonly offsetsRetentionMinutes: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly offsetsCommitTimeoutMs: number;
  readonly offsetsLoadBufferSize: number;
  readonly consumer: ConsumerGroupRules;
  readonly share: ShareGroupRules;
  readonly streams: StreamsGroupRules;
}

export interface GroupCoordinatorDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: ShardLogger;
  readonly config: GroupCoordinatorConfig;
  readonly metadata: MetadataCache;
}

/** Who asks; a `RequestContext` of the server is one. */
export interface GroupClient {
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** Address of the peer without port. */
  readonly clientAddress: string;
}

export interface GroupDescription {
  readonly groupId: string;
  readonly errorCode: ErrorCode;
  readonly group: DescribedGroup | undefined;
  /** There is a group of this name, of another type. */
  readonly isOther: boolean;
}

export interface GroupResult {
  readonly groupId: string;
  readonly errorCode: ErrorCode;
}

export type ReplyOf<K extends GroupReply['kind']> = GroupReply & { readonly kind: K };
type Request<C> = C extends unknown ? Omit<C, 'kind' | 'token'> : never;

/**
 * The groups this broker coordinates: one shard per partition of `__consumer_offsets` it leads. Whoever leads a partition calls
 * {@link startPartition}, whoever stops to, or lost its log directory, {@link stopPartition}.
 *
 * Every method answers; errors are in the answer. A partition that is not here is NOT_COORDINATOR, one that is loading
 * COORDINATOR_LOAD_IN_PROGRESS.
 */
export class GroupCoordinator {
  private readonly rules: GroupRules;
  private readonly shards: ShardSet<GroupState, GroupCommand, GroupRecord, GroupReply>;
  private readonly unsubscribe: () => void;

  constructor(private readonly deps: GroupCoordinatorDeps) {
    const { config, clock, timers, logger, metadata } = deps;
    this.rules = {
      initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
      maxSize: config.groupMaxSize,
      offsetMetadataMaxBytes: config.offsetMetadataMaxBytes,
      offsetsRetentionMs: config.offsetsRetentionMinutes * 60_000,
      offsetsRetentionCheckIntervalMs: config.offsetsRetentionCheckIntervalMs,
      consumer: config.consumer,
      share: config.share,
      streams: config.streams,
    };
    this.shards = new ShardSet(
      groupMachine(this.rules, () => metadata.current()),
      {
        topic: groupMetadataTopic,
        clock,
        timers,
        logger,
        metadata,
        appendLingerMs: config.groupCoordinatorAppendLingerMs,
        commitTimeoutMs: config.offsetsCommitTimeoutMs,
        loadBufferBytes: config.offsetsLoadBufferSize,
        numPartitions: config.offsetsTopicNumPartitions,
      },
    );
    this.unsubscribe = metadata.onChange((next, previous) => this.metadataChanged(next, previous));
  }

  /** This broker leads a partition whose log is not there yet: until {@link startPartition} its groups are being loaded. */
  expectPartition(partition: number): void {
    this.shards.expect(partition);
  }

  /** Loads the groups of a partition whose leader this broker now is. Resolves when they are there, or cannot be had. */
  startPartition(partition: number, log: CoordinatorLog): Promise<void> {
    return this.shards.start(partition, log);
  }

  /** Forgets the groups of a partition; who waits for an answer from them is told NOT_COORDINATOR. */
  stopPartition(partition: number): void {
    this.shards.stop(partition);
  }

  close(): void {
    this.unsubscribe();
    this.shards.close();
  }

  /** The partition of `__consumer_offsets` that holds a group; fixed from the first time the topic is seen. */
  partitionFor(groupId: string): number {
    return this.shards.partitionFor(groupId);
  }

  /** For metrics: what the active partitions hold. */
  statistics(): { readonly partitions: number; readonly groups: number; readonly offsets: number; timers: number } {
    let groups = 0;
    let offsets = 0;
    for (const state of this.shards.states()) {
      groups += state.groups.size;
      offsets += state.offsets.size;
    }
    return { partitions: this.shards.started.length, groups, offsets, timers: this.shards.timerCount };
  }

  /** For metrics. */
  get runtime(): ShardStatistics {
    return this.shards;
  }

  /** For metrics: groups by protocol and state. */
  groupCounts(): ReadonlyArray<{ readonly type: GroupType; readonly state: string; readonly count: number }> {
    const counts = new Map<string, { readonly type: GroupType; readonly state: string; count: number }>();
    for (const { groups } of this.shards.states())
      for (const group of groups.values()) {
        const { type } = group;
        const state = stateOf(group);
        const known = counts.get(`${type} ${state}`) ?? { type, state, count: 0 };
        known.count += 1;
        counts.set(`${type} ${state}`, known);
      }
    return [...counts.values()];
  }

  /** INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT and everything of KIP-62, KIP-345, KIP-394. */
  async joinGroup(
    request: JoinGroupRequest,
    client: GroupClient,
    mayDescribe?: TopicFilter,
  ): Promise<JoinGroupResponseInput> {
    const { groupId, sessionTimeoutMs, groupInstanceId, memberId } = request;
    const { config } = this.deps;
    const refused = (error: ErrorCode) => joinError(error, memberId).response;
    if (groupId === '') return refused(ErrorCode.INVALID_GROUP_ID);
    if (sessionTimeoutMs < config.groupMinSessionTimeoutMs || sessionTimeoutMs > config.groupMaxSessionTimeoutMs)
      return refused(ErrorCode.INVALID_SESSION_TIMEOUT);
    const clientId = client.clientId ?? '';
    const outcome = await this.ask('join', groupId, {
      apiVersion: client.apiVersion,
      // Version 0 knows one timeout for both.
      request: client.apiVersion === 0 ? { ...request, rebalanceTimeoutMs: sessionTimeoutMs } : request,
      clientId,
      clientHost: `/${client.clientAddress}`,
      newMemberId: memberId === '' ? `${groupInstanceId ?? clientId}-${this.randomHex()}` : '',
      mayDescribe,
    });
    return outcome.ok ? outcome.reply.response : refused(outcome.error);
  }

  async syncGroup(request: SyncGroupRequest, client: GroupClient): Promise<SyncGroupResponseInput> {
    // From version 5 on both are mandatory (KIP-559), null in the versions before.
    if (client.apiVersion >= 5 && (request.protocolType === null || request.protocolName === null))
      return syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL).response;
    if (request.groupId === '') return syncError(ErrorCode.INVALID_GROUP_ID).response;
    const outcome = await this.ask('sync', request.groupId, { request });
    return outcome.ok ? outcome.reply.response : syncError(outcome.error).response;
  }

  async heartbeat(request: HeartbeatRequest): Promise<ErrorCode> {
    if (request.groupId === '') return ErrorCode.INVALID_GROUP_ID;
    const outcome = await this.ask('heartbeat', request.groupId, { request });
    if (outcome.ok) return outcome.reply.errorCode;
    // The members are not known yet, and a heartbeat says no more than that one is alive.
    return outcome.error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : outcome.error;
  }

  async leaveGroup(
    request: Request<LeaveCommand>,
  ): Promise<{ readonly errorCode: ErrorCode; readonly members: ReplyOf<'leave'>['members'] }> {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, members: [] };
    const outcome = await this.ask('leave', request.groupId, request);
    return outcome.ok
      ? { errorCode: ErrorCode.NONE, members: outcome.reply.members }
      : { errorCode: outcome.error, members: [] };
  }

  /** The empty group id is a group like any other here: it was allowed once, and old consumers use it. */
  async commitOffsets(request: Request<CommitCommand>): Promise<Omit<ReplyOf<'commit'>, 'kind'>> {
    const outcome = await this.ask('commit', request.groupId, request);
    return outcome.ok ? outcome.reply : { errorCode: outcome.error, topics: [] };
  }

  /** Offsets that count when their transaction is committed, see {@link endTransaction}. */
  async commitInTransaction(request: Request<TransactionalCommitCommand>): Promise<Omit<ReplyOf<'commit'>, 'kind'>> {
    const outcome = await this.ask('transactional-commit', request.groupId, request);
    return outcome.ok ? outcome.reply : { errorCode: outcome.error, topics: [] };
  }

  /** NOT_COORDINATOR where others are told COORDINATOR_NOT_AVAILABLE: clients before 3.9 do not retry that one here. */
  async fetchOffsets(
    request: Request<FetchCommand>,
  ): Promise<{ readonly errorCode: ErrorCode; readonly topics: ReplyOf<'fetch'>['topics'] }> {
    const outcome = await this.ask('fetch', request.groupId, request);
    if (outcome.ok) return outcome.reply;
    const unavailable = outcome.error === ErrorCode.COORDINATOR_NOT_AVAILABLE;
    return { errorCode: unavailable ? ErrorCode.NOT_COORDINATOR : outcome.error, topics: [] };
  }

  async deleteOffsets(request: Request<DeleteOffsetsCommand>): Promise<Omit<ReplyOf<'delete-offsets'>, 'kind'>> {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] };
    const outcome = await this.ask('delete-offsets', request.groupId, request);
    return outcome.ok ? outcome.reply : { errorCode: outcome.error, topics: [] };
  }

  /** Ends a transaction that committed offsets to groups of a partition. NONE when that is committed. Errors: those of the log. */
  endTransaction(partition: number, marker: EndOfTransaction): Promise<ErrorCode> {
    return this.shards.endTransaction(partition, marker);
  }

  /** Filters are case-insensitive, and empty when everything is wanted. One partition that is loading fails the whole. */
  async listGroups(filter: {
    readonly states: readonly string[];
    readonly types: readonly string[];
  }): Promise<{ readonly errorCode: ErrorCode; readonly groups: readonly ListedGroup[] }> {
    const states = new Set(filter.states.map((state) => state.trim().toLowerCase()));
    const types = new Set(filter.types.map((type) => type.trim().toLowerCase()));
    const outcomes = await Promise.all(
      this.shards.partitions.map((partition) => this.askPartition('list', partition, { states, types })),
    );
    const groups: ListedGroup[] = [];
    for (const outcome of outcomes) {
      if (outcome.ok) for (const group of outcome.reply.groups) groups.push(group);
      else if (outcome.error !== ErrorCode.NOT_COORDINATOR) return { errorCode: outcome.error, groups: [] };
    }
    return { errorCode: ErrorCode.NONE, groups };
  }

  /** In the order asked for. `group` is undefined when there is no such group, or when `errorCode` is set. */
  async describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]> {
    return this.forEachGroup<GroupDescription>(groupIds, async (partition, ids) => {
      const outcome = await this.askPartition('describe', partition, { groupIds: ids });
      if (outcome.ok) return outcome.reply.groups.map((found) => ({ ...found, errorCode: ErrorCode.NONE }));
      return ids.map((groupId) => ({ groupId, errorCode: outcome.error, group: undefined, isOther: false }));
    });
  }

  /** INVALID_REQUEST, UNSUPPORTED_ASSIGNOR and everything of KIP-848 and KIP-1082, with a sentence for the operator. */
  async consumerHeartbeat(
    request: ConsumerGroupHeartbeatRequest,
    client: GroupClient,
    mayDescribe?: TopicFilter,
  ): Promise<ConsumerGroupHeartbeatResponseInput> {
    const assignors = this.rules.consumer.assignors.map(({ name }) => name);
    const refusal = checkConsumerHeartbeat(request, client.apiVersion, assignors);
    if (refusal !== undefined) return { ...refusal };
    const outcome = await this.ask('consumer-heartbeat', request.groupId, {
      request,
      clientId: client.clientId ?? '',
      clientHost: `/${client.clientAddress}`,
      newMemberId: request.memberId === '' ? this.deps.random.uuid() : '',
      mayDescribe,
    });
    return outcome.ok ? outcome.reply.response : { errorCode: outcome.error };
  }

  /** In the order asked for. INVALID_GROUP_ID for the empty one. */
  describeConsumerGroups(groupIds: readonly string[]): Promise<DescribedConsumerGroup[]> {
    return this.describeEach<DescribedConsumerGroup>(groupIds, (partition, ids) =>
      this.askPartition('consumer-describe', partition, { groupIds: ids }),
    );
  }

  /** INVALID_REQUEST, STREAMS_INVALID_TOPOLOGY and everything of KIP-1071; `wanted` are topics that the group waits for. */
  async streamsHeartbeat(
    request: StreamsGroupHeartbeatRequest,
    client: GroupClient,
  ): Promise<Omit<ReplyOf<'streams-heartbeat'>, 'kind'>> {
    const refusal = checkStreamsHeartbeat(request);
    if (refusal !== undefined) return { response: { ...refusal }, wanted: [] };
    const outcome = await this.ask('streams-heartbeat', request.groupId, {
      request,
      clientId: client.clientId ?? '',
      clientHost: `/${client.clientAddress}`,
    });
    return outcome.ok ? outcome.reply : { response: { errorCode: outcome.error }, wanted: [] };
  }

  /** In the order asked for. INVALID_GROUP_ID for the empty one. */
  describeStreamsGroups(groupIds: readonly string[]): Promise<DescribedStreamsGroup[]> {
    return this.describeEach<DescribedStreamsGroup>(groupIds, (partition, ids) =>
      this.askPartition('streams-describe', partition, { groupIds: ids }),
    );
  }

  /** In the order asked for; a name given twice is one. */
  async deleteGroups(groupIds: readonly string[]): Promise<GroupResult[]> {
    return this.forEachGroup<GroupResult>([...new Set(groupIds)], async (partition, ids) => {
      const outcome = await this.askPartition('delete-groups', partition, { groupIds: ids });
      if (outcome.ok) return outcome.reply.results;
      return ids.map((groupId) => ({ groupId, errorCode: outcome.error }));
    });
  }

  /** What one type of group says of itself, in the order asked for; INVALID_GROUP_ID for the empty one. */
  async describeEach<R>(
    groupIds: readonly string[],
    ask: (
      partition: number,
      groupIds: readonly string[],
    ) => Promise<Outcome<{ readonly groups: ReadonlyArray<R & { readonly groupId: string }> }>>,
  ): Promise<Array<R | GroupResult>> {
    const found = await this.forEachGroup<(R & { readonly groupId: string }) | GroupResult>(
      groupIds,
      async (partition, ids) => {
        const outcome = await ask(partition, ids);
        return outcome.ok ? outcome.reply.groups : ids.map((groupId) => ({ groupId, errorCode: outcome.error }));
      },
    );
    return found.map((group) =>
      group.groupId === '' ? { groupId: '', errorCode: ErrorCode.INVALID_GROUP_ID } : group,
    );
  }

  /** Answers in the order of `groupIds`, each partition asked once. */
  async forEachGroup<R extends { readonly groupId: string }>(
    groupIds: readonly string[],
    ask: (partition: number, groupIds: readonly string[]) => Promise<readonly R[]>,
  ): Promise<R[]> {
    const byPartition = new Map<number, string[]>();
    for (const groupId of groupIds) {
      const partition = this.partitionFor(groupId);
      const ids = byPartition.get(partition);
      if (ids === undefined) byPartition.set(partition, [groupId]);
      else ids.push(groupId);
    }
    const answers = await Promise.all([...byPartition].map(([partition, ids]) => ask(partition, ids)));
    const results = new Map(answers.flat().map((result) => [result.groupId, result]));
    return groupIds.flatMap((groupId) => results.get(groupId) ?? []);
  }

  /** For those who speak to groups of one type ({@link ShareGroups}). */
  ask<K extends GroupReply['kind']>(
    kind: K,
    groupId: string,
    request: Request<GroupCommand & { readonly kind: K }>,
  ): Promise<Outcome<ReplyOf<K>>> {
    return this.askPartition(kind, this.partitionFor(groupId), request);
  }

  async askPartition<K extends GroupReply['kind']>(
    kind: K,
    partition: number,
    request: Request<GroupCommand & { readonly kind: K }>,
  ): Promise<Outcome<ReplyOf<K>>> {
    const build = (token: ReplyToken) => ({ ...request, kind, token }) as GroupCommand;
    const outcome = await this.shards.ask(partition, build);
    return outcome.ok ? { ok: true, reply: replyTo(outcome.reply, kind) } : outcome;
  }

  private metadataChanged(next: MetadataImage, previous: MetadataImage): void {
    const changes = topicChanges(next, previous);
    this.shards.triggerAll({ kind: 'metadata', image: next, changes });
    if (next.topicsById === previous.topicsById) return;
    const topics = new Map<string, Uuid>();
    for (const [topicId, topic] of previous.topicsById)
      if (!next.topicsById.has(topicId)) topics.set(topic.name, topicId);
    if (topics.size === 0) return;
    this.shards.triggerAll({ kind: 'topics-deleted', topics });
  }

  /** As Java prints a random UUID. */
  private randomHex(): string {
    const hex = Buffer.from(uuidToBytes(this.deps.random.uuid())).toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
