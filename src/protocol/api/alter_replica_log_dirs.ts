import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, string } from '../schema.js';

/** Moves replicas between the log directories of this broker (KIP-113). */
export const AlterReplicaLogDirsRequest = message({
  name: 'AlterReplicaLogDirsRequest',
  key: 34,
  versions: '1-2',
  flexible: '2+',
  fields: {
    dirs: array('0+', {
      path: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      }),
    }),
  },
});
export type AlterReplicaLogDirsRequest = Infer<typeof AlterReplicaLogDirsRequest>;
export type AlterReplicaLogDirsRequestInput = InferInput<typeof AlterReplicaLogDirsRequest>;

export const AlterReplicaLogDirsResponse = message({
  name: 'AlterReplicaLogDirsResponse',
  key: 34,
  versions: '1-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
});
export type AlterReplicaLogDirsResponse = Infer<typeof AlterReplicaLogDirsResponse>;
export type AlterReplicaLogDirsResponseInput = InferInput<typeof AlterReplicaLogDirsResponse>;
