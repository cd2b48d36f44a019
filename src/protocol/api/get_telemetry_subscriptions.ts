import { type Infer, type InferInput, message } from '../message.js';
import { arrayOf, bool, int16, int32, uuid } from '../schema.js';

/** What metrics the broker wants to have from this client (KIP-714). A zero id asks for one. */
export const GetTelemetrySubscriptionsRequest = message({
  name: 'GetTelemetrySubscriptionsRequest',
  key: 71,
  versions: '0',
  flexible: '0+',
  fields: {
    clientInstanceId: uuid('0+'),
  },
});
export type GetTelemetrySubscriptionsRequest = Infer<typeof GetTelemetrySubscriptionsRequest>;
export type GetTelemetrySubscriptionsRequestInput = InferInput<typeof GetTelemetrySubscriptionsRequest>;

export const GetTelemetrySubscriptionsResponse = message({
  name: 'GetTelemetrySubscriptionsResponse',
  key: 71,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    acceptedCompressionTypes: arrayOf('0+', 'int8'),
    pushIntervalMs: int32('0+'),
    telemetryMaxBytes: int32('0+'),
    deltaTemporality: bool('0+'),
    requestedMetrics: arrayOf('0+', 'string'),
  },
});
export type GetTelemetrySubscriptionsResponse = Infer<typeof GetTelemetrySubscriptionsResponse>;
export type GetTelemetrySubscriptionsResponseInput = InferInput<typeof GetTelemetrySubscriptionsResponse>;
