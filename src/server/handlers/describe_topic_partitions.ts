import { ZERO_UUID } from '../../common/ids.js';
import { invalidTopicName } from '../../controller/topic_names.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponseInput,
} from '../../protocol/api/describe_topic_partitions.js';
import { ErrorCode } from '../../protocol/errors.js';
import { topicOperations } from '../authorized_operations.js';
import type { Handler } from '../handler.js';

type TopicAnswer = NonNullable<DescribeTopicPartitionsResponseInput['topics']>[number];

export interface DescribeTopicPartitionsDeps {
  readonly metadata: MetadataCache;
  isOffline(topic: string, partition: number): boolean;
  /** `max.request.partition.size.limit` */
  readonly partitionLimit: () => number;
}

/**
 * DescribeTopicPartitions (KIP-966): topics in the order of their names, page by page; the cursor says where the next page begins.
 * No topics named means all of them; those that are missing are only reported when they were named.
 */
export function describeTopicPartitionsHandler(
  deps: DescribeTopicPartitionsDeps,
): Handler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponseInput> {
  return (request) => {
    const image = deps.metadata.current();
    const { cursor } = request;
    const all = request.topics.length === 0;
    const named = all ? [...image.topicsByName.keys()] : [...new Set(request.topics.map(({ name }) => name))];
    if (cursor !== null && (cursor.partitionIndex < 0 || !(all || named.includes(cursor.topicName))))
      return {
        topics: request.topics.map(({ name }) => ({ errorCode: ErrorCode.INVALID_REQUEST, name })),
        nextCursor: null,
      };
    const names = named.filter((name) => cursor === null || name >= cursor.topicName).sort((a, b) => (a < b ? -1 : 1));
    let room = Math.max(1, Math.min(request.responsePartitionLimit, deps.partitionLimit()));
    const topics: TopicAnswer[] = [];
    for (const name of names) {
      const topic = image.topicsByName.get(name);
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0;
      if (room <= 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
      if (topic === undefined) {
        topics.push(missing(name));
        continue;
      }
      const page = topic.partitions.slice(first, first + room);
      room -= page.length;
      topics.push({
        errorCode: ErrorCode.NONE,
        name,
        topicId: topic.id,
        isInternal: topic.internal,
        topicAuthorizedOperations: topicOperations,
        partitions: page.map((partition) => {
          const offline = deps.isOffline(name, partition.partition);
          return {
            errorCode: offline ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
            partitionIndex: partition.partition,
            leaderId: offline ? -1 : partition.leader,
            leaderEpoch: partition.leaderEpoch,
            replicaNodes: partition.replicas,
            isrNodes: offline ? partition.isr.filter((id) => id !== partition.leader) : partition.isr,
            // Nobody else has its records: it leads again as soon as its directory is back.
            eligibleLeaderReplicas: offline ? [partition.leader] : [],
            lastKnownElr: offline ? [partition.leader] : [],
            offlineReplicas: offline ? [partition.leader] : [],
          };
        }),
      });
      if (first + page.length < topic.partitions.length)
        return { topics, nextCursor: { topicName: name, partitionIndex: first + page.length } };
    }
    return { topics, nextCursor: null };
  };
}

function missing(name: string): TopicAnswer {
  const errorCode =
    invalidTopicName(name) === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION;
  return { errorCode, name, topicId: ZERO_UUID, partitions: [], topicAuthorizedOperations: topicOperations };
}
