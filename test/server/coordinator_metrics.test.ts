import { expect, it } from 'vitest';
import { LoadTimes } from '../../src/coordinator/runtime/load_times.js';
import { VirtualTime } from '../../src/env/index.js';
import { registerCoordinatorMetrics } from '../../src/server/coordinator_metrics.js';
import { Metrics } from '../../src/telemetry/index.js';

it('goes through the groups and the transactions once a scrape, and anew at the next one', async () => {
  const runtime = { phases: { loading: 0, active: 1, failed: 0 }, loads: new LoadTimes() };
  const asked = { groups: 0, offsets: 0, transactions: 0 };
  const metrics = new Metrics();
  registerCoordinatorMetrics(metrics, {
    clock: new VirtualTime(),
    groups: {
      runtime,
      statistics: () => ({ partitions: 1, groups: 0, timers: 0, offsets: ++asked.offsets }),
      groupCounts: () => {
        asked.groups += 1;
        return [
          { type: 'classic', state: 'Empty', count: asked.groups },
          { type: 'streams', state: 'NotReady', count: 7 },
        ];
      },
    },
    transactions: {
      runtime,
      statistics: () => {
        asked.transactions += 1;
        const byStatus = new Map([['Ongoing' as const, asked.transactions]]);
        const markers = { inFlight: 3, unknownDestination: 4, appendRetries: 5 };
        return { transactionalIds: 1, open: 1, byStatus, unfinishedMarkers: 2, markers };
      },
    },
    shares: { runtime },
  });
  for (const scrape of [1, 2]) {
    const text = await metrics.exposition();
    expect(asked).toEqual({ groups: scrape, offsets: scrape, transactions: scrape });
    for (const line of [
      `kafka_coordinator_group_groupmetadatamanager_numgroups ${scrape}`,
      `kafka_coordinator_group_groupmetadatamanager_numgroupsempty ${scrape}`,
      'kafka_server_group_coordinator_metrics_streams_group_count{state="NotReady"} 7',
      `millrace_transactional_ids{state="Ongoing"} ${scrape}`,
      'millrace_transaction_markers_in_flight 3',
    ])
      expect(text.split('\n')).toContain(line);
  }
});
