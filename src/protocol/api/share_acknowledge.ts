import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, int64, string, struct, uuid } from '../schema.js';

/**
 * Acknowledges without fetching, for instance at the end (KIP-932). INVALID_RECORD_STATE for records that are not
 * locked for the member.
 */
export const ShareAcknowledgeRequest = message({
  name: 'ShareAcknowledgeRequest',
  key: 79,
  versions: '1-2',
  flexible: '0+',
  fields: {
    groupId: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+', { nullable: '0+' }),
    shareSessionEpoch: int32('0+'),
    isRenewAck: bool('2+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        acknowledgementBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          // One for the whole batch or one for each record: 0 gap, 1 accept, 2 release, 3 reject, 4 renew.
          acknowledgeTypes: arrayOf('0+', 'int8'),
        }),
      }),
    }),
  },
});
export type ShareAcknowledgeRequest = Infer<typeof ShareAcknowledgeRequest>;
export type ShareAcknowledgeRequestInput = InferInput<typeof ShareAcknowledgeRequest>;

export const ShareAcknowledgeResponse = message({
  name: 'ShareAcknowledgeResponse',
  key: 79,
  versions: '1-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32('2+', { ignorable: true }),
    responses: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        currentLeader: struct('0+', {
          leaderId: int32('0+'),
          leaderEpoch: int32('0+'),
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
export type ShareAcknowledgeResponse = Infer<typeof ShareAcknowledgeResponse>;
export type ShareAcknowledgeResponseInput = InferInput<typeof ShareAcknowledgeResponse>;
