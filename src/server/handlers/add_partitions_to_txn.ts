import type { TopicPartitions } from '../../coordinator/transaction/transaction.js';
import type { TransactionCoordinator } from '../../coordinator/transaction_coordinator.js';
import type { MetadataCache, MetadataImage } from '../../metadata/image.js';
import type {
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnResponseInput,
} from '../../protocol/api/add_partitions_to_txn.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';
import { fencedForOld } from './transaction_errors.js';

/** From this version on it is brokers who ask, for several transactions at once. */
const brokerVersion = 4;
/** From this version on PRODUCER_FENCED is known. */
const fencedVersion = 2;

type AskedTransaction = AddPartitionsToTxnRequest['transactions'][number];
interface Result {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: ErrorCode;
}

/**
 * AddPartitionsToTxn (KIP-98, KIP-890): makes partitions part of a transaction, or says whether they are. One partition that does not
 * exist fails all of its transaction, the others with OPERATION_NOT_ATTEMPTED.
 */
export function addPartitionsToTxnHandler(deps: {
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions' | 'verifyPartitions'>;
  readonly metadata: MetadataCache;
}): Handler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponseInput> {
  return async (request, { apiVersion }) => {
    if (apiVersion < brokerVersion) {
      const asked = fromClient(request);
      return { resultsByTopicV3AndBelow: byTopic(asked, await work(asked, apiVersion)) };
    }
    const resultsByTransaction = await Promise.all(
      request.transactions.map(async (asked) => ({
        transactionalId: asked.transactionalId,
        topicResults: byTopic(asked, await work(asked, apiVersion)),
      })),
    );
    return { errorCode: ErrorCode.NONE, resultsByTransaction };
  };

  async function work(asked: AskedTransaction, apiVersion: number): Promise<readonly Result[]> {
    const { transactionalId, producerId, producerEpoch, verifyOnly, topics } = asked;
    const unknown = missing(deps.metadata.current(), topics);
    if (unknown !== undefined) return unknown;
    const partitions: TopicPartitions[] = topics.map(({ name, partitions: indexes }) => ({
      topic: name,
      partitions: indexes,
    }));
    const command = { transactionalId, producerId, producerEpoch, partitions };
    if (verifyOnly) return deps.transactions.verifyPartitions(command);
    const clientTransactionVersion = apiVersion >= brokerVersion ? 2 : 0;
    const error = await deps.transactions.addPartitions({ ...command, clientTransactionVersion });
    const errorCode = fencedForOld(error, apiVersion, fencedVersion);
    return eachOf(topics, () => errorCode);
  }
}

function fromClient(request: AddPartitionsToTxnRequest): AskedTransaction {
  return {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: request.v3AndBelowTopics,
  };
}

function eachOf(
  topics: AskedTransaction['topics'],
  errorOf: (topic: string, partition: number) => ErrorCode,
): Result[] {
  return topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({ topic: name, partition, errorCode: errorOf(name, partition) })),
  );
}

/** Undefined: they are all there. */
function missing(image: MetadataImage, topics: AskedTransaction['topics']): readonly Result[] | undefined {
  const exists = (topic: string, partition: number) =>
    image.topicsByName.get(topic)?.partitions[partition] !== undefined;
  if (topics.every(({ name, partitions }) => partitions.every((partition) => exists(name, partition))))
    return undefined;
  return eachOf(topics, (topic, partition) =>
    exists(topic, partition) ? ErrorCode.OPERATION_NOT_ATTEMPTED : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  );
}

function byTopic(asked: AskedTransaction, results: readonly Result[]) {
  type PartitionResult = { readonly partitionIndex: number; readonly partitionErrorCode: ErrorCode };
  const topics = new Map<string, PartitionResult[]>(asked.topics.map(({ name }) => [name, []]));
  for (const { topic, partition, errorCode } of results) {
    const known = topics.get(topic) ?? [];
    topics.set(topic, known);
    known.push({ partitionIndex: partition, partitionErrorCode: errorCode });
  }
  return [...topics].map(([name, resultsByPartition]) => ({ name, resultsByPartition }));
}
