import { groupMetadataTopic } from '../../coordinator/group_coordinator.js';
import { shareStateTopic } from '../../coordinator/share_coordinator.js';
import { parseShareKey } from '../../coordinator/share_state/partition_id.js';
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
const shareKeyType = 2;
/** From this version on share coordinators can be asked for (KIP-932). */
const shareKeysVersion = 6;

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

interface Kind {
  readonly topic: string;
  readonly placement: Placement;
  readonly fromVersion: number;
  /** Why something is no key. */
  refuses(key: string): string | undefined;
}

const anyKey = () => undefined;

function notShareKey(key: string): string | undefined {
  return parseShareKey(key) === undefined ? `${key} is not of the form group:topicId:partition.` : undefined;
}

/**
 * Which broker coordinates a group, transactional id or share partition, with its address on the listener the request came in on. The first request
 * creates the coordinator's topic and waits for it, where Kafka answers COORDINATOR_NOT_AVAILABLE and lets the client ask again.
 *
 * Types that are none, and share keys below version 6, are INVALID_REQUEST.
 */
export function findCoordinatorHandler(deps: {
  readonly coordinator: Placement;
  readonly transactions: Placement;
  readonly shareCoordinator: Placement;
  readonly metadata: MetadataCache;
  readonly topics: InternalTopics;
  isOffline(topic: string, partition: number): boolean;
}): Handler<FindCoordinatorRequest, FindCoordinatorResponseInput> {
  const kinds = new Map<number, Kind>([
    [groupKeyType, { topic: groupMetadataTopic, placement: deps.coordinator, fromVersion: 0, refuses: anyKey }],
    [
      transactionKeyType,
      { topic: transactionStateTopic, placement: deps.transactions, fromVersion: 0, refuses: anyKey },
    ],
    [
      shareKeyType,
      {
        topic: shareStateTopic,
        placement: deps.shareCoordinator,
        fromVersion: shareKeysVersion,
        refuses: notShareKey,
      },
    ],
  ]);
  return async (request, context) => {
    const keys = context.apiVersion >= keysVersion ? request.coordinatorKeys : [request.key];
    const known = kinds.get(request.keyType);
    const kind = known !== undefined && context.apiVersion >= known.fromVersion ? known : undefined;
    if (kind !== undefined && !deps.metadata.current().topicsByName.has(kind.topic))
      await deps.topics.ensure(kind.topic);
    const answers = keys.map((key) => ({ key, answer: find(key, request.keyType, kind, context.listenerName) }));
    if (context.apiVersion >= keysVersion)
      return { coordinators: answers.map(({ key, answer }) => ({ key, ...answer, errorMessage: messageFor(answer) })) };
    const [first] = answers;
    return first === undefined ? {} : { ...first.answer, errorMessage: first.answer.errorMessage ?? 'NONE' };
  };

  function find(key: string, keyType: number, kind: Kind | undefined, listenerName: string): Answer {
    if (kind === undefined) return none(ErrorCode.INVALID_REQUEST, `Coordinator type ${keyType} is not known here.`);
    const refusal = kind.refuses(key);
    if (refusal !== undefined) return none(ErrorCode.INVALID_REQUEST, refusal);
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
