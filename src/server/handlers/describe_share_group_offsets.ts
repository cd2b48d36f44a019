import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { ShareGroups } from '../../coordinator/share_groups.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponseInput,
} from '../../protocol/api/describe_share_group_offsets.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Handler } from '../handler.js';
import type { SharePersistence } from '../share/share_persister.js';
import { hasProtocol } from './group_protocols.js';

type DescribedGroup = NonNullable<DescribeShareGroupOffsetsResponseInput['groups']>[number];
type DescribedTopic = NonNullable<DescribedGroup['topics']>[number];
type DescribedPartition = NonNullable<DescribedTopic['partitions']>[number];

interface WantedTopic {
  readonly topicName: string;
  /** The zero id: there is no such topic. */
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
}

interface Deps {
  readonly shareGroups: ShareGroups;
  readonly sharePersistence: SharePersistence;
  readonly metadata: MetadataCache;
  readonly replicas: ReplicaManager;
}

/**
 * Where share groups are in partitions, and how far behind. A partition that the group has not begun is at -1, one without a
 * state too: only what cannot be asked is an error.
 */
export function describeShareGroupOffsetsHandler(
  deps: Deps,
): Handler<DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponseInput> {
  return async ({ groups }) => ({
    groups: await Promise.all(groups.map((group) => describeGroup(deps, group))),
  });
}

async function describeGroup(
  deps: Deps,
  { groupId, topics }: DescribeShareGroupOffsetsRequest['groups'][number],
): Promise<DescribedGroup> {
  if (!hasProtocol({ metadata: deps.metadata }, 'share')) return { groupId, errorCode: ErrorCode.UNSUPPORTED_VERSION };
  const image = deps.metadata.current();
  let wanted: WantedTopic[];
  if (topics === null) {
    const found = await deps.shareGroups.initializedPartitions(groupId);
    if (found.errorCode !== ErrorCode.NONE) return { groupId, errorCode: found.errorCode };
    wanted = found.topics.flatMap(({ topicId, partitions }) => {
      const topicName = image.topicsById.get(topicId)?.name;
      return topicName === undefined ? [] : { topicName, topicId, partitions };
    });
  } else
    wanted = topics.map(({ topicName, partitions }) => ({
      topicName,
      topicId: image.topicsByName.get(topicName)?.id ?? ZERO_UUID,
      partitions,
    }));
  return { groupId, topics: await Promise.all(wanted.map((topic) => describeTopic(deps, groupId, topic))) };
}

async function describeTopic(deps: Deps, groupId: string, topic: WantedTopic): Promise<DescribedTopic> {
  const { topicName, topicId, partitions } = topic;
  const described = partitions.map((partition) =>
    topicId === ZERO_UUID
      ? Promise.resolve({ partitionIndex: partition, startOffset: -1 })
      : describePartition(deps, groupId, { topicName, topicId }, partition),
  );
  return { topicName, topicId, partitions: await Promise.all(described) };
}

async function describePartition(
  { sharePersistence, replicas }: Deps,
  groupId: string,
  { topicName, topicId }: { readonly topicName: string; readonly topicId: Uuid },
  partition: number,
): Promise<DescribedPartition> {
  const id = { groupId, topicId, partition };
  const summary = await sharePersistence.ask((coordinator) => coordinator.readSummary(id));
  if (summary.errorCode !== ErrorCode.NONE) return { partitionIndex: partition, startOffset: -1, leaderEpoch: 0 };
  const { startOffset, leaderEpoch, deliveryCompleteCount } = summary;
  const end = replicas.get(topicName, partition)?.highWatermark;
  const isKnown = startOffset !== -1 && deliveryCompleteCount !== -1 && end !== undefined;
  const lag = isKnown ? end - startOffset - deliveryCompleteCount : -1;
  return { partitionIndex: partition, startOffset, leaderEpoch, lag };
}
