import { type Infer, type InferInput, message } from '../message.js';
import { bool, bytes, int8, int16, int32, uuid } from '../schema.js';

export const PushTelemetryRequest = message({
  name: 'PushTelemetryRequest',
  key: 72,
  versions: '0',
  flexible: '0+',
  fields: {
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    terminating: bool('0+'),
    compressionType: int8('0+'),
    metrics: bytes('0+'),
  },
});
export type PushTelemetryRequest = Infer<typeof PushTelemetryRequest>;
export type PushTelemetryRequestInput = InferInput<typeof PushTelemetryRequest>;

export const PushTelemetryResponse = message({
  name: 'PushTelemetryResponse',
  key: 72,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
  },
});
export type PushTelemetryResponse = Infer<typeof PushTelemetryResponse>;
export type PushTelemetryResponseInput = InferInput<typeof PushTelemetryResponse>;
