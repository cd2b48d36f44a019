import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, string, uuid } from '../schema.js';

/**
 * Creates topics. -1 partitions or replicas: the broker's default (KIP-464); with `assignments` both must be -1.
 * TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR,
 * INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, POLICY_VIOLATION; INVALID_REQUEST when a name comes twice.
 */
export const CreateTopicsRequest = message({
  name: 'CreateTopicsRequest',
  key: 19,
  versions: '2-7',
  flexible: '5+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      numPartitions: int32('0+'),
      replicationFactor: int16('0+'),
      assignments: array('0+', {
        partitionIndex: int32('0+'),
        brokerIds: arrayOf('0+', 'int32'),
      }),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    timeoutMs: int32('0+', { default: 60000 }),
    validateOnly: bool('1+'),
  },
});
export type CreateTopicsRequest = Infer<typeof CreateTopicsRequest>;
export type CreateTopicsRequestInput = InferInput<typeof CreateTopicsRequest>;

/** From 5 on it shows what the topic became (KIP-525), or why the configs may not be shown; from 7 on its id. */
export const CreateTopicsResponse = message({
  name: 'CreateTopicsResponse',
  key: 19,
  versions: '2-7',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      topicId: uuid('7+', { ignorable: true }),
      errorCode: int16('0+'),
      errorMessage: string('1+', { nullable: '0+', ignorable: true }),
      // TOPIC_AUTHORIZATION_FAILED when the caller may not see the configs.
      topicConfigErrorCode: int16('5+', { tagged: '5+', tag: 0, ignorable: true }),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string('5+'),
          value: string('5+', { nullable: '5+' }),
          readOnly: bool('5+'),
          // 1 topic, 2 broker (dynamic), 3 all brokers (dynamic), 4 broker (static), 5 default, 6 logger, 7 client
          // metrics, 8 group.
          configSource: int8('5+', { default: -1, ignorable: true }),
          isSensitive: bool('5+'),
        },
        { nullable: '5+', ignorable: true },
      ),
    }),
  },
});
export type CreateTopicsResponse = Infer<typeof CreateTopicsResponse>;
export type CreateTopicsResponseInput = InferInput<typeof CreateTopicsResponse>;
