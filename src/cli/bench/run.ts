import type { Surroundings } from '../command.js';
import { openSession } from '../open_session.js';
import type { Session } from '../session.js';
import { loadHistograms } from './histogram.js';
import type { Interruption } from './interruption.js';
import { describeMachine } from './machine.js';
import type { RoundMetrics } from './metrics.js';
import { type BenchReport, buildReport, type Target, type WorkloadRun } from './report.js';
import { type RoundResult, WorkloadRunner } from './rounds.js';
import { addressOf, type BenchServer } from './servers/server.js';
import { type MeasuringSettings, settingsOf, type WorkloadSettings, workloadName } from './settings.js';

export interface BenchRequest {
  readonly title: string;
  readonly servers: readonly BenchServer[];
  readonly workloads: readonly WorkloadSettings[];
  readonly measuring: MeasuringSettings;
  readonly targets?: readonly Target[];
}

/**
 * Measures every workload on every server. Rounds take turns, and which server goes first changes with each: A B, B A, ...
 *
 * @throws ClientError, InterruptedError
 */
export async function runBench(
  request: BenchRequest,
  surroundings: Surroundings,
  interruption: Interruption,
): Promise<BenchReport> {
  interruption.check();
  const { io, report: words } = surroundings;
  const environment = await describeMachine(io);
  const notes = new Set(request.servers.flatMap((server) => server.notes));
  const runId = io.environment.random.uint32().toString(36);
  const runs = await withSessions(request.servers, surroundings, async (sessions) => {
    try {
      const found: WorkloadRun[] = [];
      const { rounds: count } = request.measuring;
      const rounds = count === 1 ? '1 round' : `${count} rounds`;
      for (const [index, workload] of request.workloads.entries()) {
        await words.note(`${workloadName(workload)}: ${rounds} on ${names(request.servers)}`);
        const context = { request, workload, sessions, notes, runId: `${runId}-${index}`, interruption };
        found.push(await runWorkload(context));
      }
      return found;
    } catch (error) {
      for (const { name, troubles } of request.servers)
        for (const line of troubles()) await words.note(`${name} logged: ${line}`);
      throw error;
    }
  });
  const servers = request.servers.map((server) => ({
    name: server.name,
    address: addressOf(server),
    ...(server.version === undefined ? {} : { version: server.version }),
  }));
  return buildReport({ title: request.title, environment, servers, runs, notes: [...notes] });
}

interface WorkloadContext {
  readonly request: BenchRequest;
  readonly workload: WorkloadSettings;
  readonly sessions: readonly Session[];
  readonly notes: Set<string>;
  readonly runId: string;
  readonly interruption: Interruption;
}

async function runWorkload(context: WorkloadContext): Promise<WorkloadRun> {
  const { request, workload, sessions, notes, runId, interruption } = context;
  const { servers, measuring, targets } = request;
  const histograms = await loadHistograms();
  const contestants = servers.flatMap((server, index) => {
    const session = sessions[index];
    if (session === undefined) return [];
    const runner = new WorkloadRunner({
      session,
      server,
      workload,
      measuring,
      histograms,
      interruption,
      runId: `${runId}-${index}`,
    });
    return [{ server, runner, latencies: histograms.create() }];
  });
  const rounds: Array<Record<string, RoundMetrics>> = [];
  try {
    for (let round = 0; round < measuring.rounds; round += 1) {
      const found: Record<string, RoundMetrics> = {};
      for (const { server, runner, latencies } of round % 2 === 0 ? contestants : [...contestants].reverse()) {
        const result = await interruptible(runner.round(), interruption);
        interruption.check();
        found[server.name] = result.metrics;
        latencies.merge(result.latencies);
        for (const note of result.notes) notes.add(note);
      }
      rounds.push(found);
    }
    const batchBytes = (await contestants[0]?.runner.batchBytes()) ?? 0;
    return {
      workload: workloadName(workload),
      settings: settingsOf(workload, measuring, batchBytes),
      rounds,
      latencies: Object.fromEntries(contestants.map(({ server, latencies }) => [server.name, latencies.toRecord()])),
      ...(targets === undefined ? {} : { targets }),
      // At a fixed rate all servers have the same throughput, or fall behind: latency tells.
      ...(workload.requestsPerSecond === null ? {} : { throughput: null }),
    };
  } finally {
    for (const { runner } of contestants) await runner.close();
  }
}

/** What fails because a signal ended the loading processes is an interruption. */
async function interruptible(round: Promise<RoundResult>, interruption: Interruption): Promise<RoundResult> {
  try {
    return await round;
  } catch (error) {
    interruption.check();
    throw error;
  }
}

function names(servers: readonly BenchServer[]): string {
  return servers.map(({ name }) => name).join(', ');
}

/** Connects to each of them. @throws ConnectionError when one does not answer */
async function withSessions<T>(
  servers: readonly BenchServer[],
  surroundings: Surroundings,
  run: (sessions: readonly Session[]) => Promise<T>,
): Promise<T> {
  const { flags, report, io } = surroundings;
  let result: { readonly value: T } | undefined;
  const next = async (sessions: readonly Session[]): Promise<void> => {
    const server = servers[sessions.length];
    if (server === undefined) {
      result = { value: await run(sessions) };
      return;
    }
    await openSession({ ...flags, bootstrapServer: server.bootstrapServers }, report, io, (session) =>
      next([...sessions, session]),
    );
  };
  await next([]);
  if (result === undefined) throw new Error('nothing was run');
  return result.value;
}
