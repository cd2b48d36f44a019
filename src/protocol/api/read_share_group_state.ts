import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, int64, string, uuid } from '../schema.js';

/** A leader loads the delivery state of share partitions (KIP-932). FENCED_LEADER_EPOCH for an old leader. */
export const ReadShareGroupStateRequest = message({
  name: 'ReadShareGroupStateRequest',
  key: 84,
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
});
export type ReadShareGroupStateRequest = Infer<typeof ReadShareGroupStateRequest>;
export type ReadShareGroupStateRequestInput = InferInput<typeof ReadShareGroupStateRequest>;

export const ReadShareGroupStateResponse = message({
  name: 'ReadShareGroupStateResponse',
  key: 84,
  versions: '0',
  flexible: '0+',
  fields: {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
        stateBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          // 0 available, 2 acknowledged, 4 archived.
          deliveryState: int8('0+'),
          deliveryCount: int16('0+'),
        }),
      }),
    }),
  },
});
export type ReadShareGroupStateResponse = Infer<typeof ReadShareGroupStateResponse>;
export type ReadShareGroupStateResponseInput = InferInput<typeof ReadShareGroupStateResponse>;
