import { type Infer, type InferInput, message } from '../message.js';

export const StopReplicaRequest = message({
  name: 'StopReplicaRequest',
  key: 5,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type StopReplicaRequest = Infer<typeof StopReplicaRequest>;
export type StopReplicaRequestInput = InferInput<typeof StopReplicaRequest>;

export const StopReplicaResponse = message({
  name: 'StopReplicaResponse',
  key: 5,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type StopReplicaResponse = Infer<typeof StopReplicaResponse>;
export type StopReplicaResponseInput = InferInput<typeof StopReplicaResponse>;
