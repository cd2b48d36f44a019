import { invalidTopicName } from '../../controller/topic_names.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  DescribeProducersRequest,
  DescribeProducersResponseInput,
} from '../../protocol/api/describe_producers.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { ProducerEntry } from '../../storage/producer_state.js';
import type { Handler } from '../handler.js';

interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

/** DescribeProducers (KIP-664): the idempotent and transactional producers that partitions remember, and what they have open. */
export function describeProducersHandler(deps: {
  readonly metadata: MetadataCache;
  readonly replicas: ReplicaManager;
}): Handler<DescribeProducersRequest, DescribeProducersResponseInput> {
  const topicRefusal = (name: string): Refusal | undefined => {
    const errorMessage = invalidTopicName(name);
    if (errorMessage !== undefined) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage };
    if (deps.metadata.current().topicsByName.has(name)) return undefined;
    return {
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'This server does not host this topic-partition.',
    };
  };
  const describe = (name: string, partitionIndex: number, refusal: Refusal | undefined) => {
    const partition = refusal === undefined ? deps.replicas.get(name, partitionIndex) : undefined;
    if (partition?.log === undefined || partition.offline) {
      const errorCode = partition?.unavailable ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      return { partitionIndex, activeProducers: [], ...(refusal ?? { errorCode, errorMessage: null }) };
    }
    const activeProducers = [...partition.log.producers.entries()].map(shown);
    return { partitionIndex, errorCode: ErrorCode.NONE, errorMessage: null, activeProducers };
  };
  return ({ topics }) => ({
    topics: topics.map(({ name, partitionIndexes }) => {
      const refusal = topicRefusal(name);
      return { name, partitions: partitionIndexes.map((index) => describe(name, index, refusal)) };
    }),
  });
}

function shown(producer: ProducerEntry) {
  return {
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
    lastTimestamp: producer.lastTimestampMs,
    coordinatorEpoch: producer.coordinatorEpoch,
    currentTxnStartOffset: producer.currentTxnFirstOffset,
  };
}
