import { type TopicPartition, topicPartitionName, type Uuid } from '../../common/ids.js';
import type { ProduceResponse } from '../../protocol/api/produce.js';
import { ErrorCode } from '../../protocol/errors.js';
import { type ClientError, ProtocolError } from '../errors.js';

/** What the broker says of one batch. */
export interface BatchResult {
  readonly error: ProtocolError | undefined;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  /** A newer leader, told together with the error (KIP-951). */
  readonly leader: { readonly leaderId: number; readonly leaderEpoch: number } | undefined;
  /** The reason for one record of a refused batch, where the broker names it (KIP-467). */
  readonly errorFor: ((index: number) => ClientError | undefined) | undefined;
}

export interface ProduceResults {
  find(at: TopicPartition): BatchResult;
}

/** @param names of the topics asked for, by id: newer versions name them only by id */
export function readProduceResponse(response: ProduceResponse, names: ReadonlyMap<Uuid, string>): ProduceResults {
  const results = new Map<string, BatchResult>();
  for (const topic of response.responses) {
    const name = topic.name === '' ? names.get(topic.topicId) : topic.name;
    if (name === undefined) continue;
    for (const partition of topic.partitionResponses)
      results.set(topicPartitionName(name, partition.index), toResult(name, partition));
  }
  return {
    find: ({ topic, partition }) => {
      const name = topicPartitionName(topic, partition);
      return results.get(name) ?? missing(name);
    },
  };
}

type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number];

function toResult(topic: string, partition: PartitionResponse): BatchResult {
  const subject = topicPartitionName(topic, partition.index);
  const { errorCode, errorMessage, recordErrors, currentLeader } = partition;
  // The broker has the batch already: it was an earlier attempt whose answer got lost.
  const written = errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER;
  const byIndex = new Map(recordErrors.map((one) => [one.batchIndex, one.batchIndexErrorMessage]));
  return {
    error: written ? undefined : new ProtocolError(errorCode, subject, errorMessage),
    baseOffset: written && errorCode !== ErrorCode.NONE ? -1 : partition.baseOffset,
    logAppendTimeMs: partition.logAppendTimeMs,
    leader: currentLeader.leaderId >= 0 ? currentLeader : undefined,
    errorFor:
      byIndex.size === 0
        ? undefined
        : (index) => {
            if (!byIndex.has(index))
              return new ProtocolError(errorCode, subject, 'another record of its batch was refused');
            return new ProtocolError(errorCode, subject, byIndex.get(index) ?? errorMessage);
          },
  };
}

function missing(subject: string): BatchResult {
  return {
    error: new ProtocolError(ErrorCode.UNKNOWN_SERVER_ERROR, subject, 'the broker left it out of its answer'),
    baseOffset: -1,
    logAppendTimeMs: -1,
    leader: undefined,
    errorFor: undefined,
  };
}
