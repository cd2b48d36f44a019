import { type Infer, type InferInput, message } from '../message.js';

export const LeaderAndIsrRequest = message({
  name: 'LeaderAndIsrRequest',
  key: 4,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type LeaderAndIsrRequest = Infer<typeof LeaderAndIsrRequest>;
export type LeaderAndIsrRequestInput = InferInput<typeof LeaderAndIsrRequest>;

export const LeaderAndIsrResponse = message({
  name: 'LeaderAndIsrResponse',
  key: 4,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type LeaderAndIsrResponse = Infer<typeof LeaderAndIsrResponse>;
export type LeaderAndIsrResponseInput = InferInput<typeof LeaderAndIsrResponse>;
