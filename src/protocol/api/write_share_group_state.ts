import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, int64, string, uuid } from '../schema.js';

/** A leader stores changes of the delivery state (KIP-932). FENCED_STATE_EPOCH when the state was reset meanwhile. */
export const WriteShareGroupStateRequest = message({
  name: 'WriteShareGroupStateRequest',
  key: 85,
  versions: '0-1',
  flexible: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        stateEpoch: int32('0+'),
        leaderEpoch: int32('0+'),
        // -1: unchanged.
        startOffset: int64('0+'),
        deliveryCompleteCount: int32('1+', { default: -1, ignorable: true }),
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
export type WriteShareGroupStateRequest = Infer<typeof WriteShareGroupStateRequest>;
export type WriteShareGroupStateRequestInput = InferInput<typeof WriteShareGroupStateRequest>;

export const WriteShareGroupStateResponse = message({
  name: 'WriteShareGroupStateResponse',
  key: 85,
  versions: '0-1',
  flexible: '0+',
  fields: {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
      }),
    }),
  },
});
export type WriteShareGroupStateResponse = Infer<typeof WriteShareGroupStateResponse>;
export type WriteShareGroupStateResponseInput = InferInput<typeof WriteShareGroupStateResponse>;
