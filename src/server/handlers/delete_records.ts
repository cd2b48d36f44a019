import type { DeleteRecordsRequest, DeleteRecordsResponseInput } from '../../protocol/api/delete_records.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Handler } from '../handler.js';

/**
 * DeleteRecords (KIP-107): raises the log start offset. -1 means the high watermark. POLICY_VIOLATION for topics that are only
 * compacted, as in Kafka. The new start is checkpointed before the answer, so that it outlives a crash.
 */
export function deleteRecordsHandler(deps: {
  readonly replicas: ReplicaManager;
  checkpoint(): Promise<void>;
}): Handler<DeleteRecordsRequest, DeleteRecordsResponseInput> {
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
    if (changed) await deps.checkpoint();
    return { throttleTimeMs: 0, topics };
  };
}
