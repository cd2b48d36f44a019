import type { Clock, HttpSender, Random, Timers } from '../../common/ports/index.js';
import type { BrokerConfig } from '../../config/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import { jmxName, type Metrics } from '../../telemetry/index.js';
import type { Logger } from '../../telemetry/logger.js';
import { ClientMetricsManager } from './client_metrics_manager.js';
import { ClientSeries } from './client_series.js';
import type { InstanceCount } from './instance_counts.js';
import { OtlpForwarder } from './otlp_forwarder.js';

export interface ClientMetricsPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly sender: HttpSender;
}

/** The manager with the receivers of `millrace.telemetry.receivers`, all of it on /metrics. */
export function assembleClientMetrics(
  ports: ClientMetricsPorts,
  metadata: MetadataCache,
  config: BrokerConfig,
  metrics: Metrics,
): ClientMetricsManager {
  const receivers = (config.list('millrace.telemetry.receivers') ?? []).map((receiver) =>
    receiver === 'prometheus' ? new ClientSeries() : new OtlpForwarder(receiver, ports),
  );
  const manager = new ClientMetricsManager(ports, metadata, { maxBytes: config.int('telemetry.max.bytes'), receivers });
  registerManager(metrics, manager);
  const forwarders = receivers.filter((receiver) => receiver instanceof OtlpForwarder);
  if (forwarders.length > 0)
    metrics.counter(
      'millrace_client_telemetry_forwarded_total',
      'Pushes of clients on their way to a collector: sent, refused by it (failed), or given up because too many waited (dropped).',
      () =>
        forwarders.flatMap(({ url, totals }) =>
          Object.entries(totals).map(([result, value]) => ({ labels: { url, result }, value })),
        ),
    );
  const series = receivers.find((receiver) => receiver instanceof ClientSeries);
  if (series !== undefined) {
    metrics.families(() => series.families());
    metrics.counter(
      'millrace_client_telemetry_left_out_total',
      'Numbers that clients pushed and that are not shown: too many, or histograms.',
      () => series.leftOut,
    );
  }
  return manager;
}

/** Kafka's own names. */
function registerManager(metrics: Metrics, manager: ClientMetricsManager): void {
  const name = (metric: string) => jmxName('kafka.server', 'client-metrics', metric);
  const each = (read: (count: InstanceCount) => number) => () =>
    [...manager.counts.all()].map(([id, count]) => ({ labels: { client_instance_id: id }, value: read(count) }));
  metrics.gauge(name('instance-count'), 'Clients that are known for their metrics.', () => manager.size);
  metrics.gauge(
    name('unknown-subscription-request-count'),
    'Pushes with a subscription that is not, or no more, the client’s.',
    () => manager.counts.unknownSubscriptions,
  );
  metrics.gauge(
    name('throttle-count'),
    'Requests of a client that came too early.',
    each((count) => count.throttled),
  );
  metrics.gauge(
    name('plugin-export-count'),
    'Pushes of a client that the receivers took.',
    each((count) => count.received),
  );
  metrics.gauge(
    name('plugin-error-count'),
    'Pushes of a client that could not be read.',
    each((count) => count.failed),
  );
  metrics.gauge(
    name('plugin-export-time-avg'),
    'Milliseconds that the receivers took for a push, on average.',
    each((count) => (count.received === 0 ? 0 : count.totalMs / count.received)),
  );
  metrics.gauge(
    name('plugin-export-time-max'),
    'Milliseconds that the receivers took for a push, at most.',
    each((count) => count.maxMs),
  );
}
