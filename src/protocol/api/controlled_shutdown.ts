import { type Infer, type InferInput, message } from '../message.js';

export const ControlledShutdownRequest = message({
  name: 'ControlledShutdownRequest',
  key: 7,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type ControlledShutdownRequest = Infer<typeof ControlledShutdownRequest>;
export type ControlledShutdownRequestInput = InferInput<typeof ControlledShutdownRequest>;

export const ControlledShutdownResponse = message({
  name: 'ControlledShutdownResponse',
  key: 7,
  versions: 'none',
  flexible: 'none',
  fields: {},
});
export type ControlledShutdownResponse = Infer<typeof ControlledShutdownResponse>;
export type ControlledShutdownResponseInput = InferInput<typeof ControlledShutdownResponse>;
