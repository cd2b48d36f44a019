import type { Session } from '../session.js';
import type { Histograms, LatencyHistogram } from './histogram.js';
import type { Interruption } from './interruption.js';
import { benchBatch } from './load/batches.js';
import type { LoadPlan, LoadResult } from './load/plan.js';
import { runLoadProcesses } from './load_processes.js';
import type { RoundMetrics } from './metrics.js';
import { type ServerSample, sampleServer } from './servers/probe.js';
import type { BenchServer } from './servers/server.js';
import type { MeasuringSettings, WorkloadSettings } from './settings.js';
import { createBenchTopic, deleteBenchTopics } from './topics.js';

export interface RoundResult {
  readonly metrics: RoundMetrics;
  readonly latencies: LatencyHistogram;
  readonly notes: readonly string[];
}

export interface RunnerContext {
  readonly session: Session;
  readonly server: BenchServer;
  readonly workload: WorkloadSettings;
  readonly measuring: MeasuringSettings;
  readonly histograms: Histograms;
  readonly interruption: Interruption;
  /** Keeps the topics of several runs apart. */
  readonly runId: string;
}

/** One workload on one server, round after round. What it creates there is removed by {@link close}. */
export class WorkloadRunner {
  readonly #topics: string[] = [];
  readonly #batch: Promise<Buffer>;
  #filled: string | undefined;
  #created = 0;

  constructor(private readonly context: RunnerContext) {
    this.#batch = benchBatch(context.workload, context.session.io.environment.clock.wallMs());
  }

  async batchBytes(): Promise<number> {
    return (await this.#batch).length;
  }

  /** @throws ClientError */
  async round(): Promise<RoundResult> {
    const notes: string[] = [];
    const topic = this.#filled ?? (await this.#freshTopic(notes));
    if (this.context.workload.mode === 'fetch' && this.#filled === undefined) {
      await this.#fill(topic);
      this.#filled = topic;
    }
    const { io } = this.context.session;
    const ports = { files: io.files, http: io.http };
    let before: Promise<ServerSample> | undefined;
    let after: Promise<ServerSample> | undefined;
    const results = await runLoadProcesses(io, await this.#plans(topic), {
      begin: () => this.context.interruption.check(),
      ready: async () => {
        // Without a warm-up the load is measured from its first request on.
        if (this.context.measuring.warmupMs === 0) before = sampleServer(this.context.server, ports);
        await before;
      },
      measuring: () => {
        before ??= sampleServer(this.context.server, ports);
      },
      measured: () => {
        after = sampleServer(this.context.server, ports);
      },
    });
    const latencies = this.context.histograms.create();
    for (const result of results) latencies.merge(this.context.histograms.parse(result.latencies));
    const unanswered = results.reduce((sum, result) => sum + result.unanswered, 0);
    if (unanswered > 0)
      notes.push(
        `${this.context.server.name}: ${unanswered} requests were still not answered ${this.context.measuring.drainMs / 1000} s after their round; their age until then counts as their latency.`,
      );
    const metrics = roundMetrics(results, latencies, (await before) ?? {}, (await after) ?? {});
    if (topic !== this.#filled) await deleteBenchTopics(this.context.session.admin, this.#topics.splice(0));
    return { metrics, latencies, notes };
  }

  async close(): Promise<void> {
    await deleteBenchTopics(this.context.session.admin, this.#topics.splice(0));
  }

  async #freshTopic(notes: string[]): Promise<string> {
    this.#created += 1;
    const name = `millrace-bench-${this.context.runId}-${this.#created}`;
    this.#topics.push(name);
    const note = await createBenchTopic(
      this.context.session.admin,
      name,
      this.context.workload,
      await this.batchBytes(),
    );
    if (note !== undefined) notes.push(`${this.context.server.name} ${note}.`);
    return name;
  }

  async #batchesPerPartition(): Promise<number> {
    const { prefillBytes, partitions } = this.context.workload;
    return Math.max(1, Math.ceil(prefillBytes / (await this.batchBytes()) / partitions));
  }

