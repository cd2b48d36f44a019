import { groupMetadataTopic } from '../../coordinator/group_coordinator.js';
import { transactionStateTopic } from '../../coordinator/transaction_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { FindCoordinatorRequest, FindCoordinatorResponseInput } from '../../protocol/api/find_coordinator.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** Topics that the broker needs for itself. */
export interface InternalTopics {
  /** Creates the topic when it is not there. Resolves when it is, or when it cannot be now (the reason is logged). */
  ensure(topic: string): Promise<void>;
}

/** From this version on one request asks for several keys. */
const keysVersion = 4;
const groupKeyType = 0;
const transactionKeyType = 1;

interface Answer {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** Which partition of its topic a coordinator keeps a key in. */
interface Placement {
  partitionFor(key: string): number;
}

/**
 * Which broker coordinates a group or transactional id, with its address on the listener the request came in on. The first request
 * creates the coordinator's topic and waits for it, where Kafka answers COORDINATOR_NOT_AVAILABLE and lets the client ask again.
 *
 * Share keys (and any other type) are INVALID_REQUEST, as in a Kafka without share groups.
 */
export function findCoordinatorHandler(deps: {
  readonly coordinator: Placement;
  readonly transactions: Placement;
  readonly metadata: MetadataCache;
  readonly topics: InternalTopics;
  isOffline(topic: string, partition: number): boolean;
}): Handler<FindCoordinatorRequest, FindCoordinatorResponseInput> {
  const kinds = new Map([
    [groupKeyType, { topic: groupMetadataTopic, placement: deps.coordinator }],
    [transactionKeyType, { topic: transactionStateTopic, placement: deps.transactions }],
  ]);
  return async (request, context) => {
    const keys = context.apiVersion >= keysVersion ? request.coordinatorKeys : [request.key];
    const topic = kinds.get(request.keyType)?.topic;
    if (topic !== undefined && !deps.metadata.current().topicsByName.has(topic)) await deps.topics.ensure(topic);
    const answers = keys.map((key) => ({ key, answer: find(key, request.keyType, context.listenerName) }));
    if (context.apiVersion >= keysVersion)
      return { coordinators: answers.map(({ key, answer }) => ({ key, ...answer, errorMessage: messageFor(answer) })) };
    const [first] = answers;
    return first === undefined ? {} : { ...first.answer, errorMessage: first.answer.errorMessage ?? 'NONE' };
  };

  function find(key: string, keyType: number, listenerName: string): Answer {
    const kind = kinds.get(keyType);
    if (kind === undefined) return none(ErrorCode.INVALID_REQUEST, `Coordinator type ${keyType} is not known here.`);
    const image = deps.metadata.current();
    const partition = image.topicsByName.get(kind.topic)?.partitions[kind.placement.partitionFor(key)];
    const isOffline = partition !== undefined && deps.isOffline(kind.topic, partition.partition);
    const broker = partition === undefined || isOffline ? undefined : image.brokers.get(partition.leader);
    const endpoint = broker?.fenced === false ? broker.endpoints.get(listenerName) : undefined;
    if (broker === undefined || endpoint === undefined)
      return none(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The coordinator is not available.');
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      nodeId: broker.id,
      host: endpoint.host,
      port: endpoint.port,
    };
  }
}

function none(errorCode: ErrorCode, errorMessage: string): Answer {
  return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 };
}

function messageFor(answer: Answer): string {
  return answer.errorMessage ?? '';
}
