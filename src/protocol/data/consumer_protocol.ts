import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bytes, int32, string } from '../schema.js';

/** What the leader of a classic consumer group assigns to a member. */
export const ConsumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  key: -1,
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: array('0+', {
      topic: string('0+'),
      partitions: arrayOf('0+', 'int32'),
    }),
    userData: bytes('0+', { nullable: '0+', default: null }),
  },
});
export type ConsumerProtocolAssignment = Infer<typeof ConsumerProtocolAssignment>;
export type ConsumerProtocolAssignmentInput = InferInput<typeof ConsumerProtocolAssignment>;

/**
 * What a classic consumer sends in JoinGroup. Each version adds: owned partitions (KIP-429), their generation
 * (KIP-792), the rack (KIP-881).
 */
export const ConsumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  key: -1,
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: arrayOf('0+', 'string'),
    userData: bytes('0+', { nullable: '0+', default: null }),
    ownedPartitions: array(
      '1+',
      {
        topic: string('1+'),
        partitions: arrayOf('1+', 'int32'),
      },
      { ignorable: true },
    ),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  },
});
export type ConsumerProtocolSubscription = Infer<typeof ConsumerProtocolSubscription>;
export type ConsumerProtocolSubscriptionInput = InferInput<typeof ConsumerProtocolSubscription>;