  /** Writes what is fetched later: one connection takes the partitions in turn, so each gets as much. */
  async #fill(topic: string): Promise<void> {
    const count = (await this.#batchesPerPartition()) * this.context.workload.partitions;
    const plan = await this.#plan(topic, {
      mode: 'produce',
      acks: -1,
      connections: 1,
      firstConnection: 0,
      ownConnections: 1,
      depth: 16,
      requestsPerSecond: null,
      warmupMs: 0,
      measureMs: fillTimeoutMs,
      maxRequests: count,
      maxBytes: Number.MAX_SAFE_INTEGER,
    });
    const begin = (): void => this.context.interruption.check();
    const nothing = { begin, ready: () => Promise.resolve(), measuring: () => undefined, measured: () => undefined };
    const [result] = await runLoadProcesses(this.context.session.io, [plan], nothing);
    if (result?.requests !== count)
      throw new Error(
        `${this.context.server.name} took only ${result?.requests ?? 0} of ${count} batches to fetch later`,
      );
  }

  async #plans(topic: string): Promise<readonly LoadPlan[]> {
    const { connections, requestsPerSecond } = this.context.workload;
    const { maxRequests, maxBytes } = this.context.measuring;
    const processes = Math.min(this.context.measuring.processes, connections);
    const plans: LoadPlan[] = [];
    for (let index = 0, first = 0; index < processes; index += 1) {
      const own = Math.floor((connections - first) / (processes - index));
      const share = own / connections;
      plans.push(
        await this.#plan(topic, {
          firstConnection: first,
          ownConnections: own,
          requestsPerSecond: requestsPerSecond === null ? null : requestsPerSecond * share,
          maxRequests: maxRequests === null ? null : Math.max(1, Math.round(maxRequests * share)),
          maxBytes: Math.ceil(maxBytes * share),
        }),
      );
      first += own;
    }
    return plans;
  }

  async #plan(topic: string, changes: Partial<LoadPlan>): Promise<LoadPlan> {
    const { mode, partitions, recordBytes, recordsPerBatch, compression, acks, connections, depth } =
      this.context.workload;
    const { warmupMs, measureMs, drainMs, maxBytes } = this.context.measuring;
    return {
      mode,
      bootstrapServers: this.context.server.bootstrapServers,
      topic,
      partitions,
      recordBytes,
      recordsPerBatch,
      compression,
      acks,
      connections,
      firstConnection: 0,
      ownConnections: connections,
      depth,
      requestsPerSecond: null,
      warmupMs,
      measureMs,
      maxRequests: null,
      maxBytes,
      drainMs,
      batchesPerPartition: await this.#batchesPerPartition(),
      fetchBytes: this.context.workload.fetchBytes ?? (await this.batchBytes()),
      ...changes,
    };
  }
}

const fillTimeoutMs = 120_000;

export function roundMetrics(
  results: readonly LoadResult[],
  latencies: LatencyHistogram,
  before: ServerSample,
  after: ServerSample,
): RoundMetrics {
  const rate = (of: 'requests' | 'records' | 'bytes'): number =>
    results.reduce((sum, result) => sum + (result.seconds > 0 ? result[of] / result.seconds : 0), 0);
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  const delta = (of: keyof ServerSample): number | undefined => {
    const [from, to] = [before[of], after[of]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  const per = (value: number | undefined, divisor: number): number | undefined =>
    value === undefined || divisor === 0 ? undefined : value / divisor;
  const { p50Us, p99Us, p999Us, maxUs } = latencies.summary();
  return known({
    requestsPerSecond: rate('requests'),
    recordsPerSecond: rate('records'),
    megabytesPerSecond: rate('bytes') / 1e6,
    cpuSecondsPerGb: per(delta('cpuSeconds'), bytes / 1e9),
    p50Us,
    p99Us,
    p999Us,
    maxUs,
    systemCallsPerRequest: per(delta('systemCalls'), requests),
    voluntarySwitchesPerRequest: per(delta('voluntarySwitches'), requests),
    involuntarySwitchesPerRequest: per(delta('involuntarySwitches'), requests),
    copiedBytes: delta('copiedBytes'),
    sendfileBytes: delta('sendfileBytes'),
    rssBytes: after.rssBytes,
  });
}

function known(values: { readonly [Name in keyof RoundMetrics]?: number | undefined }): RoundMetrics {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
