import type { CurvePoint } from './histogram.js';
import { formatNumber, formatSpread, METRICS, type MetricName, type Spread } from './metrics.js';
import type { BenchReport, WorkloadRow } from './report.js';
import {
  line,
  linearTicks,
  lineStyle,
  logTicks,
  picture,
  polyline,
  rectangle,
  seriesStyle,
  text,
  textWidth,
} from './svg.js';

export interface Bar {
  readonly series: string;
  readonly value: Spread;
  /** Where a value should be, drawn as a mark across the bar. */
  readonly target?: number;
}

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  /** What the axis shows. */
  readonly axis: string;
  readonly groups: readonly BarGroup[];
  /** `ratio`: bars begin at 1 on a logarithmic axis, and the side that is worse is tinted. `amount`: from 0, linear. */
  readonly scale: 'amount' | 'ratio';
  /** For ratios: which side is worse. */
  readonly better?: 'higher' | 'lower';
}

const width = 860;
const margin = 16;
const barHeight = 14;
const barGap = 4;
const groupGap = 14;

interface Axis {
  readonly ticks: readonly number[];
  readonly base: number;
  readonly x: (value: number) => number;
}

/** Horizontal bars with a whisker from min to max, in groups with a label each. Bounded by what is given. */
export function barChart(chart: BarChart): string {
  const series = [...new Set(chart.groups.flatMap(({ bars }) => bars.map((bar) => bar.series)))];
  const labelWidth = Math.max(60, ...chart.groups.map(({ label }) => textWidth(label, 13)));
  const valueWidth = Math.max(
    30,
    ...chart.groups.flatMap(({ bars }) => bars.map(({ value }) => textWidth(formatSpread(value)))),
  );
  const left = margin + labelWidth + 12;
  const right = width - margin - valueWidth - 10;
  const top = margin + 24 + 24;
  const groups = placed(chart.groups, top + 8);
  // Below the last ratio a word says what the tint means.
  const bottom = (groups.at(-1)?.end ?? top) + (chart.scale === 'ratio' ? 22 : 8);
  const axis = axisOf(chart, left, right);
  const body: string[] = [text(margin, margin + 12, chart.title, 'title'), ...legend(series, margin + 36)];
  if (chart.scale === 'ratio') body.push(...behindSide(chart, axis, left, right, top, bottom));
  for (const tick of axis.ticks) {
    const x = axis.x(tick);
    body.push(line(x, top, x, bottom, 'grid'), text(x, bottom + 16, tickText(tick), 'soft', 'middle'));
  }
  body.push(line(axis.x(axis.base), top, axis.x(axis.base), bottom, 'axis'));
  for (const group of groups) {
    body.push(text(left - 12, (group.start + group.end) / 2 + 4, group.label, 'group', 'end'));
    group.bars.forEach((bar, index) => {
      const y = group.start + index * (barHeight + barGap);
      body.push(...drawnBar(bar, axis, y, series.indexOf(bar.series), right));
    });
  }
  body.push(text((left + right) / 2, bottom + 34, chart.axis, 'soft', 'middle'));
  return picture(width, bottom + 34 + margin, chart.title, body);
}

function placed(groups: readonly BarGroup[], top: number) {
  let y = top;
  return groups.map(({ label, bars }) => {
    const start = y;
    const end = start + bars.length * (barHeight + barGap) - barGap;
    y = end + groupGap;
    return { label, bars, start, end };
  });
}

function axisOf({ scale, groups }: BarChart, left: number, right: number): Axis {
  const bars = groups.flatMap((group) => group.bars);
  const targets = bars.flatMap(({ target }) => (target === undefined ? [] : [target]));
  const highest = Math.max(...bars.map(({ value }) => value.max), ...targets);
  if (scale === 'amount') {
    const ticks = linearTicks(highest > 0 && Number.isFinite(highest) ? highest : 1);
    const last = ticks.at(-1) ?? 1;
    return { ticks, base: 0, x: (value) => left + (value / last) * (right - left) };
  }
  const lowest = Math.min(...bars.map(({ value }) => value.min), ...targets);
  // A ratio of 0 has no place on this axis; it ends at its edge.
  const ticks = logTicks(Math.max(0.001, Math.min(0.5, lowest)), Math.min(1000, Math.max(2, highest)));
  const from = ticks[0] ?? 0.5;
  const span = Math.log((ticks.at(-1) ?? 2) / from);
  const x = (value: number): number => {
    const share = Math.log(Math.max(value, from) / from) / span;
    return left + Math.min(1, share) * (right - left);
  };
  return { ticks, base: 1, x };
}

