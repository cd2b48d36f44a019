import type { LatencyRecord } from './histogram.js';
import {
  isMetricName,
  METRIC_NAMES,
  METRICS,
  type MetricName,
  type RoundMetrics,
  type Spread,
  spreadOf,
} from './metrics.js';

export const reportFormat = 'millrace-bench-1';

/** Where and with what a report was made. */
export interface BenchEnvironment {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: string;
  readonly cpu: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly millrace: string;
  /** Of the checkout that was measured; left out outside of one. */
  readonly commit?: string;
}

export interface ServerDescription {
  /** As rows name it; no two alike. */
  readonly name: string;
  readonly version?: string;
  readonly address?: string;
}

/** What a ratio to another server, or without `against` a value of the first server, should reach. */
export interface Target {
  readonly metric: MetricName;
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One workload as it was measured: for each round what each server did. */
export interface WorkloadRun {
  readonly workload: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly rounds: ReadonlyArray<Readonly<Record<string, RoundMetrics>>>;
  readonly targets?: readonly Target[];
  /** By server, over all rounds. */
  readonly latencies?: Readonly<Record<string, LatencyRecord>>;
  /** What is compared as throughput. Default: the first of records/s, requests/s and MB/s that all have. `null`: nothing. */
  readonly throughput?: MetricName | null;
}

/** The first server's value divided by another's, round by round. */
export interface RatioRow {
  readonly metric: MetricName;
  readonly against: string;
  readonly ratio: Spread;
  readonly target?: Target;
  readonly met?: boolean;
}

/** A target that is no ratio. */
export interface GoalRow {
  readonly metric: MetricName;
  readonly value: Spread;
  readonly target: Target;
  readonly met: boolean;
}

export interface WorkloadRow {
  readonly workload: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly rounds: number;
  readonly values: Readonly<Record<string, Readonly<Partial<Record<MetricName, Spread>>>>>;
  readonly ratios: readonly RatioRow[];
  readonly goals: readonly GoalRow[];
  readonly latencies: Readonly<Record<string, LatencyRecord>>;
  /** Metric compared as throughput. */
  readonly throughput?: MetricName;
}

/** A case in which the first server is behind another one, or misses a target. */
export interface Loss {
  readonly workload: string;
  readonly metric: MetricName;
  readonly kind: 'behind' | 'target';
  readonly against?: string;
  /** Ratio, or value for a target that is no ratio. */
  readonly value: Spread;
  /** The target that is missed, if there is one. */
  readonly target?: Target;
  /** False when at least one round went the other way. */
  readonly inEveryRound: boolean;
}

/** Medians with min and max over rounds; plain data, as it stands in JSON. */
export interface BenchReport {
  readonly format: typeof reportFormat;
  readonly title: string;
  readonly environment: BenchEnvironment;
  /** The first one is what the report is about. */
  readonly servers: readonly ServerDescription[];
  readonly rows: readonly WorkloadRow[];
  /** Computed from the rows. */
  readonly lost: readonly Loss[];
  readonly notes: readonly string[];
}

/** Ratios this close to 1 are even: neither won nor lost. */
export const evenWithin = 0.02;

/** Beside throughput, what servers are compared by. */
const comparedMetrics: readonly MetricName[] = ['cpuSecondsPerGb', 'p99Us', 'rssBytes'];
const throughputMetrics: readonly MetricName[] = ['recordsPerSecond', 'requestsPerSecond', 'megabytesPerSecond'];

export function buildReport(parts: {
  readonly title: string;
  readonly environment: BenchEnvironment;
  readonly servers: readonly ServerDescription[];
  readonly runs: readonly WorkloadRun[];
  readonly notes?: readonly string[];
}): BenchReport {
  const names = parts.servers.map(({ name }) => name);
  const rows = parts.runs.map((run) => rowOf(run, names));
  return {
    format: reportFormat,
    title: parts.title,
    environment: parts.environment,
    servers: parts.servers,
    rows,
    lost: rows.flatMap(lossesOf),
    notes: parts.notes ?? [],
  };
}

function rowOf(run: WorkloadRun, servers: readonly string[]): WorkloadRow {
  const { workload, settings, rounds } = run;
  const [first, ...others] = servers;
  const targets = run.targets ?? [];
  const values = Object.fromEntries(servers.map((server) => [server, spreadsOf(rounds, server)]));
  const throughput = run.throughput === undefined ? commonThroughput(run, servers) : (run.throughput ?? undefined);
  const ratios: RatioRow[] = [];
  const goals: GoalRow[] = [];
  if (first !== undefined) {
    for (const against of others) {
      const asked = targets.filter((target) => target.against === against).map((target) => target.metric);
      const metrics = [...new Set([...(throughput === undefined ? [] : [throughput]), ...comparedMetrics, ...asked])];
      for (const metric of metrics) {
        const ratio = ratioOf(rounds, metric, first, against);
        if (ratio === undefined) continue;
        const target = targets.find((one) => one.against === against && one.metric === metric);
        ratios.push({
          metric,
          against,
          ratio,
          ...(target === undefined ? {} : { target, met: meets(ratio.median, target) }),
        });
      }
    }
    for (const target of targets) {
      const value = values[first]?.[target.metric];
      if (target.against === undefined && value !== undefined)
        goals.push({ metric: target.metric, value, target, met: meets(value.median, target) });
    }
  }
  return {
    workload,
    settings,
    rounds: rounds.length,
    values,
    ratios,
    goals,
    latencies: run.latencies ?? {},
    ...(throughput === undefined ? {} : { throughput }),
  };
}

function spreadsOf(rounds: WorkloadRun['rounds'], server: string): Partial<Record<MetricName, Spread>> {
  const found: Partial<Record<MetricName, Spread>> = {};
  for (const metric of METRIC_NAMES) {
    const spread = spreadOf(rounds.flatMap((round) => finite(round[server]?.[metric])));
    if (spread !== undefined) found[metric] = spread;
  }
  return found;
}

function finite(value: number | undefined): readonly number[] {
  return value === undefined || !Number.isFinite(value) ? [] : [value];
}

function commonThroughput({ rounds }: WorkloadRun, servers: readonly string[]): MetricName | undefined {
  return throughputMetrics.find((metric) =>
    servers.every((server) => rounds.some((round) => finite(round[server]?.[metric]).length > 0)),
  );
}

function ratioOf(
  rounds: WorkloadRun['rounds'],
  metric: MetricName,
  first: string,
  against: string,
): Spread | undefined {
  return spreadOf(
    rounds.flatMap((round) => {
      const [own, other] = [round[first]?.[metric], round[against]?.[metric]];
      return own === undefined || other === undefined || other === 0 ? [] : finite(own / other);
    }),
  );
}

function meets(value: number, { atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  return value >= atLeast && value <= atMost;
}

function lossesOf(row: WorkloadRow): readonly Loss[] {
  const losses: Loss[] = [];
  const { workload } = row;
  for (const { metric, against, ratio, target, met } of row.ratios) {
    const { better } = METRICS[metric];
    const isBehind = (value: number): boolean =>
      better === 'higher' ? value < 1 - evenWithin : better === 'lower' && value > 1 + evenWithin;
    // One line a case: being behind says more than missing a target.
    if (isBehind(ratio.median))
      losses.push({
        workload,
        metric,
        kind: 'behind',
        against,
        value: ratio,
        inEveryRound: isBehind(ratio.min) && isBehind(ratio.max),
        ...(met === false && target !== undefined ? { target } : {}),
      });
    else if (target !== undefined && met === false) losses.push({ ...missed(row, metric, ratio, target), against });
  }
  for (const { metric, value, target, met } of row.goals) if (!met) losses.push(missed(row, metric, value, target));
  return losses;
}

function missed({ workload }: WorkloadRow, metric: MetricName, value: Spread, target: Target): Loss {
  const inEveryRound = !meets(value.min, target) && !meets(value.max, target);
  return { workload, metric, kind: 'target', value, target, inEveryRound };
}

export class ReportFormatError extends Error {
  override readonly name = 'ReportFormatError';
}

/** Reads what `JSON.stringify` made of a report. @throws ReportFormatError */
export function parseReport(text: string): BenchReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ReportFormatError('this is no JSON', { cause: error });
  }
  if (!isReport(value)) throw new ReportFormatError(`this is no report of the format ${reportFormat}`);
  return value;
}

