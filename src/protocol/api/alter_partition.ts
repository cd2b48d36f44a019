import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, int64, uuid } from '../schema.js';

/**
 * A leader proposes a new ISR (KIP-497). The controller refuses it with INVALID_UPDATE_VERSION when `partitionEpoch`
 * is not its own, with FENCED_LEADER_EPOCH for an old leader, and with INELIGIBLE_REPLICA when a new member is fenced
 * or shutting down. Broker epochs (version 3) keep a restarted replica out that may have lost data (KIP-903).
 */
export const AlterPartitionRequest = message({
  name: 'AlterPartitionRequest',
  key: 56,
  versions: '2-3',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    topics: array('0+', {
      topicId: uuid('2+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        leaderEpoch: int32('0+'),
        newIsr: arrayOf('0-2', 'int32'),
        newIsrWithEpochs: array('3+', {
          brokerId: int32('3+'),
          brokerEpoch: int64('3+', { default: -1 }),
        }),
        // 1: was elected unclean and is not done recovering.
        leaderRecoveryState: int8('1+'),
        partitionEpoch: int32('0+'),
      }),
    }),
  },
});
export type AlterPartitionRequest = Infer<typeof AlterPartitionRequest>;
export type AlterPartitionRequestInput = InferInput<typeof AlterPartitionRequest>;

export const AlterPartitionResponse = message({
  name: 'AlterPartitionResponse',
  key: 56,
  versions: '2-3',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    topics: array('0+', {
      topicId: uuid('2+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        isr: arrayOf('0+', 'int32'),
        leaderRecoveryState: int8('1+', { ignorable: true }),
        partitionEpoch: int32('0+'),
      }),
    }),
  },
});
export type AlterPartitionResponse = Infer<typeof AlterPartitionResponse>;
export type AlterPartitionResponseInput = InferInput<typeof AlterPartitionResponse>;
