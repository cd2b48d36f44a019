import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, string } from '../schema.js';

/**
 * Names of resources that have configs; version 0 knows client metrics only (KIP-1000, KIP-1142). No types: all of
 * them.
 */
export const ListConfigResourcesRequest = message({
  name: 'ListConfigResourcesRequest',
  key: 74,
  versions: '0-1',
  flexible: '0+',
  fields: {
    // 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    resourceTypes: arrayOf('1+', 'int8'),
  },
});
export type ListConfigResourcesRequest = Infer<typeof ListConfigResourcesRequest>;
export type ListConfigResourcesRequestInput = InferInput<typeof ListConfigResourcesRequest>;

export const ListConfigResourcesResponse = message({
  name: 'ListConfigResourcesResponse',
  key: 74,
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    configResources: array('0+', {
      resourceName: string('0+'),
      resourceType: int8('1+', { default: 16, ignorable: true }),
    }),
  },
});
export type ListConfigResourcesResponse = Infer<typeof ListConfigResourcesResponse>;
export type ListConfigResourcesResponseInput = InferInput<typeof ListConfigResourcesResponse>;
