import type {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponseInput,
} from '../protocol/api/alter_share_group_offsets.js';
import type {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponseInput,
} from '../protocol/api/delete_share_group_offsets.js';
import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponseInput,
} from '../protocol/api/share_group_heartbeat.js';
import { ErrorCode } from '../protocol/errors.js';
import type { GroupClient, GroupCoordinator, GroupResult } from './group_coordinator.js';
import type { TopicPartitions } from './modern/assignment.js';
import type { AlteredOffsets, DescribedShareGroup, Initialization } from './share_group/commands.js';
import { checkShareHeartbeat } from './share_group/validation.js';
import type { ShareStateFailure } from './share_state/commands.js';
import { type SharePartitionId, shareKeyOf } from './share_state/partition_id.js';

/** The share coordinators of the cluster, as the coordinator of a group uses them. Never rejects. */
export interface ShareStates {
  initialize(id: SharePartitionId, stateEpoch: number, startOffset: number): Promise<ShareStateFailure>;
  delete(id: SharePartitionId): Promise<ShareStateFailure>;
}

type Failures = ReadonlyMap<string, ShareStateFailure>;

/**
 * What is asked of share groups (KIP-932): changes at the group's coordinator, and what they entail at the share coordinator.
 *
 * Every method answers; errors are in the answer.
 */
export class ShareGroups {
  constructor(
    private readonly coordinator: GroupCoordinator,
    private readonly states: ShareStates,
  ) {}

  /** INVALID_REQUEST, GROUP_ID_NOT_FOUND, UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, GROUP_MAX_SIZE_REACHED, with a sentence. */
  async heartbeat(request: ShareGroupHeartbeatRequest, client: GroupClient): Promise<ShareGroupHeartbeatResponseInput> {
    const refusal = checkShareHeartbeat(request);
    if (refusal !== undefined) return { ...refusal };
    const outcome = await this.coordinator.ask('share-heartbeat', request.groupId, {
      request,
      clientId: client.clientId ?? '',
      clientHost: `/${client.clientAddress}`,
    });
    if (!outcome.ok) return { errorCode: outcome.error };
    const { response, initialization } = outcome.reply;
    // Nobody waits for it: the partitions are assigned with a later heartbeat.
    if (initialization !== undefined) void this.initialize(request.groupId, initialization);
    return response;
  }

  /** In the order asked for. INVALID_GROUP_ID for the empty one. */
  describe(groupIds: readonly string[]): Promise<DescribedShareGroup[]> {
    return this.coordinator.describeEach<DescribedShareGroup>(groupIds, (partition, ids) =>
      this.coordinator.askPartition('share-describe', partition, { groupIds: ids }),
    );
  }

  /** Partitions the group may read: those that have a state at the share coordinator. None when there is no such group. */
  async initializedPartitions(
    groupId: string,
  ): Promise<{ readonly errorCode: ErrorCode; readonly topics: TopicPartitions }> {
    const outcome = await this.coordinator.ask('share-initialized', groupId, { groupId });
    return outcome.ok
      ? { errorCode: ErrorCode.NONE, topics: outcome.reply.topics }
      : { errorCode: outcome.error, topics: [] };
  }

  /** Sets where a group without members goes on. */
  async alterOffsets({ groupId, topics }: AlterShareGroupOffsetsRequest): Promise<AlterShareGroupOffsetsResponseInput> {
    if (groupId === '') return invalidGroupId;
    const outcome = await this.coordinator.ask('share-alter-offsets', groupId, { groupId, topics });
    if (!outcome.ok) return { errorCode: outcome.error };
    const { errorCode, errorMessage, responses, initialization } = outcome.reply;
    if (initialization === undefined) return { errorCode, errorMessage, responses };
    const failures = await this.initialize(groupId, initialization);
    return { responses: withFailures(groupId, responses, failures) };
  }

