import { type Infer, type InferInput, message } from '../message.js';

export const UpdateMetadataRequest = message({
  name: 'UpdateMetadataRequest',
  key: 6,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type UpdateMetadataRequest = Infer<typeof UpdateMetadataRequest>;
export type UpdateMetadataRequestInput = InferInput<typeof UpdateMetadataRequest>;

export const UpdateMetadataResponse = message({
  name: 'UpdateMetadataResponse',
  key: 6,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type UpdateMetadataResponse = Infer<typeof UpdateMetadataResponse>;
export type UpdateMetadataResponseInput = InferInput<typeof UpdateMetadataResponse>;
