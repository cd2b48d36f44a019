import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int8, int16, int32, string } from '../schema.js';

/** Changes single configs (KIP-339). INVALID_CONFIG for a bad value, INVALID_REQUEST when a config comes twice. */
export const IncrementalAlterConfigsRequest = message({
  name: 'IncrementalAlterConfigsRequest',
  key: 44,
  versions: '0-1',
  flexible: '1+',
  fields: {
    resources: array('0+', {
      // 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        // 0 set, 1 delete, 2 append to a list, 3 subtract from a list.
        configOperation: int8('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    validateOnly: bool('0+'),
  },
});
export type IncrementalAlterConfigsRequest = Infer<typeof IncrementalAlterConfigsRequest>;
export type IncrementalAlterConfigsRequestInput = InferInput<typeof IncrementalAlterConfigsRequest>;

export const IncrementalAlterConfigsResponse = message({
  name: 'IncrementalAlterConfigsResponse',
  key: 44,
  versions: '0-1',
  flexible: '1+',
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
export type IncrementalAlterConfigsResponse = Infer<typeof IncrementalAlterConfigsResponse>;
export type IncrementalAlterConfigsResponseInput = InferInput<typeof IncrementalAlterConfigsResponse>;
