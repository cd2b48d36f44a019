import type { MetadataCache } from '../../metadata/image.js';
import type { DescribeClusterRequest, DescribeClusterResponseInput } from '../../protocol/api/describe_cluster.js';
import { ErrorCode } from '../../protocol/errors.js';
import { clusterOperations, operationsNotAsked } from '../authorized_operations.js';
import type { Handler } from '../handler.js';

const brokersEndpoint = 1;
const controllersEndpoint = 2;

/** DescribeCluster (KIP-700, KIP-919): brokers with their address on the listener that was asked. */
export function describeClusterHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<DescribeClusterRequest, DescribeClusterResponseInput> {
  return (request, context) => {
    if (request.endpointType !== brokersEndpoint) {
      const mismatch = request.endpointType === controllersEndpoint;
      return {
        errorCode: mismatch ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: mismatch
          ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
          : `Unsupported endpoint type ${request.endpointType}`,
        clusterId: '',
        brokers: [],
      };
    }
    const image = deps.metadata.current();
    const brokers = [...image.brokers.values()].flatMap(({ id, rack, endpoints, fenced }) => {
      const endpoint = endpoints.get(context.listenerName);
      if (endpoint === undefined || (fenced && !request.includeFencedBrokers)) return [];
      return [
        { brokerId: id, host: endpoint.host, port: endpoint.port, rack, isFenced: context.apiVersion >= 2 && fenced },
      ];
    });
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      endpointType: brokersEndpoint,
      clusterId: image.clusterId,
      controllerId: image.controllerId,
      brokers,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : operationsNotAsked,
    };
  };
}
