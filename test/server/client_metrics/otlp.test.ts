import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientSeries } from '../../../src/server/client_metrics/client_series.js';
import { decodeOtlp, withResourceAttributes } from '../../../src/server/client_metrics/otlp.js';
import { OtlpError } from '../../../src/server/client_metrics/protobuf.js';
import type { ClientPush } from '../../../src/server/client_metrics/receiver.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { gauge, histogram, metricsData, sum } from '../../support/otlp.js';

const sample = metricsData(
  gauge('a.gauge', -1.5, { node_id: '1' }),
  sum('a.delta', 3, 'delta'),
  sum('a.total', 4, 'cumulative'),
  histogram('a.histogram'),
);

const pushOf = (client: string, data: Uint8Array): ClientPush => ({
  clientInstanceId: client as ClientPush['clientInstanceId'],
  attributes: {
    client_instance_id: client,
    client_id: 'one',
    client_software_name: 'soft',
    client_software_version: '1',
    client_source_address: '127.0.0.1',
    client_source_port: '1',
  },
  data,
});

describe('OTLP', () => {
  it('is read: gauges, deltas and totals, with the attributes of resource and point', () => {
    const rack = ['rack', 'r1'] as const;
    expect(decodeOtlp(sample)).toEqual({
      points: [
        { name: 'a.gauge', kind: 'gauge', value: -1.5, labels: new Map([rack, ['node_id', '1']]) },
        { name: 'a.delta', kind: 'delta', value: 3, labels: new Map([rack]) },
        { name: 'a.total', kind: 'total', value: 4, labels: new Map([rack]) },
      ],
      others: 1,
    });
  });

  it('goes on with more attributes of the resource, otherwise the same', () => {
    const more = decodeOtlp(withResourceAttributes(sample, new Map([['client_id', 'x'.repeat(300)]])));
    const before = decodeOtlp(sample);
    expect(more.points.map(({ labels: _, ...rest }) => rest)).toEqual(
      before.points.map(({ labels: _, ...rest }) => rest),
    );
    for (const { labels } of more.points)
      expect([labels.get('rack'), labels.get('client_id')?.length]).toEqual(['r1', 300]);
    const bare = withResourceAttributes(Buffer.from([0x0a, 0x00]), new Map([['a', 'b']]));
    expect(bare.toString('latin1')).toContain('\x0a\x01a');
  });

  it('cut or changed anywhere is read or refused, and nothing else', () => {
    const tryIt = (data: Uint8Array): void => {
      try {
        decodeOtlp(data);
        withResourceAttributes(data, new Map([['a', 'b']]));
      } catch (error) {
        expect(error).toBeInstanceOf(OtlpError);
      }
    };
    for (let end = 0; end < sample.length; end += 1) tryIt(sample.subarray(0, end));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const data = Buffer.from(sample);
          for (const [at, byte] of changes) data[at] = byte;
          tryIt(data);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('numbers of clients at /metrics', () => {
  it('whatever clients call their metrics and labels, the scrape can be read', async () => {
    const metrics = new Metrics();
    metrics.gauge('taken', 'Own.', () => 1);
    const series = new ClientSeries();
    metrics.families(() => series.families());
    const strange = ['', '1', '__name__', 'ä', '\n', 'a"b', 'quantile', '__proto__', 'constructor'];
    series.receive(
      pushOf(
        'c',
        metricsData(
          ...strange.map((name) => gauge(name, Number.POSITIVE_INFINITY, { [name]: name })),
          gauge('nothing', Number.NaN),
          gauge('taken', 2),
        ),
      ),
    );
    series.receive(
      pushOf(
        'c',
        metricsData(...[-1.5, Number.NaN, Infinity, 1e308, 1.1e308].map((value) => sum('n', value, 'delta'))),
      ),
    );
    series.receive(pushOf('d', metricsData(sum('x_total', 1, 'delta'), gauge('x_total', 5))));
    const lines = (await metrics.exposition()).split('\n');
    expect(lines).toContain('taken 1');
    expect(lines.filter((line) => line.startsWith('taken'))).toHaveLength(1);
    for (const line of lines)
      expect(line).toMatch(/^$|^# |^[A-Za-z_:][\w:]*(\{([A-Za-z_]\w*="([^"\\]|\\.)*",?)*\})? (\+Inf|[-\d.e+]+)$/);
    expect(lines.filter((line) => line.startsWith('x_total'))).toHaveLength(1);
  });

  it('are bounded for one client and for all', () => {
    const series = new ClientSeries({ perClient: 3, all: 5 });
    const many = metricsData(...[1, 2, 3, 4].map((index) => gauge(`m${index}`, index)));
    series.receive(pushOf('a', many));
    series.receive(pushOf('b', many));
    const shown = () => series.families().reduce((total, { samples }) => total + samples.length, 0);
    expect([shown(), series.leftOut]).toEqual([5, 3]);
    series.forget('a' as ClientPush['clientInstanceId']);
    series.receive(pushOf('b', many));
    expect([shown(), series.leftOut]).toEqual([3, 4]);
  });
});
