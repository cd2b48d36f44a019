import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int8, int16, int32, string } from '../schema.js';

/**
 * Elects the preferred leader, or any replica that is alive at the price of data (KIP-460); null: every partition.
 * ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE.
 */
export const ElectLeadersRequest = message({
  name: 'ElectLeadersRequest',
  key: 43,
  versions: '0-2',
  flexible: '2+',
  fields: {
    // 0 preferred, 1 unclean.
    electionType: int8('1+'),
    topicPartitions: array(
      '0+',
      {
        topic: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32('0+', { default: 60000 }),
  },
});
export type ElectLeadersRequest = Infer<typeof ElectLeadersRequest>;
export type ElectLeadersRequestInput = InferInput<typeof ElectLeadersRequest>;

export const ElectLeadersResponse = message({
  name: 'ElectLeadersResponse',
  key: 43,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('1+'),
    replicaElectionResults: array('0+', {
      topic: string('0+'),
      partitionResult: array('0+', {
        partitionId: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
});
export type ElectLeadersResponse = Infer<typeof ElectLeadersResponse>;
export type ElectLeadersResponseInput = InferInput<typeof ElectLeadersResponse>;
