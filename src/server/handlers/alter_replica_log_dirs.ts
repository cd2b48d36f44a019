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
    const results: Array<{ topicName: string; partitions: Array<{ partitionIndex: number; errorCode: ErrorCode }> }> =
      [];
    for (const [topicName, paths] of wantedPaths(request)) {
      const partitions: Array<{ partitionIndex: number; errorCode: ErrorCode }> = [];
      for (const [partitionIndex, path] of paths) {
        const isKnown = deps.replicas.get(topicName, partitionIndex) !== undefined;
        const answer = await deps.logs.moves.alter(topicName, partitionIndex, path, isKnown);
        partitions.push({ partitionIndex, errorCode: errorOf(answer) });
      }
      results.push({ topicName, partitions });
    }
    return { throttleTimeMs: 0, results };
  };
}

/** Of a partition that is named more than once the last directory counts, as in Kafka. */
function wantedPaths({ dirs }: AlterReplicaLogDirsRequest): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const wanted = new Map<string, Map<number, string>>();
  for (const { path, topics } of dirs)
    for (const { name, partitions } of topics)
      for (const partition of partitions) {
        const known = wanted.get(name);
        if (known === undefined) wanted.set(name, new Map([[partition, path]]));
        else known.set(partition, path);
      }
  return wanted;
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
