import type {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponseInput,
} from '../../protocol/api/offset_for_leader_epoch.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Handler } from '../handler.js';

/** OffsetForLeaderEpoch (KIP-101, KIP-320): where an epoch ended in this leader's log. */
export function offsetForLeaderEpochHandler(deps: {
  readonly replicas: ReplicaManager;
}): Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponseInput> {
  return (request) => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
        const partition = deps.replicas.get(topic, index);
        const none = { partition: index, leaderEpoch: -1, endOffset: -1 };
        if (partition === undefined) return { ...none, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
        const { log, unavailable } = partition;
        if (log === undefined || unavailable !== undefined)
          return { ...none, errorCode: unavailable ?? ErrorCode.KAFKA_STORAGE_ERROR };
        const epochError = partition.checkEpoch(currentLeaderEpoch);
        if (epochError !== ErrorCode.NONE) return { ...none, errorCode: epochError };
        // A consumer must not be sent above what is committed.
        const end = log.epochs.endOffsetFor(leaderEpoch, partition.highWatermark);
        return { partition: index, errorCode: ErrorCode.NONE, leaderEpoch: end.epoch, endOffset: end.endOffset };
      }),
    })),
  });
}
