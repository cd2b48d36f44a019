import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BenchReport, parseReport } from '../../../src/cli/bench/index.js';
import { runCli } from '../../../src/cli/program.js';
import { type Broker, startBroker } from '../../../src/index.js';
import { FakeIo } from '../support/fake_io.js';

let broker: Broker;
let other: Broker;
beforeAll(async () => {
  broker = await startBroker({ config: { 'millrace.metrics.port': 0 } });
  other = await startBroker();
});
afterAll(async () => {
  await broker.close();
  await other.close();
});

const short = ['--rounds', '2', '--requests', '50', '--warmup-seconds', '0', '--seconds', '60'];

async function bench(args: readonly string[], io = new FakeIo()) {
  const exitCode = await runCli(['bench', ...args], io);
  return { exitCode, out: io.output.text, err: io.errors.text, io };
}

async function report(...args: readonly string[]): Promise<BenchReport> {
  const bootstrap = ['-b', broker.bootstrapServers];
  const { exitCode, out, err } = await bench([...args, ...bootstrap, ...short, '--format', 'json']);
  expect(err).not.toContain('millrace:');
  expect(exitCode).toBe(0);
  return parseReport(out);
}

async function topicsOf(one: Broker): Promise<readonly string[]> {
  const io = new FakeIo();
  await runCli(['topics', 'list', '-q', '-b', one.bootstrapServers], io);
  return io.output.text.split('\n').filter((name) => name.startsWith('millrace-bench'));
}

describe('a short run over a real broker', () => {
  test.each([
    [['produce', '--partitions', '3', '--record-bytes', '100,20K']],
    [['produce', '--acks', '0', '--compression', 'gzip', '--connections', '3', '--processes', '2']],
    [['produce', '--acks', '1', '--flush', 'group', '--rate', '2000', '--depth', '2']],
    [['fetch', '--partitions', '3', '--prefill-bytes', '200K', '--depth', '3']],
    [['fetch', '--rate', '2000', '--connections', '2', '--prefill-bytes', '1M', '--fetch-bytes', '40K']],
    [['end-to-end', '--partitions', '8', '--connections', '2']],
    [['end-to-end', '--partitions', '4', '--rate', '1000', '--compression', 'lz4']],
  ])('%j', async (args) => {
    const { rows, notes, lost } = await report(...args);
    expect(rows).toHaveLength(args.includes('100,20K') ? 2 : 1);
    for (const row of rows) {
      expect(row.rounds).toBe(2);
      const values = row.values.Millrace!;
      for (const metric of ['requestsPerSecond', 'recordsPerSecond', 'megabytesPerSecond', 'p99Us'] as const)
        expect(values[metric]?.min).toBeGreaterThan(0);
      expect(values.cpuSecondsPerGb).toBeUndefined();
      const { curve } = row.latencies.Millrace!;
      expect(curve.at(-1)?.[1]).toBe(values.maxUs?.max);
    }
    expect(notes).toEqual([expect.stringContaining('--server-pid'), expect.stringContaining('--metrics')]);
    expect(lost).toEqual([]);
    expect(await topicsOf(broker)).toEqual([]);
  });

  test('counts every request, once', async () => {
    const { rows } = await report('produce', '--connections', '3', '--depth', '2');
    const { hdr } = rows[0]!.latencies.Millrace!;
    const { loadHistograms } = await import('../../../src/cli/bench/index.js');
    expect((await loadHistograms()).parse(hdr ?? '').count).toBe(100);
  });

  test('with its process and its metrics', async () => {
    const { rows, notes } = await report(
      'fetch',
      ...['--prefill-bytes', '1M', '--server-pid', String(process.pid)],
      ...['--metrics', `127.0.0.1:${broker.metricsPort}`],
    );
    expect(notes).toEqual([]);
    const values = rows[0]!.values.Millrace!;
    for (const metric of [
      'cpuSecondsPerGb',
      'systemCallsPerRequest',
      'copiedBytes',
      'sendfileBytes',
      'rssBytes',
    ] as const)
      expect(values[metric]?.min).toBeGreaterThanOrEqual(0);
    expect(values.systemCallsPerRequest?.min).toBeGreaterThan(0);
  });
});

