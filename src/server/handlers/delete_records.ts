import type { DeleteRecordsRequest, DeleteRecordsResponseInput } from '../../protocol/api/delete_records.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Handler } from '../handler.js';

interface DeleteRecordsDeps {
  readonly replicas: ReplicaManager;
  readonly logger: Pick<Logger, 'warn'>;
  checkpoint(): Promise<void>;
}

/**
 * DeleteRecords (KIP-107): raises the log start offset. -1 means the high watermark. POLICY_VIOLATION for topics that are only
 * compacted, as in Kafka. The new start is checkpointed before the answer, so that it outlives a crash; KAFKA_STORAGE_ERROR when that fails.
 */
export function deleteRecordsHandler(
  deps: DeleteRecordsDeps,
): Handler<DeleteRecordsRequest, DeleteRecordsResponseInput> {
  return async (request) => {
    let changed = false;
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const partition = deps.replicas.get(name, partitionIndex);
        if (partition === undefined)
          return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
        if (partition.log?.config.deleteOld === false)
          return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.POLICY_VIOLATION };
        const { errorCode, lowWatermark } = partition.deleteRecords(offset);
        changed ||= errorCode === ErrorCode.NONE;
        return { partitionIndex, lowWatermark, errorCode };
      }),
    }));
    if (!changed || (await kept(deps))) return { throttleTimeMs: 0, topics };
    // Raised here and now, but nobody can say whether a crash would take it back.
    const unkept = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, errorCode }) => ({
        partitionIndex,
        lowWatermark: -1,
        errorCode: errorCode === ErrorCode.NONE ? ErrorCode.KAFKA_STORAGE_ERROR : errorCode,
      })),
    }));
    return { throttleTimeMs: 0, topics: unkept };
  };
}

async function kept({ logger, checkpoint }: DeleteRecordsDeps): Promise<boolean> {
  try {
    await checkpoint();
    return true;
  } catch (error) {
    logger.warn('the new starts of logs could not be written; DeleteRecords is answered with KAFKA_STORAGE_ERROR', {
      error,
    });
    return false;
  }
}
