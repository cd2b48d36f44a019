import { ZERO_UUID } from '../../common/ids.js';
import { type GroupCoordinator, groupMetadataTopic } from '../../coordinator/group_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { TxnOffsetCommitRequest, TxnOffsetCommitResponseInput } from '../../protocol/api/txn_offset_commit.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';
import type { TransactionVerifier } from '../transaction_verifier.js';
import { type PartitionError, TopicResults } from './topic_results.js';

/** From this version on COORDINATOR_LOAD_IN_PROGRESS does not end a producer. */
const loadingVersion = 2;
/** From this version on a client knows TRANSACTION_ABORTABLE. */
const abortableVersion = 4;
/** From this version on the commit makes the group's partition part of the transaction. */
const addingVersion = 5;

/**
 * TxnOffsetCommit: answers when the offsets are committed to `__consumer_offsets`, where they wait for the end of their transaction.
 * Partitions that do not exist are refused one by one.
 */
export function txnOffsetCommitHandler(deps: {
  readonly coordinator: Pick<GroupCoordinator, 'partitionFor' | 'commitInTransaction'>;
  readonly metadata: MetadataCache;
  readonly verifier: Pick<TransactionVerifier, 'verify'>;
}): Handler<TxnOffsetCommitRequest, TxnOffsetCommitResponseInput> {
  return async (request, { apiVersion }) => {
    const named = request.topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }));
    const results = new TopicResults(deps.metadata.current(), named, false);
    if (results.existing.length > 0) {
      const { errorCode, topics } = await commit(request, apiVersion, results.existing);
      if (errorCode === ErrorCode.NONE) results.addAll(topics);
      else results.failExisting(forOld(errorCode, apiVersion));
    }
    return { topics: results.topics.map(({ name, partitions }) => ({ name, partitions })) };
  };

  async function commit(
    request: TxnOffsetCommitRequest,
    apiVersion: number,
    topics: TopicResults<TxnOffsetCommitRequest['topics'][number]['partitions'][number]>['existing'],
  ): Promise<{
    readonly errorCode: ErrorCode;
    readonly topics: ReadonlyArray<{ readonly name: string; readonly partitions: readonly PartitionError[] }>;
  }> {
    const { transactionalId, groupId, producerId, producerEpoch } = request;
    if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] };
    const partition = deps.coordinator.partitionFor(groupId);
    const verified = await deps.verifier.verify({
      transactionalId,
      producerId,
      producerEpoch,
      support: { adds: apiVersion >= addingVersion, knowsAbortable: apiVersion >= abortableVersion },
      writes: [{ topic: groupMetadataTopic, partition, baseSequence: -1 }],
    });
    const answer = verified?.get(`${groupMetadataTopic}-${partition}`);
    if (answer !== undefined && answer.errorCode !== ErrorCode.NONE) return { errorCode: answer.errorCode, topics: [] };
    return deps.coordinator.commitInTransaction({
      groupId,
      generationId: request.generationId,
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      transaction: { producerId, producerEpoch, verification: answer?.verification },
      topics,
    });
  }
}

function forOld(error: ErrorCode, apiVersion: number): ErrorCode {
  return error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS && apiVersion < loadingVersion
    ? ErrorCode.COORDINATOR_NOT_AVAILABLE
    : error;
}
