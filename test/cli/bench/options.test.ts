import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { LoadOptions } from '../../../src/cli/bench/options.js';
import { settingsOf, workloadName } from '../../../src/cli/bench/settings.js';
import type { BenchCommand } from '../../../src/cli/commands/bench/bench_command.js';
import { compare } from '../../../src/cli/commands/bench/compare.js';
import { singleBench } from '../../../src/cli/commands/bench/single.js';

function read<O>(spec: BenchCommand<O>, ...args: readonly string[]): O {
  const command = spec.define(new Command(spec.name));
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  command.action(() => undefined).parse([...args], { from: 'user' });
  return spec.read(command);
}

const only = ({ workloads }: LoadOptions) => {
  expect(workloads).toHaveLength(1);
  return workloads[0]!;
};

describe('the load', () => {
  test('defaults', () => {
    const options = read(singleBench('produce'));
    expect(only(options)).toEqual({
      mode: 'produce',
      recordBytes: 1024,
      recordsPerBatch: 16,
      partitions: 1,
      connections: 4,
      depth: 4,
      compression: 'none',
      acks: -1,
      flush: undefined,
      requestsPerSecond: null,
      fetchBytes: undefined,
      prefillBytes: 64 * 2 ** 20,
    });
    expect(options.measuring).toEqual({
      warmupMs: 1000,
      measureMs: 5000,
      rounds: 3,
      processes: 1,
      maxRequests: null,
      maxBytes: 8 * 2 ** 30,
      drainMs: 30_000,
    });
    expect(options.output).toEqual({ form: 'text', output: undefined });
  });

  test('everything', () => {
    const options = read(
      singleBench('produce'),
      ...['--record-bytes', '100,1M', '--records-per-batch', '2', '--partitions', '1000', '--connections', '1000'],
      ...['--depth', '1', '--compression', 'zstd', '--acks', '0', '--flush', 'group', '--seconds', '0.5'],
      ...['--warmup-seconds', '0', '--rounds', '7', '--requests', '50', '--max-bytes', '1G', '--processes', '2'],
      ...['--format', 'svg', '--output', 'a.svg', '--server-pid', '1', '--metrics', '127.0.0.1:9100', '--name', 'mine'],
      ...['--record-rate', '1000', '--directory', '/data'],
    );
    expect(options.workloads.map(({ recordBytes }) => recordBytes)).toEqual([100, 1 << 20]);
    expect(options.workloads[0]).toMatchObject({ requestsPerSecond: 500, acks: 0, flush: 'group', depth: 1 });
    expect(options.measuring).toMatchObject({ warmupMs: 0, measureMs: 500, rounds: 7, processes: 2, maxRequests: 50 });
    expect(options.server).toEqual({
      name: 'mine',
      pid: 1,
      metrics: { host: '127.0.0.1', port: 9100 },
      directory: '/data',
    });
    expect(options.output).toEqual({ form: 'svg', output: 'a.svg' });
  });

  test('batches are about as large as asked for, and one record at least', () => {
    const records = (...args: readonly string[]) => only(read(singleBench('produce'), ...args)).recordsPerBatch;
    expect(records('--record-bytes', '100')).toBe(163);
    expect(records('--record-bytes', '1M')).toBe(1);
    expect(records('--record-bytes', '1K', '--batch-bytes', '1M')).toBe(1024);
  });

  test('a rate opens the loop and lets many be in flight, not more than memory allows', () => {
    expect(only(read(singleBench('fetch'), '--rate', '0.5'))).toMatchObject({ requestsPerSecond: 0.5, depth: 100 });
    const wide = only(read(singleBench('produce'), '--rate', '10', '--record-bytes', '1M', '--connections', '1000'));
    expect(wide.depth).toBe(1);
  });

  test.each([
    [['--record-bytes', '2M'], /at most 1048576/],
    [['--record-bytes', '0'], /number of bytes/],
    [['--partitions', '1001'], /at most 1000/],
    [['--connections', '1001'], /at most 1000/],
    [['--depth', '0'], /whole number from 1/],
    [['--rounds', '101'], /at most 100/],
    [['--seconds', '2h'], /at most/],
    [['--rate', '-1'], /above 0/],
    [['--compression', 'brotli'], /Allowed choices/],
    [['--acks', '2'], /Allowed choices/],
    [['--flush', 'never'], /Allowed choices/],
    [['--metrics', 'a:1,b:2'], /one host:port/],
    [['--rate', '1', '--record-rate', '1'], /the same thing/],
    [['--batch-bytes', '1K', '--records-per-batch', '1'], /the same thing/],
    [['--record-bytes', '1M', '--records-per-batch', '17'], /16 MiB/],
    [['--record-bytes', '1M', '--connections', '1000', '--depth', '2'], /1 GiB/],
  ])('%j is refused', (args, message) => {
    expect(() => read(singleBench('produce'), ...args)).toThrow(message);
  });

  test('end-to-end needs partitions of its own for each connection', () => {
    expect(() => read(singleBench('end-to-end'), '--connections', '2')).toThrow(/--partitions 2 or more/);
    expect(only(read(singleBench('end-to-end'), '--connections', '2', '--partitions', '2')).depth).toBe(1);
  });

  test('reads as a name and as settings', () => {
    const options = read(singleBench('fetch'), '--record-bytes', '1K', '--rate', '100');
    expect(workloadName(only(options))).toBe('fetch 1 KiB, 100/s');
    expect(settingsOf(only(options), options.measuring, 16_589)).toMatchObject({
      records: '1 KiB, 16 a batch of 16589 B',
      loop: 'open, 100 requests/s',
      seconds: '5 after 1 of warm-up',
    });
    expect(workloadName(only(read(singleBench('produce'), '--record-bytes', '100')))).toBe('produce 100 B, 4 × 4');
  });
});

describe('compare', () => {
  test('whom with and what', () => {
    const options = read(compare, 'fetch', '--against', 'a:1=Other,12', '--against', 'b:2', '--with', 'kafka');
    expect(options).toMatchObject({
      opponents: [
        { name: 'Other', bootstrapServers: [{ host: 'a', port: 1 }], pid: 12 },
        { name: 'b:2', bootstrapServers: [{ host: 'b', port: 2 }], pid: undefined },
      ],
      withKafka: true,
      kafkaPort: 29_092,
    });
    expect(options.workloads.map(({ mode, flush }) => [mode, flush])).toEqual([['fetch', 'os']]);
  });

  test('defaults to produce and fetch, each with its own depth', () => {
    const { workloads } = read(compare, '--against', 'a:1', '--flush', 'group');
    expect(workloads.map(({ mode, depth, flush }) => [mode, depth, flush])).toEqual([
      ['produce', 4, 'group'],
      ['fetch', 1, 'group'],
    ]);
  });

  test.each([
    [[], /nothing to compare with/],
    [['--against', 'a:1=Millrace'], /same name/],
    [['consume', '--against', 'a:1'], /one of produce, fetch, end-to-end/],
    [['--against', 'a:b:c'], /not host:port/],
    [['--with', 'rabbit'], /Allowed choices/],
  ])('%j is refused', (args, message) => {
    expect(() => read(compare, ...args)).toThrow(message);
  });
});
