import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, string, uuid } from '../schema.js';

/** What the cluster looks like. `topics` null: all of them (an empty list means that in version 0). */
export const MetadataRequest = message({
  name: 'MetadataRequest',
  key: 3,
  versions: '0-13',
  flexible: '9+',
  fields: {
    topics: array(
      '0+',
      {
        topicId: uuid('10+', { ignorable: true }),
        name: string('0+', { nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool('4+', { default: true }),
    includeClusterAuthorizedOperations: bool('8-10'),
    includeTopicAuthorizedOperations: bool('8+'),
  },
});
export type MetadataRequest = Infer<typeof MetadataRequest>;
export type MetadataRequestInput = InferInput<typeof MetadataRequest>;

/**
 * Listener addresses are those of the listener the request came in on. From 13 on REBOOTSTRAP_REQUIRED sends a client
 * back to its bootstrap servers (KIP-1102).
 */
export const MetadataResponse = message({
  name: 'MetadataResponse',
  key: 3,
  versions: '0-13',
  flexible: '9+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    brokers: array('0+', {
      nodeId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('1+', { nullable: '1+', default: null, ignorable: true }),
    }),
    clusterId: string('2+', { nullable: '2+', default: null, ignorable: true }),
    controllerId: int32('1+', { default: -1, ignorable: true }),
    topics: array('0+', {
      errorCode: int16('0+'),
      name: string('0+', { nullable: '12+' }),
      topicId: uuid('10+', { ignorable: true }),
      isInternal: bool('1+', { ignorable: true }),
      partitions: array('0+', {
        errorCode: int16('0+'),
        partitionIndex: int32('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('7+', { default: -1, ignorable: true }),
        replicaNodes: arrayOf('0+', 'int32'),
        isrNodes: arrayOf('0+', 'int32'),
        offlineReplicas: arrayOf('5+', 'int32', { ignorable: true }),
      }),
      // One bit for each operation; the smallest int when it was not asked for (KIP-430).
      topicAuthorizedOperations: int32('8+', { default: -2147483648 }),
    }),
    clusterAuthorizedOperations: int32('8-10', { default: -2147483648 }),
    errorCode: int16('13+', { ignorable: true }),
  },
});
export type MetadataResponse = Infer<typeof MetadataResponse>;
export type MetadataResponseInput = InferInput<typeof MetadataResponse>;
