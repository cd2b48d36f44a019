import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { MetadataCache, MetadataImage } from '../../metadata/image.js';
import type { OffsetFetchRequest, OffsetFetchResponseInput } from '../../protocol/api/offset_fetch.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** From this version on one request asks for several groups. */
const groupsVersion = 8;
/** From this version on topics come by id instead of by name. */
const topicIdVersion = 10;
/** Version 1 has no error for the whole: it goes to each partition. */
const groupErrorVersion = 2;

interface RequestedGroup {
  readonly groupId: string;
  /** From version 9 on; null from those that manage their partitions themselves. */
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly topics: ReadonlyArray<{
    readonly name: string;
    readonly topicId: Uuid;
    readonly partitionIndexes: readonly number[];
  }> | null;
}

interface AnsweredGroup {
  readonly groupId: string;
  readonly errorCode: ErrorCode;
  readonly topics: NonNullable<NonNullable<OffsetFetchResponseInput['groups']>[number]['topics']>;
}

/** Partitions that were never committed, and groups that are not there, answer -1 without an error. */
export function offsetFetchHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
}): Handler<OffsetFetchRequest, OffsetFetchResponseInput> {
  return async (request, context) => {
    const { requireStable } = request;
    const byId = context.apiVersion >= topicIdVersion;
    const fetchGroup = (group: RequestedGroup) =>
      byId ? fetchById(deps, group, requireStable) : fetchByName(deps.coordinator, group, requireStable);
    if (context.apiVersion >= groupsVersion) return { groups: await Promise.all(request.groups.map(fetchGroup)) };
    const named = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null;
    const group = { groupId: request.groupId, memberId: null, memberEpoch: -1, topics: named };
    const { errorCode, topics } = await fetchGroup(group);
    if (errorCode === ErrorCode.NONE || context.apiVersion >= groupErrorVersion)
      return { errorCode, topics: topics.map(({ name, partitions }) => ({ name, partitions })) };
    return { topics: failed(named ?? [], errorCode).map(({ name, partitions }) => ({ name, partitions })) };
  };
}

async function fetchByName(
  coordinator: GroupCoordinator,
  { topics, ...asking }: RequestedGroup,
  requireStable: boolean,
): Promise<AnsweredGroup> {
  // By name no topic id is meant, whatever the one of today is.
  const anyId = topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null;
  const answer = await coordinator.fetchOffsets({ ...asking, requireStable, topics: anyId });
  return { groupId: asking.groupId, errorCode: answer.errorCode, topics: answer.topics };
}

async function fetchById(
  deps: { readonly coordinator: GroupCoordinator; readonly metadata: MetadataCache },
  { topics, ...asking }: RequestedGroup,
  requireStable: boolean,
): Promise<AnsweredGroup> {
  const image = deps.metadata.current();
  const known = topics?.flatMap((topic) => {
    const name = image.topicsById.get(topic.topicId)?.name;
    return name === undefined ? [] : [{ ...topic, name }];
  });
  const answer = await deps.coordinator.fetchOffsets({ ...asking, requireStable, topics: known ?? null });
  const { groupId } = asking;
  if (answer.errorCode !== ErrorCode.NONE) return { groupId, errorCode: answer.errorCode, topics: [] };
  const unknown = topics?.filter((topic) => !image.topicsById.has(topic.topicId)) ?? [];
  return {
    groupId,
    errorCode: ErrorCode.NONE,
    topics: [...withIds(image, answer.topics), ...failed(unknown, ErrorCode.UNKNOWN_TOPIC_ID)],
  };
}

/** Offsets of topics that are gone have no id to answer with, and nobody to use them. */
function withIds<T extends { readonly name: string }>(
  image: MetadataImage,
  topics: readonly T[],
): Array<T & { readonly topicId: Uuid }> {
  return topics.flatMap((topic) => {
    const topicId = image.topicsByName.get(topic.name)?.id;
    return topicId === undefined ? [] : [{ ...topic, topicId }];
  });
}

function failed(topics: NonNullable<RequestedGroup['topics']>, errorCode: ErrorCode) {
  return topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: -1,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode,
    })),
  }));
}
