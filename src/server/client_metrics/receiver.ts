import type { Uuid } from '../../common/ids.js';
import type { ClientAttributes } from './subscriptions.js';

/** What a client sent of itself. */
export interface ClientPush {
  readonly clientInstanceId: Uuid;
  readonly attributes: ClientAttributes;
  /** An ExportMetricsServiceRequest of OTLP, not compressed. */
  readonly data: Uint8Array;
}

/** Takes what clients push; in Kafka a class given by `metric.reporters`. */
export interface TelemetryReceiver {
  /** Must not take long. @throws OtlpError when the data cannot be read */
  receive(push: ClientPush): void;
  /** The client is gone, or silent for so long that what it said is out of date. */
  forget(clientInstanceId: Uuid): void;
  close(): void;
}
