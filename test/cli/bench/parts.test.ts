import { describe, expect, test } from 'vitest';
import { loadHistograms } from '../../../src/cli/bench/index.js';
import { linesOf } from '../../../src/cli/bench/lines.js';
import { benchBatch, payloads } from '../../../src/cli/bench/load/batches.js';
import { wholeBatches } from '../../../src/cli/bench/load/fetch_lane.js';
import { shareLanes } from '../../../src/cli/bench/load/load.js';
import { roundMetrics } from '../../../src/cli/bench/rounds.js';
import { cpuSecondsOf, metricsSample, parseMetrics, sampleServer } from '../../../src/cli/bench/servers/probe.js';
import { nodeFileSystem, nodeHttpClient } from '../../../src/env/index.js';
import { compressions, decodeBatch } from '../../../src/records/index.js';
import { chunks } from '../support/fake_io.js';

describe('shares of connections', () => {
  const leader = (port: number, ...partitions: readonly number[]) => ({ endpoint: { host: 'h', port }, partitions });
  const shares = (...args: Parameters<typeof shareLanes>) =>
    shareLanes(...args).map(({ endpoint, partitions }) => [endpoint.port, ...partitions]);

  test("more partitions than connections: each is one connection's alone", () => {
    expect(shares([leader(1, 0, 1, 2, 3, 4)], 2)).toEqual([
      [1, 0, 2, 4],
      [1, 1, 3],
    ]);
  });

  test('more connections than partitions share them', () => {
    expect(shares([leader(1, 0, 1)], 3)).toEqual([
      [1, 0],
      [1, 1],
      [1, 0],
    ]);
  });

  test('leaders take turns', () => {
    expect(shares([leader(1, 0, 2), leader(2, 1)], 3)).toEqual([
      [1, 0],
      [2, 1],
      [1, 2],
    ]);
  });
});

describe('batches', () => {
  test.each(compressions)('%s', async (compression) => {
    const batch = decodeBatch(await benchBatch({ recordsPerBatch: 20, recordBytes: 777, compression }, 5));
    expect(batch).toMatchObject({ compression, recordCount: 20 });
    expect(batch.records.every(({ value }) => value?.length === 777)).toBe(true);
    expect(batch.sizeBytes < 777 * 20).toBe(compression !== 'none');
  });

  test('values differ from each other and not from run to run', () => {
    const values = payloads(50, 100).map((value) => Buffer.from(value).toString());
    expect(new Set(values).size).toBe(50);
    expect(payloads(50, 100).map((value) => Buffer.from(value).toString())).toEqual(values);
  });

  test('of a fetch: those that are whole', async () => {
    const batch = await benchBatch({ recordsPerBatch: 3, recordBytes: 10, compression: 'none' }, 5);
    const two = Buffer.concat([batch, batch]);
    expect(wholeBatches(two).map(({ records }) => records)).toEqual([3, 3]);
    for (const cut of [1, 11, 12, 60, batch.length - 1])
      expect(wholeBatches(two.subarray(0, batch.length + cut))).toHaveLength(1);
    expect(wholeBatches(new Uint8Array(0))).toEqual([]);
  });
});

describe('what a server is asked for', () => {
  test('CPU time, whatever the program is called', () => {
    const rest = `S 1 ${'0 '.repeat(9)}150 50 0 0 20 0 11`;
    expect(cpuSecondsOf(`42 (node) ${rest}`)).toBe(2);
    expect(cpuSecondsOf(`42 (a) b (c ) ${rest}`)).toBe(2);
    expect(cpuSecondsOf('')).toBeUndefined();
  });

  test('metrics, summed over labels', () => {
    const text = [
      '# HELP millrace_syscalls_recv_total recv calls.',
      'millrace_syscalls_recv_total 10',
      'millrace_syscalls_send_total{listener="a b"} 5',
      'millrace_syscalls_send_total{listener="c"} 2',
      'millrace_bytes_sent_copied_total{reason="small"} 1e3',
      'millrace_bytes_sent_copied_total{reason="cold"} 1',
      'nonsense',
      '',
    ].join('\n');
    expect(parseMetrics(text).get('millrace_syscalls_send_total')).toBe(7);
    expect(metricsSample(text)).toEqual({ systemCalls: 17, copiedBytes: 1001 });
    expect(metricsSample('up 1')).toEqual({});
  });

  test('this process has all of it, a missing one nothing', async () => {
    const ports = { files: nodeFileSystem, http: nodeHttpClient };
    const sample = await sampleServer({ pid: process.pid, metrics: undefined }, ports);
    expect(Object.keys(sample).sort()).toEqual(['cpuSeconds', 'involuntarySwitches', 'rssBytes', 'voluntarySwitches']);
    expect(sample.rssBytes).toBeGreaterThan(1 << 20);
    const gone = await sampleServer({ pid: 2 ** 22 + 1, metrics: { host: '127.0.0.1', port: 1 } }, ports);
    expect(gone).toEqual({});
  });
});

test('figures of a round, with what is not known left out', async () => {
  const histogram = (await loadHistograms()).create();
  histogram.record(500, 10);
  const result = { requests: 100, records: 1000, bytes: 2e6, seconds: 2, unanswered: 0, latencies: '' };
  const metrics = roundMetrics(
    [result, result],
    histogram,
    { cpuSeconds: 1, systemCalls: 10, rssBytes: 5 },
    { cpuSeconds: 3, systemCalls: 210, rssBytes: 7 },
  );
  expect(metrics).toEqual({
    requestsPerSecond: 100,
    recordsPerSecond: 1000,
    megabytesPerSecond: 2,
    cpuSecondsPerGb: 500,
    p50Us: 500,
    p99Us: 500,
    p999Us: 500,
    maxUs: 500,
    systemCallsPerRequest: 1,
    rssBytes: 7,
  });
  expect(roundMetrics([{ ...result, requests: 0, bytes: 0, seconds: 0 }], histogram, {}, {})).not.toHaveProperty(
    'cpuSecondsPerGb',
  );
});

test('lines, wherever the bytes are cut', async () => {
  const collect = async (...parts: readonly string[]) => {
    const found: string[] = [];
    for await (const line of linesOf(chunks(...parts), 10)) found.push(line);
    return found;
  };
  expect(await collect('a\nb', 'c\n\nd')).toEqual(['a', 'bc', '', 'd']);
  expect(await collect()).toEqual([]);
  await expect(collect('x'.repeat(11))).rejects.toThrow(/more than 10/);
});
