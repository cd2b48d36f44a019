import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, int64, records, string, struct, uuid } from '../schema.js';

/**
 * Takes records for a member of a share group and acknowledges earlier ones (KIP-932). `shareSessionEpoch` 0 opens a
 * session, -1 closes it.
 */
export const ShareFetchRequest = message({
  name: 'ShareFetchRequest',
  key: 78,
  versions: '1-2',
  flexible: '0+',
  fields: {
    groupId: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+', { nullable: '0+' }),
    shareSessionEpoch: int32('0+'),
    maxWaitMs: int32('0+'),
    minBytes: int32('0+'),
    maxBytes: int32('0+', { default: 2147483647 }),
    maxRecords: int32('1+'),
    batchSize: int32('1+'),
    shareAcquireMode: int8('2+', { ignorable: true }),
    isRenewAck: bool('2+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        partitionMaxBytes: int32('0'),
        acknowledgementBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          // One for the whole batch or one for each record: 0 gap, 1 accept, 2 release, 3 reject, 4 renew.
          acknowledgeTypes: arrayOf('0+', 'int8'),
        }),
      }),
    }),
    forgottenTopicsData: array('0+', {
      topicId: uuid('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
  },
});
export type ShareFetchRequest = Infer<typeof ShareFetchRequest>;
export type ShareFetchRequestInput = InferInput<typeof ShareFetchRequest>;

/** `acquiredRecords` are for this member alone until the lock runs out; what else lies in `records` is not for it. */
export const ShareFetchResponse = message({
  name: 'ShareFetchResponse',
  key: 78,
  versions: '1-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32('1+'),
    responses: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        acknowledgeErrorCode: int16('0+'),
        acknowledgeErrorMessage: string('0+', { nullable: '0+', default: null }),
        currentLeader: struct('0+', {
          leaderId: int32('0+'),
          leaderEpoch: int32('0+'),
        }),
        records: records('0+', { nullable: '0' }),
        acquiredRecords: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          deliveryCount: int16('0+'),
        }),
      }),
    }),
    nodeEndpoints: array('0+', {
      nodeId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+', { nullable: '0+', default: null }),
    }),
  },
});
export type ShareFetchResponse = Infer<typeof ShareFetchResponse>;
export type ShareFetchResponseInput = InferInput<typeof ShareFetchResponse>;