function isReport(value: unknown): value is BenchReport {
  return (
    isObject(value) &&
    value.format === reportFormat &&
    typeof value.title === 'string' &&
    isObject(value.environment) &&
    isListOf(value.servers, (server) => typeof server.name === 'string') &&
    isListOf(value.rows, isRow) &&
    isListOf(value.lost, (loss) => isMetric(loss.metric) && isSpread(loss.value)) &&
    Array.isArray(value.notes)
  );
}

function isRow(row: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof row.workload === 'string' &&
    isObject(row.settings) &&
    isObject(row.values) &&
    Object.values(row.values).every(
      (metrics) =>
        isObject(metrics) && Object.entries(metrics).every(([name, spread]) => isMetric(name) && isSpread(spread)),
    ) &&
    isListOf(row.ratios, (one) => isMetric(one.metric) && typeof one.against === 'string' && isSpread(one.ratio)) &&
    isListOf(row.goals, (one) => isMetric(one.metric) && isSpread(one.value) && isObject(one.target)) &&
    isObject(row.latencies) &&
    Object.values(row.latencies).every((record) => isObject(record) && Array.isArray(record.curve))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, holds: (element: Readonly<Record<string, unknown>>) => boolean): boolean {
  return Array.isArray(value) && value.every((element: unknown) => isObject(element) && holds(element));
}

function isMetric(value: unknown): boolean {
  return typeof value === 'string' && isMetricName(value);
}

function isSpread(value: unknown): boolean {
  return isObject(value) && [value.median, value.min, value.max].every((one) => typeof one === 'number');
}
