import { jmxName, type Metrics } from '../telemetry/index.js';
import type { ShareServices } from './share/share_services.js';

/** What operators look at when a share group stands still. */
export function registerShareMetrics(
  metrics: Metrics,
  { shareSessions, sharePartitions }: Pick<ShareServices, 'shareSessions' | 'sharePartitions'>,
): void {
  metrics.gauge(
    jmxName('kafka.server', 'ShareSessionCache', 'ShareSessionsCount'),
    'Members of share groups that fetch here.',
    () => shareSessions.size,
  );
  metrics.gauge(
    jmxName('kafka.server', 'ShareSessionCache', 'SharePartitionsCount'),
    'Partitions in their sessions.',
    () => shareSessions.partitionCount,
  );
  metrics.gauge(
    jmxName('kafka.server', 'SharePartitionMetrics', 'InFlightMessageCount'),
    'Records between the first that a share group is not done with and the last that it was given.',
    () =>
      [...sharePartitions.all()].map(({ groupId, partition, index, share }) => ({
        labels: { group: groupId, topic: partition.topic, partition: String(index) },
        value: share.inFlightCount,
      })),
  );
}
