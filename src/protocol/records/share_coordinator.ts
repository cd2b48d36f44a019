import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, int64, string, uuid } from '../schema.js';

/** Whole delivery state of a share partition. */
export const ShareSnapshotKey = message({
  name: 'ShareSnapshotKey',
  key: 0,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    topicId: uuid('0'),
    partition: int32('0'),
  },
});
export type ShareSnapshotKey = Infer<typeof ShareSnapshotKey>;
export type ShareSnapshotKeyInput = InferInput<typeof ShareSnapshotKey>;

/** `snapshotEpoch` grows with each snapshot; updates carry that of the snapshot they belong to. */
export const ShareSnapshotValue = message({
  name: 'ShareSnapshotValue',
  key: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32('0+'),
    stateEpoch: int32('0+'),
    leaderEpoch: int32('0+'),
    startOffset: int64('0+'),
    deliveryCompleteCount: int32('0+', { tagged: '0+', tag: 0, default: -1 }),
    createTimestamp: int64('0+'),
    writeTimestamp: int64('0+'),
    stateBatches: array('0+', {
      firstOffset: int64('0+'),
      lastOffset: int64('0+'),
      // 0 available, 2 acknowledged, 4 archived.
      deliveryState: int8('0+'),
      deliveryCount: int16('0+'),
    }),
  },
});
export type ShareSnapshotValue = Infer<typeof ShareSnapshotValue>;
export type ShareSnapshotValueInput = InferInput<typeof ShareSnapshotValue>;

/** Changes of the delivery state since the last snapshot. */
export const ShareUpdateKey = message({
  name: 'ShareUpdateKey',
  key: 1,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0'),
    topicId: uuid('0'),
    partition: int32('0'),
  },
});
export type ShareUpdateKey = Infer<typeof ShareUpdateKey>;
export type ShareUpdateKeyInput = InferInput<typeof ShareUpdateKey>;

export const ShareUpdateValue = message({
  name: 'ShareUpdateValue',
  key: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32('0+'),
    leaderEpoch: int32('0+'),
    startOffset: int64('0+'),
    deliveryCompleteCount: int32('0+', { tagged: '0+', tag: 0, default: -1 }),
    stateBatches: array('0+', {
      firstOffset: int64('0+'),
      lastOffset: int64('0+'),
      // 0 available, 2 acknowledged, 4 archived.
      deliveryState: int8('0+'),
      deliveryCount: int16('0+'),
    }),
  },
});
export type ShareUpdateValue = Infer<typeof ShareUpdateValue>;
export type ShareUpdateValueInput = InferInput<typeof ShareUpdateValue>;
