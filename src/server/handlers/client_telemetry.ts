import type {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponseInput,
} from '../../protocol/api/get_telemetry_subscriptions.js';
import type { PushTelemetryRequest, PushTelemetryResponseInput } from '../../protocol/api/push_telemetry.js';
import type { ClientMetricsManager } from '../client_metrics/client_metrics_manager.js';
import type { Handler } from '../handler.js';

interface Deps {
  readonly clientMetrics: ClientMetricsManager;
}

/** GetTelemetrySubscriptions (KIP-714). THROTTLING_QUOTA_EXCEEDED before its time. */
export function getTelemetrySubscriptionsHandler(
  deps: Deps,
): Handler<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponseInput> {
  return (request, context) => deps.clientMetrics.subscribe(request, context);
}

/**
 * PushTelemetry (KIP-714). UNKNOWN_SUBSCRIPTION_ID and UNSUPPORTED_COMPRESSION_TYPE send the client to ask again, TELEMETRY_TOO_LARGE and
 * THROTTLING_QUOTA_EXCEEDED make it wait, INVALID_REQUEST (after its last push) and INVALID_RECORD end it.
 */
export function pushTelemetryHandler(deps: Deps): Handler<PushTelemetryRequest, PushTelemetryResponseInput> {
  return (request, context) => ({ errorCode: deps.clientMetrics.push(request, context) });
}
