import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, string } from '../schema.js';

/**
 * Deletes what lies below an offset; -1 is the high watermark (KIP-107). OFFSET_OUT_OF_RANGE above it,
 * POLICY_VIOLATION for topics that are only compacted. `lowWatermark` of the answer is the lowest start of all
 * replicas.
 */
export const DeleteRecordsRequest = message({
  name: 'DeleteRecordsRequest',
  key: 21,
  versions: '0-2',
  flexible: '2+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        offset: int64('0+'),
      }),
    }),
    timeoutMs: int32('0+'),
  },
});
export type DeleteRecordsRequest = Infer<typeof DeleteRecordsRequest>;
export type DeleteRecordsRequestInput = InferInput<typeof DeleteRecordsRequest>;

export const DeleteRecordsResponse = message({
  name: 'DeleteRecordsResponse',
  key: 21,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        lowWatermark: int64('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
});
export type DeleteRecordsResponse = Infer<typeof DeleteRecordsResponse>;
export type DeleteRecordsResponseInput = InferInput<typeof DeleteRecordsResponse>;
