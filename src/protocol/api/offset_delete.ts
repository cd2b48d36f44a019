import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, string } from '../schema.js';

/** Deletes offsets of a group (KIP-496). GROUP_SUBSCRIBED_TO_TOPIC while a member is subscribed to it. */
export const OffsetDeleteRequest = message({
  name: 'OffsetDeleteRequest',
  key: 47,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
});
export type OffsetDeleteRequest = Infer<typeof OffsetDeleteRequest>;
export type OffsetDeleteRequestInput = InferInput<typeof OffsetDeleteRequest>;

export const OffsetDeleteResponse = message({
  name: 'OffsetDeleteResponse',
  key: 47,
  versions: '0',
  flexible: 'none',
  fields: {
    errorCode: int16('0+'),
    throttleTimeMs: int32('0+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
});
export type OffsetDeleteResponse = Infer<typeof OffsetDeleteResponse>;
export type OffsetDeleteResponseInput = InferInput<typeof OffsetDeleteResponse>;