describe('compare', () => {
  test('takes turns, and says who loses', async () => {
    const io = new FakeIo();
    const { exitCode, out, err } = await bench(
      [
        'compare',
        'produce',
        'end-to-end',
        '-b',
        broker.bootstrapServers,
        '--against',
        `${other.bootstrapServers}=Other`,
      ]
        .concat(short)
        .concat(['--partitions', '4', '--format', 'json']),
      io,
    );
    expect(err).toBe(
      'produce 1 KiB, 4 × 4: 2 rounds on Millrace, Other\nend-to-end 1 KiB, 4 × 1: 2 rounds on Millrace, Other\n',
    );
    expect(exitCode).toBe(0);
    const { rows, servers, lost } = parseReport(out);
    expect(servers.map(({ name }) => name)).toEqual(['Millrace', 'Other']);
    for (const { ratios } of rows)
      expect(ratios.map(({ metric, against }) => [metric, against])).toEqual([
        ['recordsPerSecond', 'Other'],
        ['p99Us', 'Other'],
      ]);
    const behind = rows.flatMap(({ workload, ratios }) =>
      ratios
        .filter(({ metric, ratio }) => (metric === 'p99Us' ? ratio.median > 1.02 : ratio.median < 0.98))
        .map(({ metric }) => `${workload} ${metric}`),
    );
    expect(lost.map(({ workload, metric }) => `${workload} ${metric}`)).toEqual(behind);
    expect(await topicsOf(other)).toEqual([]);
    // A plan for each server in each round of each workload, after git was asked for the commit.
    expect(io.programs.started.filter(([name]) => name === 'bench')).toHaveLength(8);
  });

  test('says in a sentence how to get a reference that is not there', async () => {
    const io = new FakeIo(undefined, { REAL_KAFKA: '/nowhere/real-kafka' });
    const { exitCode, err } = await bench(['compare', '-b', broker.bootstrapServers, '--with', 'kafka', ...short], io);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^millrace: Apache Kafka cannot be started: there is no script at \/nowhere\/real-kafka; set /);
  });
});

describe('what goes wrong', () => {
  const run = (...args: readonly string[]) => bench(['produce', ...short, ...args]);

  test('no broker', async () => {
    const { exitCode, err } = await run('-b', '127.0.0.1:1', '--format', 'json');
    expect(exitCode).toBe(4);
    expect(err).toContain('"message":"no broker answers at 127.0.0.1:1');
  });

  test('no such process', async () => {
    const { exitCode, err } = await run('-b', broker.bootstrapServers, '--server-pid', '4194305');
    expect(exitCode).toBe(2);
    expect(err).toBe('millrace: there is no process 4194305 on this machine\n');
  });

  test('a process of a broker that is yet to be started', async () => {
    expect((await run('--server-pid', '1')).exitCode).toBe(2);
  });

  test('a report that cannot be written', async () => {
    const { exitCode, err } = await run('-b', broker.bootstrapServers, '--output', '/nowhere/report.html');
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^millrace: \/nowhere\/report.html cannot be written: ENOENT$/m);
  });

  test('a signal ends the load, and leaves no topic', async () => {
    const io = new FakeIo();
    const running = bench(['produce', '-b', broker.bootstrapServers, '--rate', '10', '--seconds', '600'], io);
    while (io.programs.started.filter(([name]) => name === 'bench').length === 0 || !io.awaitsInterrupt)
      await new Promise((resolve) => setTimeout(resolve, 10));
    io.interrupt();
    expect((await running).exitCode).toBe(130);
    expect(await topicsOf(broker)).toEqual([]);
  });
});

test('a report goes to a file', async () => {
  const path = join(tmpdir(), `millrace-bench-report-${process.pid}.html`);
  const { exitCode, out, err } = await bench([
    'produce',
    '-b',
    broker.bootstrapServers,
    ...short,
    '--format',
    'html',
    '--output',
    path,
  ]);
  expect([exitCode, out]).toEqual([0, '']);
  expect(err).toContain(`wrote ${path}`);
  expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<svg /);
  rmSync(path);
});
