import type { FileSystem } from '../../common/ports/index.js';
import type { DescribeLogDirsRequest, DescribeLogDirsResponseInput } from '../../protocol/api/describe_log_dirs.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { LogManager } from '../../storage/log_manager.js';
import type { PartitionLog } from '../../storage/partition_log.js';
import type { Handler } from '../handler.js';

/** DescribeLogDirs (KIP-113, KIP-827): what lies in which log directory, and how much room there is. */
export function describeLogDirsHandler(deps: {
  readonly logs: LogManager;
  readonly files: FileSystem;
}): Handler<DescribeLogDirsRequest, DescribeLogDirsResponseInput> {
  return async (request) => {
    const wanted = request.topics;
    const isWanted = (log: PartitionLog) =>
      wanted === null ||
      wanted.some(({ topic, partitions }) => topic === log.topic && partitions.includes(log.partition));
    const results = await Promise.all(
      deps.logs.paths.map(async (path) => {
        if (deps.logs.failure(path) !== undefined)
          return { logDir: path, errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topics: [] };
        const { totalBytes, usableBytes } = await deps.files.diskSpace(path);
        const byTopic = new Map<string, PartitionLog[]>();
        for (const log of deps.logs.all()) {
          if (log.directoryPath !== path || !isWanted(log)) continue;
          const logs = byTopic.get(log.topic);
          if (logs === undefined) byTopic.set(log.topic, [log]);
          else logs.push(log);
        }
        const topics = [...byTopic].map(([name, logs]) => ({
          name,
          partitions: logs.map((log) => ({
            partitionIndex: log.partition,
            partitionSize: log.log.sizeBytes,
            offsetLag: 0,
            isFutureKey: false,
          })),
        }));
        return { errorCode: ErrorCode.NONE, logDir: path, topics, totalBytes, usableBytes };
      }),
    );
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, results };
  };
}
