import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, uuid } from '../schema.js';

/** A broker tells the controller in which log directory each replica lies (KIP-858). */
export const AssignReplicasToDirsRequest = message({
  name: 'AssignReplicasToDirsRequest',
  key: 73,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    directories: array('0+', {
      id: uuid('0+'),
      topics: array('0+', {
        topicId: uuid('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
        }),
      }),
    }),
  },
});
export type AssignReplicasToDirsRequest = Infer<typeof AssignReplicasToDirsRequest>;
export type AssignReplicasToDirsRequestInput = InferInput<typeof AssignReplicasToDirsRequest>;

export const AssignReplicasToDirsResponse = message({
  name: 'AssignReplicasToDirsResponse',
  key: 73,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    directories: array('0+', {
      id: uuid('0+'),
      topics: array('0+', {
        topicId: uuid('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
});
export type AssignReplicasToDirsResponse = Infer<typeof AssignReplicasToDirsResponse>;
export type AssignReplicasToDirsResponseInput = InferInput<typeof AssignReplicasToDirsResponse>;
