import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import { invalidTopicName } from '../../controller/topic_names.js';
import type { MetadataCache, MetadataImage, PartitionImage, TopicImage } from '../../metadata/image.js';
import type { MetadataRequest, MetadataResponseInput } from '../../protocol/api/metadata.js';
import { ErrorCode } from '../../protocol/errors.js';
import { clusterOperations, operationsNotAsked, topicOperations } from '../authorized_operations.js';
import type { AutoTopicCreator } from '../auto_topic_creator.js';
import type { Handler, RequestContext } from '../handler.js';

export interface MetadataDeps {
  readonly metadata: MetadataCache;
  readonly autoTopics: AutoTopicCreator;
  /** Its log cannot be used, or not yet. */
  isOffline(topic: string, partition: number): boolean;
}

type TopicAnswer = NonNullable<MetadataResponseInput['topics']>[number];

const versionWithNullForAll = 1;
const versionWithIds = 12;

/**
 * Metadata for clients: brokers with their address on the listener that was asked, topics by name or id. A topic that is missing is
 * created when the client allows it and `auto.create.topics.enable` is on; the answer then already has it, where Kafka answers
 * UNKNOWN_TOPIC_OR_PARTITION first and lets the client ask again.
 */
export function metadataHandler(deps: MetadataDeps): Handler<MetadataRequest, MetadataResponseInput> {
  return async (request, context) => {
    const { topics } = request;
    const all = topics === null || (topics.length === 0 && context.apiVersion < versionWithNullForAll);
    const errors = new Map<string, ErrorCode>();
    if (
      !all &&
      context.apiVersion < versionWithIds &&
      topics.some(({ name, topicId }) => name === null || topicId !== ZERO_UUID)
    )
      return refused(topics);
    const byId = !all && topics.some(({ topicId }) => topicId !== ZERO_UUID);
    if (!all && !byId && request.allowAutoTopicCreation) {
      const image = deps.metadata.current();
      const missing = topics.flatMap(({ name }) => (name === null || image.topicsByName.has(name) ? [] : [name]));
      for (const name of new Set(missing)) {
        const errorCode = await deps.autoTopics.create(name);
        if (errorCode !== undefined) errors.set(name, errorCode);
      }
    }
    const image = deps.metadata.current();
    const wanted = all
      ? [...image.topicsByName.values()].map((topic) => answer(topic))
      : byId
        ? unique(topics.flatMap(({ topicId }) => (topicId === ZERO_UUID ? [] : [topicId]))).map((id) =>
            findById(image, id),
          )
        : unique(topics.map(({ name }) => name)).map((name) => find(image, name));
    return { ...brokersOf(image, context), topics: wanted, ...clusterOperationsOf(request) };

    function findById(current: MetadataImage, topicId: Uuid): TopicAnswer {
      const topic = current.topicsById.get(topicId);
      return topic === undefined ? { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId } : answer(topic);
    }

    function find(current: MetadataImage, name: string | null): TopicAnswer {
      if (name === null) return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: ZERO_UUID };
      const topic = current.topicsByName.get(name);
      if (topic !== undefined) return answer(topic);
      const invalid = invalidTopicName(name) !== undefined;
      const errorCode = invalid
        ? ErrorCode.INVALID_TOPIC_EXCEPTION
        : (errors.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      const topicAuthorizedOperations = request.includeTopicAuthorizedOperations ? topicOperations : operationsNotAsked;
      return { errorCode, name, topicId: ZERO_UUID, topicAuthorizedOperations };
    }

    function answer(topic: TopicImage): TopicAnswer {
      return {
        errorCode: ErrorCode.NONE,
        name: topic.name,
        topicId: topic.id,
        isInternal: topic.internal,
        partitions: topic.partitions.map((partition) => partitionAnswer(topic, partition, image, deps)),
        topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? topicOperations : operationsNotAsked,
      };
    }
  };
}

/** Versions 10 and 11 have ids in their schema, but no request can name a topic by one (KIP-516). */
function refused(topics: NonNullable<MetadataRequest['topics']>): MetadataResponseInput {
  const errorCode = ErrorCode.INVALID_REQUEST;
  return { clusterId: null, topics: topics.map(({ name, topicId }) => ({ errorCode, name: name ?? '', topicId })) };
}

function unique<T>(list: readonly T[]): T[] {
  return list.length < 2 ? [...list] : [...new Set(list)];
}

function partitionAnswer(topic: TopicImage, partition: PartitionImage, image: MetadataImage, deps: MetadataDeps) {
  const offline = deps.isOffline(topic.name, partition.partition) ? [partition.leader] : [];
  const led = image.brokers.has(partition.leader) && offline.length === 0;
  return {
    errorCode: led ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
    partitionIndex: partition.partition,
    leaderId: led ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr.filter((id) => !offline.includes(id)),
    offlineReplicas: [...partition.offlineReplicas, ...offline],
  };
}

function brokersOf(image: MetadataImage, context: RequestContext) {
  const brokers = [...image.brokers.values()].flatMap(({ id, rack, endpoints }) => {
    const endpoint = endpoints.get(context.listenerName);
    return endpoint === undefined ? [] : [{ nodeId: id, host: endpoint.host, port: endpoint.port, rack }];
  });
  return { throttleTimeMs: 0, brokers, clusterId: image.clusterId, controllerId: image.controllerId };
}

function clusterOperationsOf(request: MetadataRequest) {
  return request.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: clusterOperations } : {};
}
