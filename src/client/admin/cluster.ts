import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError, UnsupportedVersionError } from '../errors.js';
import type { BrokerNode } from '../metadata.js';

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