function drawnBar({ value, target }: Bar, axis: Axis, y: number, series: number, right: number): readonly string[] {
  const base = axis.x(axis.base);
  const tip = axis.x(value.median);
  const low = axis.x(value.min);
  const high = axis.x(value.max);
  const middle = y + barHeight / 2;
  const shapes = [
    rectangle(Math.min(base, tip), y, Math.max(1.5, Math.abs(tip - base)), barHeight, seriesStyle(series), 1.5),
  ];
  if (high - low > 0.5)
    shapes.push(
      line(low, middle, high, middle, 'whisker'),
      line(low, middle - 4, low, middle + 4, 'whisker'),
      line(high, middle - 4, high, middle + 4, 'whisker'),
    );
  if (target !== undefined) shapes.push(line(axis.x(target), y - 2, axis.x(target), y + barHeight + 2, 'target'));
  shapes.push(text(right + 10, middle + 4, formatSpread(value), 'value'));
  return shapes;
}

function behindSide(
  { better }: BarChart,
  axis: Axis,
  left: number,
  right: number,
  top: number,
  bottom: number,
): readonly string[] {
  if (better === undefined) return [];
  const one = axis.x(1);
  const [from, to] = better === 'higher' ? [left, one] : [one, right];
  const [x, anchor] = better === 'higher' ? ([left + 4, 'start'] as const) : ([right - 4, 'end'] as const);
  return [rectangle(from, top, to - from, bottom - top, 'behind'), text(x, bottom - 5, 'behind', 'soft', anchor)];
}

function legend(series: readonly string[], y: number): readonly string[] {
  let x = margin;
  return series.flatMap((name, index) => {
    const shapes = [rectangle(x, y - 9, 11, 11, seriesStyle(index), 2), text(x + 16, y, name, 'name')];
    x += 16 + textWidth(name) + 18;
    return shapes;
  });
}

export interface LatencyChart {
  readonly title: string;
  readonly curves: ReadonlyArray<{ readonly series: string; readonly points: readonly CurvePoint[] }>;
}

const latencyHeight = 340;

/** Latency against percentile; every step to the right has a tenth of the requests left above it. */
export function latencyChart({ title, curves }: LatencyChart): string {
  const drawn = curves.filter(({ points }) => points.length > 0);
  const values = drawn.flatMap(({ points }) => points.map(([, us]) => Math.max(1, us)));
  const ticks = logTicks(Math.min(...values, 1e9), Math.max(...values, 2));
  const [low, high] = [ticks[0] ?? 1, ticks.at(-1) ?? 10];
  const left = margin + Math.max(...ticks.map((tick) => textWidth(latencyText(tick), 11))) + 10;
  const [right, top, bottom] = [width - margin - 20, margin + 52, latencyHeight - 52];
  // The maximum stands where the last percentile that the count carries is.
  const rightmost = Math.max(
    1,
    ...drawn.flatMap(({ points }) => points.map(([percentile]) => nines(percentile))).filter(Number.isFinite),
  );
  const x = (percentile: number): number =>
    left + (Math.min(nines(percentile), rightmost) / rightmost) * (right - left);
  const y = (us: number): number => bottom - (Math.log(Math.max(1, us) / low) / Math.log(high / low)) * (bottom - top);
  const body = [
    text(margin, margin + 12, title, 'title'),
    ...legend(
      drawn.map(({ series }) => series),
      margin + 36,
    ),
  ];
  for (const tick of ticks)
    body.push(
      line(left, y(tick), right, y(tick), 'grid'),
      text(left - 8, y(tick) + 4, latencyText(tick), 'soft', 'end'),
    );
  for (const percentile of [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999])
    if (nines(percentile) <= rightmost)
      body.push(
        line(x(percentile), top, x(percentile), bottom, 'grid'),
        text(x(percentile), bottom + 16, percentile === 0 ? 'min' : `${percentile} %`, 'soft', 'middle'),
      );
  drawn.forEach(({ points }, index) => {
    body.push(
      polyline(
        points.map(([percentile, us]) => [x(percentile), y(us)]),
        lineStyle(index),
      ),
    );
  });
  body.push(line(left, bottom, right, bottom, 'axis'));
  body.push(text((left + right) / 2, bottom + 36, 'percentile of requests', 'soft', 'middle'));
  return picture(width, latencyHeight, title, body);
}

