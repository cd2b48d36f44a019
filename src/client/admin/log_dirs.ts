import type { TopicPartition } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface LogDirPartition {
  readonly topic: string;
  readonly partition: number;
  readonly sizeBytes: number;
  readonly offsetLag: number;
  /** A copy on its way into the directory. */
  readonly isFuture: boolean;
}

export interface LogDir extends Outcome {
  readonly brokerId: number;
  readonly path: string;
  /** -1 from brokers before 3.3. */
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly partitions: readonly LogDirPartition[];
}

/** @param brokerIds undefined: every broker */
export function describeLogDirs(cluster: ClusterClient, brokerIds?: readonly number[]): Promise<readonly LogDir[]> {
  return cluster.retry('describing log directories', async () => {
    await cluster.refreshMetadata([]);
    const lists = await Promise.all(
      (brokerIds ?? [...cluster.metadata.brokers.keys()]).map(async (brokerId) => {
        const { response } = await cluster.sendTo(brokerId, calls.describeLogDirs, { topics: null });
        throwIfError(response.errorCode, `log directories of broker ${brokerId}`);
        return response.results.map((dir) => ({
          name: dir.logDir,
          brokerId,
          path: dir.logDir,
          totalBytes: dir.totalBytes,
          usableBytes: dir.usableBytes,
          error: protocolErrorOf(dir.errorCode, `log directory ${dir.logDir} of broker ${brokerId}`),
          partitions: dir.topics.flatMap((topic) =>
            topic.partitions.map((one) => ({
              topic: topic.name,
              partition: one.partitionIndex,
              sizeBytes: one.partitionSize,
              offsetLag: one.offsetLag,
              isFuture: one.isFutureKey,
            })),
          ),
        }));
      }),
    );
    return lists.flat();
  });
}

export interface ReplicaMove extends TopicPartition {
  /** The log directory it is to be in, as DescribeLogDirs names it. */
  readonly path: string;
}

/**
 * Begins to move partitions of one broker to other log directories (AlterReplicaLogDirs, KIP-113); {@link describeLogDirs} shows how
 * far they are.
 */
export function alterReplicaLogDirs(
  cluster: ClusterClient,
  brokerId: number,
  moves: readonly ReplicaMove[],
): Promise<ReadonlyArray<Outcome & ReplicaMove>> {
  return cluster.retry('moving replicas', async () => {
    await cluster.refreshMetadata([]);
    const paths = [...new Set(moves.map(({ path }) => path))];
    const dirs = paths.map((path) => {
      const topics = new Map<string, number[]>();
      for (const { topic, partition } of moves.filter((move) => move.path === path))
        topics.set(topic, [...(topics.get(topic) ?? []), partition]);
      return { path, topics: [...topics].map(([name, partitions]) => ({ name, partitions })) };
    });
    const { response } = await cluster.sendTo(brokerId, calls.alterReplicaLogDirs, { dirs });
    const codes = new Map<string, number>(
      response.results.flatMap(({ topicName, partitions }) =>
        partitions.map(({ partitionIndex, errorCode }) => [`${topicName}-${partitionIndex}`, errorCode] as const),
      ),
    );
    return moves.map((move) => {
      const name = `${move.topic}-${move.partition}`;
      return {
        ...move,
        name,
        error: protocolErrorOf(codes.get(name) ?? ErrorCode.UNKNOWN_SERVER_ERROR, `${name} to ${move.path}`),
      };
    });
  });
}
