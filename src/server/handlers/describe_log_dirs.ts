import type { FileSystem } from '../../common/ports/index.js';
import type { DescribeLogDirsRequest, DescribeLogDirsResponseInput } from '../../protocol/api/describe_log_dirs.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { LogManager } from '../../storage/log_manager.js';
import type { Handler } from '../handler.js';

interface Replica {
  readonly topic: string;
  readonly partitionIndex: number;
  readonly partitionSize: number;
  readonly offsetLag: number;
  readonly isFutureKey: boolean;
}

/**
 * DescribeLogDirs (KIP-113, KIP-827): what lies in which log directory, copies on their way into it too, and how much room there is.
 * A directory that is offline is KAFKA_STORAGE_ERROR and empty.
 */
export function describeLogDirsHandler(deps: {
  readonly logs: LogManager;
  readonly files: FileSystem;
}): Handler<DescribeLogDirsRequest, DescribeLogDirsResponseInput> {
  return async (request) => {
    const wanted = request.topics;
    const isWanted = ({ topic, partitionIndex }: Replica) =>
      wanted === null || wanted.some((one) => one.topic === topic && one.partitions.includes(partitionIndex));
    const results = await Promise.all(
      deps.logs.paths.map(async (logDir) => {
        const offline = { logDir, errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topics: [] };
        if (deps.logs.failure(logDir) !== undefined) return offline;
        const room = await deps.files.diskSpace(logDir).catch(() => undefined);
        // Failed meanwhile, or is gone without a trace in what was read and written since.
        if (room === undefined || deps.logs.failure(logDir) !== undefined) return offline;
        return {
          errorCode: ErrorCode.NONE,
          logDir,
          topics: byTopic([...replicasIn(deps.logs, logDir)].filter(isWanted)),
          ...room,
        };
      }),
    );
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, results };
  };
}

function* replicasIn(logs: LogManager, path: string): IterableIterator<Replica> {
  for (const { topic, partition, directoryPath, log } of logs.all())
    if (directoryPath === path)
      yield { topic, partitionIndex: partition, partitionSize: log.sizeBytes, offsetLag: 0, isFutureKey: false };
  for (const future of logs.moves.futureLogs())
    if (future.path === path)
      yield {
        topic: future.topic,
        partitionIndex: future.partition,
        partitionSize: future.sizeBytes,
        offsetLag: future.offsetLag,
        isFutureKey: true,
      };
}

function byTopic(replicas: readonly Replica[]) {
  const topics = new Map<string, Array<Omit<Replica, 'topic'>>>();
  for (const { topic, ...partition } of replicas) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }));
}
