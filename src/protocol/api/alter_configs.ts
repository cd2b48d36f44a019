import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int8, int16, int32, string } from '../schema.js';

/**
 * Replaces all configs of a resource: what is not in the list falls back to its default. IncrementalAlterConfigs is
 * the one to use.
 */
export const AlterConfigsRequest = message({
  name: 'AlterConfigsRequest',
  key: 33,
  versions: '0-2',
  flexible: '2+',
  fields: {
    resources: array('0+', {
      // 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    validateOnly: bool('0+'),
  },
});
export type AlterConfigsRequest = Infer<typeof AlterConfigsRequest>;
export type AlterConfigsRequestInput = InferInput<typeof AlterConfigsRequest>;

export const AlterConfigsResponse = message({
  name: 'AlterConfigsResponse',
  key: 33,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    responses: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8('0+'),
      resourceName: string('0+'),
    }),
  },
});
export type AlterConfigsResponse = Infer<typeof AlterConfigsResponse>;
export type AlterConfigsResponseInput = InferInput<typeof AlterConfigsResponse>;
