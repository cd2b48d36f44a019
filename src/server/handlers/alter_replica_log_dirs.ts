import type {
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponseInput,
} from '../../protocol/api/alter_replica_log_dirs.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { LogManager } from '../../storage/log_manager.js';
import type { MoveAnswer } from '../../storage/log_moves.js';
import type { Handler } from '../handler.js';

/**
 * AlterReplicaLogDirs (KIP-113): moves partitions of this broker to other log directories, or says where those that are still to be
 * created go. The answer says that a move has begun; DescribeLogDirs shows how far it is. As in Kafka nothing is moved while a log
 * directory is offline.
 */
export function alterReplicaLogDirsHandler(deps: {
  readonly logs: LogManager;
  readonly replicas: ReplicaManager;
}): Handler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponseInput> {
  return async (request) => {
    const results = new Map<string, Array<{ partitionIndex: number; errorCode: ErrorCode }>>();
    for (const { path, topics } of request.dirs)
      for (const { name, partitions } of topics)
        for (const partitionIndex of partitions) {
          const isKnown = deps.replicas.get(name, partitionIndex) !== undefined;
          const errorCode = errorOf(await deps.logs.moves.alter(name, partitionIndex, path, isKnown));
          const known = results.get(name);
          if (known === undefined) results.set(name, [{ partitionIndex, errorCode }]);
          else known.push({ partitionIndex, errorCode });
        }
    return {
      throttleTimeMs: 0,
      results: [...results].map(([topicName, partitions]) => ({ topicName, partitions })),
    };
  };
}

function errorOf(answer: MoveAnswer): ErrorCode {
  switch (answer) {
    case 'done':
      return ErrorCode.NONE;
    case 'no-such-directory':
      return ErrorCode.LOG_DIR_NOT_FOUND;
    case 'offline':
      return ErrorCode.KAFKA_STORAGE_ERROR;
    case 'name-too-long':
      return ErrorCode.INVALID_TOPIC_EXCEPTION;
    case 'unknown-partition':
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }
}
