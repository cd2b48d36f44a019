import type { Registry } from 'prom-client';
import type { DurationHistogram } from './histogram.js';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
}

export interface HistogramSample {
  readonly histogram: DurationHistogram;
  readonly labels?: Labels;
}

/** Cumulated counts as Prometheus' histograms have them. */
export interface BucketSample {
  readonly labels?: Labels;
  /** Upper bounds, ascending, and how many values lie at or below each; `count` is of all. */
  readonly buckets: ReadonlyArray<{ readonly bound: number; readonly count: number }>;
  readonly count: number;
  readonly sum: number;
}

/** A family whose name is known only when it is there: of others' metrics. */
export interface DynamicFamily {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** One number without labels, or several. Called at each scrape. */
export type Reader<T> = () => Iterable<T>;

type Family =
  | { readonly kind: 'counter' | 'gauge'; readonly name: string; readonly help: string; readonly read: Reader<Sample> }
  | {
      readonly kind: 'durations';
      readonly name: string;
      readonly help: string;
      readonly read: Reader<HistogramSample>;
    }
  | { readonly kind: 'histogram'; readonly name: string; readonly help: string; readonly read: Reader<BucketSample> };

/** The percentiles Kafka's own histograms show. */
const QUANTILES = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999] as const;
const QUANTILE_LABELS = ['0.50', '0.75', '0.95', '0.98', '0.99', '0.999'] as const;

/**
 * What can be read of a running broker. Code that works counts in plain fields and registers a function that reads them:
 * counting costs nothing but the addition, and prom-client is loaded at the first scrape.
 */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #dynamic: Array<() => readonly DynamicFamily[]> = [];
  #scrapes = 0;

  /** Only ever grows. `name` ends in `_total`. */
  counter(name: string, help: string, read: Reader<Sample> | (() => number)): void {
    this.#add({ kind: 'counter', name, help, read: samples(read) });
  }

  gauge(name: string, help: string, read: Reader<Sample> | (() => number)): void {
    this.#add({ kind: 'gauge', name, help, read: samples(read) });
  }

  /** As the JMX exporter shows Kafka's histograms: `name{quantile="0.99"}` in ms and `name_count`. */
  durations(name: string, help: string, read: Reader<HistogramSample>): void {
    this.#add({ kind: 'durations', name, help, read });
  }

  /** A histogram of Prometheus: `name_bucket{le="..."}`, `name_sum` and `name_count`. */
  histogram(name: string, help: string, read: Reader<BucketSample>): void {
    this.#add({ kind: 'histogram', name, help, read });
  }

  /** Families that come and go. One that has the name of another is not shown. */
  families(read: () => readonly DynamicFamily[]): void {
    this.#dynamic.push(read);
  }

  /** `read`, called once a scrape, for several families that each show a part of what it gives. */
  oncePerScrape<T>(read: () => T): () => T {
    let known: { readonly scrape: number; readonly value: T } | undefined;
    return () => {
      if (known?.scrape !== this.#scrapes) known = { scrape: this.#scrapes, value: read() };
      return known.value;
    };
  }

  /** The Prometheus text format, version 0.0.4. */
  async exposition(): Promise<string> {
    const { Counter, Gauge, Registry } = await import('prom-client');
    // A fresh registry for each scrape: it holds numbers only while they are printed.
    const registry = new Registry();
    this.#scrapes += 1;
    let histograms = '';
    for (const family of this.#families.values()) {
      const { name, help } = family;
      if (family.kind === 'histogram') {
        histograms += histogramText(family);
        continue;
      }
      if (family.kind === 'durations') {
        exposeDurations(family, registry, { Counter, Gauge });
        continue;
      }
      expose({ kind: family.kind, name, help, samples: [...family.read()] }, registry, { Counter, Gauge });
    }
    for (const family of this.#dynamic.flatMap((read) => read()))
      if (registry.getSingleMetric(family.name) === undefined) expose(family, registry, { Counter, Gauge });
    return `${await registry.metrics()}${histograms}`;
  }

  #add(family: Family): void {
    if (this.#families.has(family.name)) throw new RangeError(`metric ${family.name} is there already`);
    this.#families.set(family.name, family);
  }
}

type Makers = Pick<typeof import('prom-client'), 'Counter' | 'Gauge'>;

function expose({ kind, name, help, samples: found }: DynamicFamily, registry: Registry, makers: Makers): void {
  const options = { name, help, labelNames: labelNames(found), registers: [registry] };
  if (kind === 'counter') {
    const counter = new makers.Counter(options);
    for (const { labels = {}, value } of found) counter.inc(labels, value);
  } else {
    const gauge = new makers.Gauge(options);
    for (const { labels = {}, value } of found) gauge.set(labels, value);
  }
}

/** prom-client's histograms take single values only. */
function histogramText({ name, help, read }: Extract<Family, { kind: 'histogram' }>): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels = {}, buckets, count, sum } of read()) {
    const own = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
    const line = (suffix: string, value: number, more: readonly string[] = []) => {
      const all = [...own, ...more].join(',');
      lines.push(`${name}_${suffix}${all === '' ? '' : `{${all}}`} ${value}`);
    };
    for (const bucket of buckets) line('bucket', bucket.count, [`le="${bucket.bound}"`]);
    line('bucket', count, ['le="+Inf"']);
    line('sum', sum);
    line('count', count);
  }
  return `${lines.join('\n')}\n`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function exposeDurations(
  family: Extract<Family, { kind: 'durations' }>,
  registry: Registry,
  { Counter, Gauge }: Makers,
): void {
  const { name, help } = family;
  const found = [...family.read()];
  const names = labelNames(found);
  const gauge = new Gauge({ name, help, labelNames: [...names, 'quantile'], registers: [registry] });
  const counter = new Counter({ name: `${name}_count`, help, labelNames: names, registers: [registry] });
  for (const { labels = {}, histogram } of found) {
    counter.inc(labels, histogram.count);
    const values = histogram.quantiles(QUANTILES);
    values.forEach((value, at) => {
      gauge.set({ ...labels, quantile: QUANTILE_LABELS[at] ?? '' }, value);
    });
  }
}

function samples(read: Reader<Sample> | (() => number)): Reader<Sample> {
  return () => {
    const result = read();
    return typeof result === 'number' ? [{ value: result }] : result;
  };
}

function labelNames(found: readonly { readonly labels?: Labels }[]): string[] {
  return [...new Set(found.flatMap(({ labels }) => Object.keys(labels ?? {})))];
}

/**
 * The name the JMX exporter gives a Kafka metric: `jmxName('kafka.server', 'BrokerTopicMetrics', 'MessagesInPerSec')` is
 * `kafka_server_brokertopicmetrics_messagesin_total`.
 */
export function jmxName(domain: string, type: string, name: string): string {
  const perSecond = /PerSec$/.test(name);
  const plain = `${domain}_${type}_${name.replace(/PerSec$/, '')}`.replaceAll(/[^A-Za-z0-9_]/g, '_').toLowerCase();
  return perSecond ? `${plain}_total` : plain;
}