  /** Forgets what a group without members has read of whole topics. */
  async deleteOffsets({
    groupId,
    topics,
  }: DeleteShareGroupOffsetsRequest): Promise<DeleteShareGroupOffsetsResponseInput> {
    if (groupId === '') return invalidGroupId;
    const topicNames = topics.map(({ topicName }) => topicName);
    const outcome = await this.coordinator.ask('share-delete-offsets', groupId, { groupId, topicNames });
    if (!outcome.ok) return { errorCode: outcome.error };
    const { errorCode, errorMessage, responses, deleting } = outcome.reply;
    if (deleting.length === 0) return { errorCode, errorMessage, responses };
    const failures = await this.deleteStates(groupId, deleting);
    const answers = deleting.map(({ topicName, topicId, partitions }) => {
      const failure = partitions
        .map((partition) => failures.get(shareKeyOf({ groupId, topicId, partition })))
        .find((found) => found !== undefined);
      return { topicName, topicId, ...failure };
    });
    const topicIds = answers.flatMap(({ topicId, errorCode: error }) => (error === undefined ? topicId : []));
    if (topicIds.length > 0) {
      const done = await this.coordinator.ask('share-delete-done', groupId, { groupId, topicIds });
      if (!done.ok) return { errorCode: done.error };
    }
    return { responses: [...responses, ...answers] };
  }

  /** DeleteGroups, of groups of every type: those of share groups lose their states first. In the order asked for. */
  async deleteGroups(groupIds: readonly string[]): Promise<GroupResult[]> {
    const asked = [...new Set(groupIds)];
    const shareGroups = await this.coordinator.forEachGroup(asked, async (partition, ids) => {
      const outcome = await this.coordinator.askPartition('share-delete-groups', partition, { groupIds: ids });
      // Whatever it is, they are told so when the groups are to go.
      return outcome.ok ? outcome.reply.groups : [];
    });
    const refused = new Map<string, ErrorCode>();
    await Promise.all(
      shareGroups.map(async ({ groupId, errorCode, topics }) => {
        const failures = errorCode === ErrorCode.NONE ? await this.deleteStates(groupId, topics) : undefined;
        const [failure] = failures?.values() ?? [];
        const error = failure?.errorCode ?? errorCode;
        if (error !== ErrorCode.NONE) refused.set(groupId, error);
      }),
    );
    const deleted = await this.coordinator.deleteGroups(asked.filter((groupId) => !refused.has(groupId)));
    const results = new Map(deleted.map((result) => [result.groupId, result]));
    return asked.flatMap((groupId) => {
      const errorCode = refused.get(groupId);
      return errorCode === undefined ? (results.get(groupId) ?? []) : { groupId, errorCode };
    });
  }

  /** Has the states made, and tells the group. */
  private async initialize(groupId: string, { stateEpoch, topics }: Initialization): Promise<Failures> {
    const failures = new Map<string, ShareStateFailure>();
    await Promise.all(
      topics.flatMap(({ topicId, partitions }) =>
        partitions.map(async ({ partition, startOffset }) => {
          const id = { groupId, topicId, partition };
          const answer = await this.states.initialize(id, stateEpoch, startOffset);
          if (answer.errorCode !== ErrorCode.NONE) failures.set(shareKeyOf(id), answer);
        }),
      ),
    );
    const all = topics.map(({ topicId, partitions }) => ({ topicId, partitions: partitions.map((p) => p.partition) }));
    const succeeded = failures.size === 0;
    await this.coordinator.ask('share-initialize-done', groupId, { groupId, topics: all, succeeded });
    return failures;
  }

  private async deleteStates(groupId: string, topics: TopicPartitions): Promise<Failures> {
    const failures = new Map<string, ShareStateFailure>();
    await Promise.all(
      topics.flatMap(({ topicId, partitions }) =>
        partitions.map(async (partition) => {
          const id = { groupId, topicId, partition };
          const answer = await this.states.delete(id);
          if (answer.errorCode !== ErrorCode.NONE) failures.set(shareKeyOf(id), answer);
        }),
      ),
    );
    return failures;
  }
}

const invalidGroupId = { errorCode: ErrorCode.INVALID_GROUP_ID, errorMessage: 'The group id is invalid.' };

function withFailures(groupId: string, responses: AlteredOffsets, failures: Failures): AlteredOffsets {
  if (failures.size === 0) return responses;
  return responses.map(({ topicName, topicId, partitions }) => ({
    topicName,
    topicId,
    partitions: (partitions ?? []).map((partition) => {
      const failure =
        topicId === undefined
          ? undefined
          : failures.get(shareKeyOf({ groupId, topicId, partition: partition.partitionIndex ?? 0 }));
      return failure === undefined ? partition : { ...partition, ...failure };
    }),
  }));
}
