import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import { type AcknowledgementBatch, AcknowledgeType, type ShareFailure } from '../../replication/share/states.js';
import type { SharePartitions } from './share_partitions.js';

export interface PartitionAcknowledgements {
  readonly topicId: Uuid;
  readonly partition: number;
  readonly batches: readonly AcknowledgementBatch[];
}

export interface PartitionAcknowledged extends ShareFailure {
  readonly topicId: Uuid;
  readonly partition: number;
}

interface Asked {
  readonly topics: ReadonlyArray<{
    readonly topicId: Uuid;
    readonly partitions: ReadonlyArray<{
      readonly partitionIndex: number;
      readonly acknowledgementBatches: readonly AcknowledgementBatch[];
    }>;
  }>;
}

export function acknowledgementsOf({ topics }: Asked): PartitionAcknowledgements[] {
  return topics.flatMap(({ topicId, partitions }) =>
    partitions.map(({ partitionIndex, acknowledgementBatches }) => ({
      topicId,
      partition: partitionIndex,
      batches: acknowledgementBatches,
    })),
  );
}

export interface AcknowledgingMember {
  readonly groupId: string;
  readonly memberId: string;
  /** `isRenewAck`: only then locks are renewed. */
  readonly renews: boolean;
  mayRead(topic: string): boolean;
}

/**
 * Partition by partition: UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST, INVALID_RECORD_STATE, or why it could not be
 * persisted. What is refused counts as not said. As in Kafka a partition of which nothing is said is answered only beside others.
 */
export async function acknowledgeAll(
  partitions: SharePartitions,
  image: MetadataImage,
  member: AcknowledgingMember,
  asked: readonly PartitionAcknowledgements[],
): Promise<PartitionAcknowledged[]> {
  const { groupId, memberId } = member;
  const answers: Array<Promise<PartitionAcknowledged>> = [];
  const silent: PartitionAcknowledged[] = [];
  let any = false;
  for (const { topicId, partition, batches } of asked) {
    const errorCode = refusal(image, topicId, partition, batches, member);
    if (errorCode !== ErrorCode.NONE) answers.push(Promise.resolve({ topicId, partition, errorCode, message: null }));
    else if (batches.length === 0) silent.push({ topicId, partition, errorCode: ErrorCode.NONE, message: null });
    else {
      any = true;
      answers.push(
        partitions.acknowledge(groupId, memberId, topicId, partition, batches).then((failure) => ({
          topicId,
          partition,
          errorCode: failure?.errorCode ?? ErrorCode.NONE,
          message: failure?.message ?? null,
        })),
      );
    }
  }
  const acknowledged = await Promise.all(answers);
  return any ? [...acknowledged, ...silent] : acknowledged;
}

function refusal(
  image: MetadataImage,
  topicId: Uuid,
  partition: number,
  batches: readonly AcknowledgementBatch[],
  { renews, mayRead }: AcknowledgingMember,
): ErrorCode {
  const topic = topicId === ZERO_UUID ? undefined : image.topicsById.get(topicId);
  if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
  let before = -1;
  for (const { firstOffset, lastOffset, acknowledgeTypes } of batches) {
    const count = acknowledgeTypes.length;
    const isMalformed =
      firstOffset > lastOffset ||
      firstOffset < before ||
      count === 0 ||
      (count > 1 && lastOffset - firstOffset !== count - 1) ||
      acknowledgeTypes.some((type) => type < AcknowledgeType.GAP || type > AcknowledgeType.RENEW) ||
      (!renews && acknowledgeTypes.includes(AcknowledgeType.RENEW));
    if (isMalformed) return ErrorCode.INVALID_REQUEST;
    before = lastOffset;
  }
  if (!mayRead(topic.name)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return topic.partitions.length > partition && partition >= 0 ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}
