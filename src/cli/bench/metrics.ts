/** What is measured of one server in one round. Left out where it cannot be known, e.g. of a server on another machine. */
export type MetricName = keyof typeof metricTable;
export type RoundMetrics = Readonly<Partial<Record<MetricName, number>>>;

export interface MetricDefinition {
  /** With its unit, as it stands in tables. */
  readonly title: string;
  readonly better: 'higher' | 'lower' | 'neither';
  /** A value is divided by this for display. */
  readonly scale: number;
}

const metricTable = {
  requestsPerSecond: { title: 'requests/s', better: 'higher', scale: 1 },
  recordsPerSecond: { title: 'records/s', better: 'higher', scale: 1 },
  /** Record batches as they are on the wire, 10^6 bytes. */
  megabytesPerSecond: { title: 'MB/s', better: 'higher', scale: 1 },
  /** User and system time of the server's process alone, for each 10^9 bytes of record batches. */
  cpuSecondsPerGb: { title: 'CPU-s/GB', better: 'lower', scale: 1 },
  p50Us: { title: 'p50 ms', better: 'lower', scale: 1000 },
  p99Us: { title: 'p99 ms', better: 'lower', scale: 1000 },
  p999Us: { title: 'p99.9 ms', better: 'lower', scale: 1000 },
  maxUs: { title: 'max ms', better: 'lower', scale: 1000 },
  systemCallsPerRequest: { title: 'system calls/request', better: 'lower', scale: 1 },
  voluntarySwitchesPerRequest: { title: 'voluntary switches/request', better: 'lower', scale: 1 },
  involuntarySwitchesPerRequest: { title: 'involuntary switches/request', better: 'lower', scale: 1 },
  /** Record bytes that went out of the server through its own memory. */
  copiedBytes: { title: 'copied MB', better: 'neither', scale: 1e6 },
  sendfileBytes: { title: 'sendfile MB', better: 'neither', scale: 1e6 },
  /** At the end of the round. */
  rssBytes: { title: 'RSS MiB', better: 'lower', scale: 2 ** 20 },
  /** From the start of the process to its first answers. */
  firstAnswerMs: { title: 'first answer ms', better: 'lower', scale: 1 },
  /** User and system time in 10 s of a server that nobody asks anything. */
  idleCpuMs: { title: 'idle CPU ms', better: 'lower', scale: 1 },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = metricTable;
export const METRIC_NAMES: readonly MetricName[] = Object.keys(metricTable).filter(isMetricName);

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metricTable, name);
}

/** Over rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Undefined for no values. The median of an even number of values is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (min === undefined || max === undefined || low === undefined || high === undefined) return undefined;
  return { median: (low + high) / 2, min, max };
}

/** About three digits, thousands apart from 10,000 on: 0.012, 0.59, 12.3, 127, 1270, 127,000. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  const text = value.toFixed(digits);
  return size < 10_000 ? text : text.replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `0.59 (0.56–0.63)`, or the value alone when nothing varies. */
export function formatSpread({ median, min, max }: Spread, scale = 1): string {
  const [middle, low, high] = [median, min, max].map((value) => formatNumber(value / scale));
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}