/** How many nines: 0 → 0, 90 → 1, 99 → 2, 100 → infinitely many. */
function nines(percentile: number): number {
  return percentile >= 100 ? Number.POSITIVE_INFINITY : -Math.log10(1 - percentile / 100);
}

/** Round figures without digits that say nothing. */
function tickText(value: number): string {
  return value >= 10_000 ? formatNumber(value) : String(Number(value.toPrecision(3)));
}

export function latencyText(us: number): string {
  if (us < 1000) return `${tickText(us)} µs`;
  return us < 1_000_000 ? `${Number((us / 1000).toPrecision(3))} ms` : `${Number((us / 1_000_000).toPrecision(3))} s`;
}

export interface NamedChart {
  /** For a file name. */
  readonly name: string;
  readonly svg: string;
}

/** The charts of a report: with other servers ratios to them, with one server its values, and latencies of each workload. */
export function reportCharts(report: BenchReport): readonly NamedChart[] {
  const first = report.servers[0]?.name ?? '';
  const charts: NamedChart[] = [];
  if (report.servers.length > 1) {
    charts.push(...ratioCharts(report, first));
  } else {
    for (const metric of ['megabytesPerSecond', 'recordsPerSecond', 'cpuSecondsPerGb'] as const)
      charts.push(...amountChart(report, metric));
  }
  report.rows.forEach((row, index) => {
    const curves = report.servers.flatMap(({ name }) => {
      const points = row.latencies[name]?.curve ?? [];
      return points.length === 0 ? [] : [{ series: name, points }];
    });
    if (curves.length > 0)
      charts.push({ name: `latency-${index + 1}`, svg: latencyChart({ title: `Latency: ${row.workload}`, curves }) });
  });
  return charts;
}

function ratioCharts(report: BenchReport, first: string): readonly NamedChart[] {
  const charts: NamedChart[] = [];
  const kinds: ReadonlyArray<readonly [string, string, (row: WorkloadRow) => MetricName | undefined]> = [
    ['throughput', `Throughput of ${first}`, (row) => row.throughput],
    ['cpu', `CPU time of ${first} for the same bytes`, () => 'cpuSecondsPerGb'],
    ['p99', `p99 latency of ${first}`, () => 'p99Us'],
  ];
  for (const [name, title, metricOf] of kinds) {
    const groups = report.rows.flatMap((row) => {
      const bars = row.ratios
        .filter(({ metric }) => metric === metricOf(row))
        .map(({ against, ratio, target }) => {
          const bound = target?.atLeast ?? target?.atMost;
          return { series: `to ${against}`, value: ratio, ...(bound === undefined ? {} : { target: bound }) };
        });
      return bars.length === 0 ? [] : [{ label: row.workload, bars }];
    });
    if (groups.length === 0) continue;
    const better = name === 'throughput' ? 'higher' : 'lower';
    const axis = `ratio, ${better} is better; whiskers are min and max over rounds, dashes are targets`;
    charts.push({ name, svg: barChart({ title, axis, groups, scale: 'ratio', better }) });
  }
  return charts;
}

function amountChart(report: BenchReport, metric: MetricName): readonly NamedChart[] {
  const { title, scale } = METRICS[metric];
  const groups = report.rows.flatMap((row) => {
    const bars = report.servers.flatMap(({ name }) => {
      const spread = row.values[name]?.[metric];
      if (spread === undefined) return [];
      const value = { median: spread.median / scale, min: spread.min / scale, max: spread.max / scale };
      return [{ series: name, value }];
    });
    return bars.length === 0 ? [] : [{ label: row.workload, bars }];
  });
  if (groups.length === 0) return [];
  const axis = `${title}; whiskers are min and max over rounds`;
  return [{ name: metric, svg: barChart({ title, axis, groups, scale: 'amount' }) }];
}
