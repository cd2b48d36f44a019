import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

let broker: Broker;
let client: WireClient;
beforeAll(async () => {
  broker = await startBroker({ config: { 'millrace.metrics.port': 0 } });
  client = await WireClient.connect(broker.port);
});
afterAll(async () => {
  client.close();
  await broker.close();
});

async function scrape(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${broker.metricsPort}/metrics`);
  expect(response.status).toBe(200);
  return response.text();
}

/** Values by name and labels, as they are printed. */
async function values(): Promise<ReadonlyMap<string, number>> {
  const lines = (await scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** Kafka's MBeans under the names the JMX exporter gives them, by type. Dashboards and alerts rest on them. */
const kafkas: Record<string, string> = {
  kafka_server_brokertopicmetrics_messagesin_total: 'counter',
  kafka_server_brokertopicmetrics_bytesin_total: 'counter',
  kafka_server_brokertopicmetrics_bytesout_total: 'counter',
  kafka_server_brokertopicmetrics_totalproducerequests_total: 'counter',
  kafka_server_brokertopicmetrics_totalfetchrequests_total: 'counter',
  kafka_server_brokertopicmetrics_failedproducerequests_total: 'counter',
  kafka_server_brokertopicmetrics_failedfetchrequests_total: 'counter',
  kafka_server_replicamanager_partitioncount: 'gauge',
  kafka_server_client_metrics_instance_count: 'gauge',
  kafka_server_client_metrics_plugin_error_count: 'gauge',
  kafka_server_client_metrics_plugin_export_count: 'gauge',
  kafka_server_client_metrics_plugin_export_time_avg: 'gauge',
  kafka_server_client_metrics_plugin_export_time_max: 'gauge',
  kafka_server_client_metrics_throttle_count: 'gauge',
  kafka_server_client_metrics_unknown_subscription_request_count: 'gauge',
  kafka_server_replicamanager_offlinereplicacount: 'gauge',
  kafka_server_replicamanager_produceridcount: 'gauge',
  kafka_server_replicamanager_partitionswithlatetransactionscount: 'gauge',
  kafka_cluster_partition_laststableoffsetlag: 'gauge',
  kafka_controller_kafkacontroller_globaltopiccount: 'gauge',
  kafka_controller_kafkacontroller_activecontrollercount: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numgroups: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numoffsets: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numgroupspreparingrebalance: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numgroupscompletingrebalance: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numgroupsstable: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numgroupsdead: 'gauge',
  kafka_coordinator_group_groupmetadatamanager_numgroupsempty: 'gauge',
  kafka_coordinator_transaction_transactionmarkerchannelmanager_logappendretryqueuesize: 'gauge',
  kafka_coordinator_transaction_transactionmarkerchannelmanager_unknowndestinationqueuesize: 'gauge',
  kafka_server_group_coordinator_metrics_num_partitions: 'gauge',
  kafka_server_group_coordinator_metrics_partition_load_time_avg: 'gauge',
  kafka_server_group_coordinator_metrics_partition_load_time_max: 'gauge',
  kafka_server_transaction_coordinator_metrics_num_partitions: 'gauge',
  kafka_server_transaction_coordinator_metrics_partition_load_time_avg: 'gauge',
  kafka_server_transaction_coordinator_metrics_partition_load_time_max: 'gauge',
  kafka_server_share_coordinator_metrics_num_partitions: 'gauge',
  kafka_server_share_coordinator_metrics_partition_load_time_avg: 'gauge',
  kafka_server_share_coordinator_metrics_partition_load_time_max: 'gauge',
  kafka_server_group_coordinator_metrics_group_count: 'gauge',
  kafka_server_group_coordinator_metrics_consumer_group_count: 'gauge',
  kafka_server_group_coordinator_metrics_share_group_count: 'gauge',
  kafka_server_group_coordinator_metrics_streams_group_count: 'gauge',
  kafka_log_log_size: 'gauge',
  kafka_log_logcleaner_cleaner_recopy_percent: 'gauge',
  kafka_log_logcleaner_max_buffer_utilization_percent: 'gauge',
  kafka_log_logcleaner_max_clean_time_secs: 'gauge',
  kafka_log_logcleaner_max_compaction_delay_secs: 'gauge',
  kafka_log_logcleanermanager_max_dirty_percent: 'gauge',
  kafka_log_logcleanermanager_time_since_last_run_ms: 'gauge',
  kafka_log_logcleanermanager_uncleanable_bytes: 'gauge',
  kafka_log_logcleanermanager_uncleanable_partitions_count: 'gauge',
  kafka_log_logmanager_remaininglogstorecover: 'gauge',
  kafka_log_log_logendoffset: 'gauge',
  kafka_network_requestmetrics_requests_total: 'counter',
  kafka_network_requestmetrics_totaltimems_total: 'counter',
  kafka_server_sharesessioncache_sharesessionscount: 'gauge',
  kafka_server_sharesessioncache_sharepartitionscount: 'gauge',
  kafka_server_sharepartitionmetrics_inflightmessagecount: 'gauge',
  kafka_server_socket_server_metrics_connection_count: 'gauge',
  kafka_server_socket_server_metrics_connection_creation_total: 'counter',
  kafka_server_socket_server_metrics_incoming_byte_total: 'counter',
};

describe('/metrics of a running broker', () => {
  it("has Kafka's names with their types, and a sentence about each", async () => {
    const text = await scrape();
    const types = new Map([...text.matchAll(/^# TYPE (kafka_\S+) (\S+)$/gm)].map((m) => [m[1] ?? '', m[2] ?? '']));
    expect(types).toEqual(new Map(Object.entries(kafkas)));
    for (const name of Object.keys(kafkas)) expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*$`, 'm'));
    const other = [...text.matchAll(/^# TYPE (\S+) /gm)].map((m) => m[1] ?? '');
    expect(other.filter((name) => !/^(kafka|millrace|process|nodejs|jvm)_/.test(name))).toEqual([]);
    expect(new Set(other).size).toBe(other.length);
  });

  it('counts what is produced and fetched, by topic, and forgets a deleted topic', async () => {
    const of = (name: string) => `kafka_server_brokertopicmetrics_${name}_total{topic="counted"}`;
    await createTopic(client, 'counted', 2);
    await produce(client, 'counted', ['a', 'b', 'c']);
    await produce(client, 'counted', ['d'], { partition: 1 });
    const before = await values();
    expect(before.get(of('messagesin'))).toBe(4);
    expect(before.get(of('totalproducerequests'))).toBe(2);
    expect(before.get('kafka_server_replicamanager_partitioncount')).toBe(2);
    expect(before.get('kafka_controller_kafkacontroller_globaltopiccount')).toBe(1);
    expect(before.get('kafka_log_log_logendoffset{topic="counted",partition="0"}')).toBe(3);
    const sizeBytes = [0, 1].map((partition) => `kafka_log_log_size{topic="counted",partition="${partition}"}`);
    const bytesIn = before.get(of('bytesin')) ?? 0;
    expect(sizeBytes.reduce((sum, name) => sum + (before.get(name) ?? 0), 0)).toBe(bytesIn);
    expect(await readAll(client, 'counted')).toEqual(['a', 'b', 'c']);
    await readAll(client, 'counted', 1);
    const after = await values();
    // Everything that came in went out once.
    expect((after.get(of('bytesout')) ?? 0) - (before.get(of('bytesout')) ?? 0)).toBe(bytesIn);
    expect(after.get(of('messagesin'))).toBe(4);
    const requests = (of: ReadonlyMap<string, number>, api: string) =>
      of.get(`kafka_network_requestmetrics_requests_total{request="${api}"}`) ?? 0;
    expect(requests(after, 'Produce')).toBe(2);
    expect(requests(after, 'Fetch') - requests(before, 'Fetch')).toBe(4);
    const incoming = 'kafka_server_socket_server_metrics_incoming_byte_total';
    expect(after.get(incoming) ?? 0).toBeGreaterThan(before.get(incoming) ?? 0);
    await produce(client, 'counted', ['x'], { producerId: 1, baseSequence: 0 });
    await produce(client, 'counted', ['x'], { producerId: 1, baseSequence: 5 });
    expect((await values()).get(of('failedproducerequests'))).toBe(1);
    const DeleteTopics = 20;
    await client.send(DeleteTopics, 5, { topicNames: ['counted'], timeoutMs: 5000 });
    const gone = await values();
    expect([...gone.keys()].filter((name) => name.startsWith('kafka_') && name.includes('"counted"'))).toEqual([]);
    expect(gone.get('kafka_server_replicamanager_partitioncount')).toBe(0);
  });

  it('counts connections', async () => {
    const open = async () => (await values()).get('kafka_server_socket_server_metrics_connection_count');
    const before = (await open()) ?? 0;
    const second = await WireClient.connect(broker.port);
    await second.send(18, 0, {});
    expect(await open()).toBe(before + 1);
    second.close();
  });
});
