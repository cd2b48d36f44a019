import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeHttpServers, VirtualTime } from '../../src/env/index.js';
import {
  DurationHistogram,
  jmxName,
  Metrics,
  registerProcessMetrics,
  serveMetrics,
} from '../../src/telemetry/index.js';

describe('jmxName', () => {
  it('names metrics as the JMX exporter does', () => {
    expect(jmxName('kafka.server', 'BrokerTopicMetrics', 'MessagesInPerSec')).toBe(
      'kafka_server_brokertopicmetrics_messagesin_total',
    );
    expect(jmxName('kafka.network', 'RequestMetrics', 'TotalTimeMs')).toBe('kafka_network_requestmetrics_totaltimems');
    expect(jmxName('kafka.server', 'socket-server-metrics', 'connection-count')).toBe(
      'kafka_server_socket_server_metrics_connection_count',
    );
  });
});

describe('Metrics', () => {
  it('prints what its readers give at each scrape', async () => {
    const metrics = new Metrics();
    const totals = new Map([['orders', { messagesIn: 5 }]]);
    metrics.counter('messages_total', 'Messages.', function* () {
      let sum = 0;
      for (const [topic, { messagesIn }] of totals) {
        sum += messagesIn;
        yield { labels: { topic }, value: messagesIn };
      }
      yield { value: sum };
    });
    let partitions = 3;
    metrics.gauge('partitions', 'Partitions.', () => partitions);
    const first = (await metrics.exposition()).split('\n');
    expect(first).toContain('# TYPE messages_total counter');
    expect(first).toContain('# HELP messages_total Messages.');
    expect(first).toContain('messages_total{topic="orders"} 5');
    expect(first).toContain('messages_total 5');
    expect(first).toContain('partitions 3');
    totals.set('a"b\\c\n', { messagesIn: 1 });
    partitions = -1;
    const second = (await metrics.exposition()).split('\n');
    expect(second).toContain('messages_total{topic="orders"} 5');
    expect(second).toContain('messages_total{topic="a\\"b\\\\c\\n"} 1');
    expect(second).toContain('messages_total 6');
    expect(second).toContain('partitions -1');
  });

  it('prints durations with Kafka’s percentiles and a count', async () => {
    const metrics = new Metrics();
    const histogram = new DurationHistogram(new VirtualTime());
    for (let ms = 1; ms <= 100; ms += 1) histogram.record(ms);
    metrics.durations('request_ms', 'Time.', () => [{ labels: { request: 'Produce' }, histogram }]);
    const text = await metrics.exposition();
    expect(text).toContain('request_ms_count{request="Produce"} 100');
    const median = /request_ms\{request="Produce",quantile="0.50"\} ([\d.]+)/.exec(text)?.[1];
    expect(Math.abs(Number(median) - 50)).toBeLessThan(50 / 16);
    expect(text.match(/^request_ms\{/gm)).toHaveLength(6);
  });

  it('prints histograms as Prometheus has them', async () => {
    const metrics = new Metrics();
    metrics.gauge('x', 'X.', () => 1);
    metrics.histogram('wait_seconds', 'Time.', () => [
      {
        labels: { directory: 'a"b\\c\n' },
        buckets: [
          { bound: 0.5, count: 1 },
          { bound: 1, count: 3 },
        ],
        count: 4,
        sum: 7.5,
      },
    ]);
    metrics.histogram('plain', 'Plain.', () => [{ buckets: [], count: 0, sum: 0 }]);
    const text = await metrics.exposition();
    const labels = 'directory="a\\"b\\\\c\\n"';
    expect(text.split('\n').slice(-13)).toEqual(
      [
        'x 1',
        '# HELP wait_seconds Time.',
        '# TYPE wait_seconds histogram',
        `wait_seconds_bucket{${labels},le="0.5"} 1`,
        `wait_seconds_bucket{${labels},le="1"} 3`,
        `wait_seconds_bucket{${labels},le="+Inf"} 4`,
        `wait_seconds_sum{${labels}} 7.5`,
        `wait_seconds_count{${labels}} 4`,
        '# HELP plain Plain.',
        '# TYPE plain histogram',
        'plain_bucket{le="+Inf"} 0',
        'plain_sum 0',
        'plain_count 0',
        '',
      ].slice(-13),
    );
  });

  it('refuses a name twice', () => {
    const metrics = new Metrics();
    metrics.gauge('x', 'X.', () => 1);
    expect(() => metrics.counter('x', 'X.', () => 1)).toThrow(RangeError);
  });

  it('is served at /metrics', async () => {
    const metrics = new Metrics();
    registerProcessMetrics(metrics);
    const server = await serveMetrics(nodeHttpServers, metrics, { host: '127.0.0.1', port: 0 });
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
    expect(answer.headers.get('content-type')).toContain('version=0.0.4');
    expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(await answer.text())?.[1])).toBeGreaterThan(1e6);
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
    await server.close();
  });
});

describe('DurationHistogram', () => {
  it('finds any quantile within a sixteenth', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, share) => {
          const histogram = new DurationHistogram(new VirtualTime());
          for (const duration of durations) histogram.record(duration);
          const sorted = [...durations].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
          const [found = Number.NaN] = histogram.quantiles([share]);
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact / 16 + 0.001);
        },
      ),
    );
  });

  it('forgets after two windows, but not its totals', async () => {
    const time = new VirtualTime();
    const histogram = new DurationHistogram(time, 60_000);
    histogram.record(1_000);
    expect(histogram.quantiles([0.5])[0]).toBeGreaterThan(900);
    await time.advance('61s');
    histogram.record(1);
    expect(histogram.quantiles([1])[0]).toBeGreaterThan(900);
    await time.advance('61s');
    expect(histogram.quantiles([1])[0]).toBeLessThan(2);
    await time.advance('61s');
    expect(histogram.quantiles([0.5, 1])).toEqual([0, 0]);
    expect([histogram.count, histogram.sumMs]).toEqual([2, 1_001]);
  });

  it('takes any duration', () => {
    const histogram = new DurationHistogram(new VirtualTime());
    for (const odd of [0, -1, 0.0001, 1e12, Number.MAX_VALUE]) histogram.record(odd);
    expect(histogram.quantiles([0, 0.5, 1]).every((value) => Number.isFinite(value))).toBe(true);
    expect(histogram.count).toBe(5);
  });
});
