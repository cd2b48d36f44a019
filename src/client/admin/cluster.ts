import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError, UnsupportedVersionError } from '../errors.js';
import type { BrokerNode } from '../metadata.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface ClusterDescription {
  readonly clusterId: string | null;
  /** -1: none, or not told. */
  readonly controllerId: number;
  readonly brokers: readonly BrokerNode[];
}

export function describeCluster(cluster: ClusterClient): Promise<ClusterDescription> {
  return cluster.retry('describing the cluster', async () => {
    const connection = await cluster.anyConnection();
    try {
      const { response } = await connection.send(calls.describeCluster, {});
      throwIfError(response.errorCode, 'cluster', response.errorMessage);
      const { clusterId, controllerId, brokers } = response;
      return {
        clusterId,
        controllerId,
        brokers: brokers.map(({ brokerId, host, port, rack }) => ({ nodeId: brokerId, host, port, rack })),
      };
    } catch (error) {
      if (!(error instanceof UnsupportedVersionError)) throw error;
    }
    // Brokers before 2.8 tell the same in Metadata.
    await cluster.refreshMetadata([]);
    const { clusterId, controllerId, brokers } = cluster.metadata;
    return { clusterId, controllerId, brokers: [...brokers.values()] };
  });
}

export interface LogDirPartition {
  readonly topic: string;
  readonly partition: number;
  readonly sizeBytes: number;
  readonly offsetLag: number;
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
            })),
          ),
        }));
      }),
    );
    return lists.flat();
  });
}
