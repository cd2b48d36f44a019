import {
  type BenchReport,
  buildReport,
  type LatencyRecord,
  type RoundMetrics,
  type WorkloadRun,
} from '../../../src/cli/bench/index.js';

const curve = (base: number): LatencyRecord => ({
  curve: [
    [0, base],
    [50, base * 2],
    [90, base * 3],
    [99, base * 10],
    [99.9, base * 40],
    [100, base * 90],
  ],
});

const round = (factor: number): Readonly<Record<string, RoundMetrics>> => ({
  Millrace: {
    requestsPerSecond: 10_000 * factor,
    recordsPerSecond: 100_000 * factor,
    megabytesPerSecond: 100 * factor,
    cpuSecondsPerGb: 1 / factor,
    p99Us: 200,
    systemCallsPerRequest: 1.25,
    copiedBytes: 2_000_000,
    rssBytes: 2 ** 26,
  },
  Other: {
    requestsPerSecond: 10_000,
    recordsPerSecond: 100_000,
    megabytesPerSecond: 100,
    cpuSecondsPerGb: 2,
    p99Us: 800,
    rssBytes: 2 ** 29,
  },
});

export const runs: readonly WorkloadRun[] = [
  {
    workload: 'produce 1 KiB',
    settings: { acks: 'all', connections: 4 },
    rounds: [round(0.5), round(0.7), round(0.6)],
    targets: [
      { metric: 'recordsPerSecond', against: 'Other', atLeast: 0.9 },
      { metric: 'p99Us', against: 'Other', atMost: 0.5 },
      { metric: 'cpuSecondsPerGb', atMost: 1 },
    ],
    latencies: { Millrace: curve(50), Other: curve(400) },
  },
  { workload: 'fetch <64 KiB>', settings: { connections: 4 }, rounds: [round(2), round(0.9), round(1.5)] },
];

export const report: BenchReport = buildReport({
  title: 'Millrace & another',
  environment: {
    date: '2026-11-26T10:00:00.000Z',
    machine: 'linux x64',
    cpu: 'Some CPU',
    cpuCount: 2,
    memoryBytes: 24 * 2 ** 30,
    kernel: 'Linux 6.1.0',
    node: 'v20.20.2',
    millrace: '0.1.0',
    commit: 'abc1234',
  },
  servers: [{ name: 'Millrace', version: '0.1.0', address: '127.0.0.1:9092' }, { name: 'Other' }],
  runs,
  notes: ['The client shares the cores.'],
});

export const alone: BenchReport = buildReport({
  title: 'Millrace alone',
  environment: report.environment,
  servers: [{ name: 'Millrace' }],
  runs: runs.map(({ workload, settings, rounds }) => ({
    workload,
    settings,
    rounds: rounds.map(({ Millrace = {} }) => ({ Millrace })),
  })),
});
