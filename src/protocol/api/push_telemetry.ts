import { type Infer, type InferInput, message } from '../message.js';
import { bool, bytes, int8, int16, int32, uuid } from '../schema.js';

/**
 * Metrics of a client in OTLP (KIP-714). TELEMETRY_TOO_LARGE, UNKNOWN_SUBSCRIPTION_ID, THROTTLING_QUOTA_EXCEEDED when
 * it comes too soon.
 */
export const PushTelemetryRequest = message({
  name: 'PushTelemetryRequest',
  key: 72,
  versions: '0',
  flexible: '0+',
  fields: {
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    terminating: bool('0+'),
    // 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
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
