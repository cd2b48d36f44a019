import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int8, int16, int32, string } from '../schema.js';

/**
 * Nodes without topics (KIP-700). MISMATCHED_ENDPOINT_TYPE and UNSUPPORTED_ENDPOINT_TYPE when the wrong kind of node
 * is asked.
 */
export const DescribeClusterRequest = message({
  name: 'DescribeClusterRequest',
  key: 60,
  versions: '0-2',
  flexible: '0+',
  fields: {
    includeClusterAuthorizedOperations: bool('0+'),
    // 1 brokers, 2 controllers (KIP-919).
    endpointType: int8('1+', { default: 1 }),
    // KIP-1073.
    includeFencedBrokers: bool('2+'),
  },
});
export type DescribeClusterRequest = Infer<typeof DescribeClusterRequest>;
export type DescribeClusterRequestInput = InferInput<typeof DescribeClusterRequest>;

export const DescribeClusterResponse = message({
  name: 'DescribeClusterResponse',
  key: 60,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    endpointType: int8('1+', { default: 1 }),
    clusterId: string('0+'),
    controllerId: int32('0+', { default: -1 }),
    brokers: array('0+', {
      brokerId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+', { nullable: '0+', default: null }),
      isFenced: bool('2+'),
    }),
    clusterAuthorizedOperations: int32('0+', { default: -2147483648 }),
  },
});
export type DescribeClusterResponse = Infer<typeof DescribeClusterResponse>;
export type DescribeClusterResponseInput = InferInput<typeof DescribeClusterResponse>;
