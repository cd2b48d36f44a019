import {
  Admin,
  type ClientEnvironment,
  ClusterClient,
  ConnectionError,
  InvalidArgumentError,
} from '../../../client/index.js';
import type { HostAndPort } from '../../values.js';
import { loadHistograms } from '../histogram.js';
import { benchBatch } from './batches.js';
import { FetchLane, fetchCall, fetchFrame } from './fetch_lane.js';
import { type Lane, Pacer, type PacerFigures } from './pacer.js';
import type { LoadPlan, LoadResult } from './plan.js';
import { preciseTimers } from './precise_timers.js';
import { type BatchInfo, type Done, ProduceLane, produceCall, produceFrames } from './produce_lane.js';
import { RelayLane } from './relay_lane.js';
import { LoadConnection } from './wire.js';

/** Connections opened at a time. */
const openAtOnce = 50;
/** Fetch requests made beforehand for one connection. */
const maxFetchFrames = 1024;

interface Leader {
  readonly endpoint: HostAndPort;
  readonly partitions: readonly number[];
}

/** Which partitions a connection works on. */
export interface LaneShare {
  readonly endpoint: HostAndPort;
  readonly partitions: readonly number[];
}

/**
 * Spreads connections over the leaders and over their partitions: with more partitions than connections each is one connection's
 * alone, else several share one.
 */
export function shareLanes(leaders: readonly Leader[], connections: number): readonly LaneShare[] {
  return Array.from({ length: connections }, (_, index) => {
    const leader = leaders[index % leaders.length];
    if (leader === undefined) return { endpoint: { host: '', port: 0 }, partitions: [] };
    const position = Math.floor(index / leaders.length);
    const siblings = Math.ceil((connections - (index % leaders.length)) / leaders.length);
    const { endpoint, partitions } = leader;
    const own =
      partitions.length >= siblings
        ? partitions.filter((_partition, at) => at % siblings === position)
        : partitions.slice(position % partitions.length, (position % partitions.length) + 1);
    return { endpoint, partitions: own };
  });
}

export interface LoadEvents {
  /** Everything is connected; the load begins when the promise is kept. */
  readonly ready: () => Promise<void>;
  readonly measuring: () => void;
  readonly measured: () => void;
}

/** Runs a plan against one cluster and closes what it opened. @throws ClientError */
export async function runLoad(plan: LoadPlan, environment: ClientEnvironment, events: LoadEvents): Promise<LoadResult> {
  const cluster = new ClusterClient(environment, {
    bootstrapServers: plan.bootstrapServers,
    clientId: 'millrace-bench',
  });
  const opened: LoadConnection[] = [];
  try {
    const leaders = await leadersOf(cluster, plan);
    const versions = await cluster.anyConnection().then((connection) => ({
      produce: connection.versionFor(produceCall),
      fetch: connection.versionFor(fetchCall),
    }));
    const from = plan.firstConnection;
    const all = shareLanes(leaders, plan.connections);
    if (plan.mode === 'end-to-end' && new Set(all.flatMap((one) => one.partitions)).size < count(all))
      throw new InvalidArgumentError('end-to-end needs at least as many partitions as connections on each broker');
    const shares = all.slice(from, from + plan.ownConnections);
    const info = await batchInfo(plan, environment);
    const producers = await openAll(shares, environment, opened);
    const consumers = plan.mode === 'end-to-end' ? await openAll(shares, environment, opened) : [];
    const histogram = (await loadHistograms()).create();
    // Lanes and pacer know each other: what a lane says before there is a pacer is said again by the connection's end.
    let pacer: Pacer | undefined;
    let early: { readonly error: unknown } | undefined;
    const done: Done = (id, bytes, records) => pacer?.done(id, bytes, records);
    const fail = (error: unknown): void => {
      if (pacer === undefined) early ??= { error };
      else pacer.fail(error);
    };
    const lanes = shares.map((share, index): Lane => {
      const [connection, consumer] = [producers[index], consumers[index]];
      if (connection === undefined) throw new ConnectionError('a connection is missing');
      const context = { plan, info, versions, done, fail, environment };
      return createLane(share, connection, consumer, context);
    });
    await events.ready();
    if (early !== undefined) throw early.error;
    const timers =
      plan.requestsPerSecond === null ? environment.timers : preciseTimers(environment.clock, environment.timers);
    pacer = new Pacer(environment.clock, timers, plan, histogram, lanes, events);
    const figures: PacerFigures = await pacer.run();
    return { ...figures, latencies: histogram.serialise() };
  } finally {
    for (const connection of opened) connection.close();
    await cluster.close();
  }
}

function count(shares: readonly LaneShare[]): number {
  return shares.reduce((sum, { partitions }) => sum + partitions.length, 0);
}

async function leadersOf(cluster: ClusterClient, plan: LoadPlan): Promise<readonly Leader[]> {
  await new Admin(cluster).awaitTopics([plan.topic]);
  const topic = cluster.metadata.topic(plan.topic);
  const byLeader = new Map<number, number[]>();
  for (const { partition, leaderId } of topic?.partitions ?? []) {
    const list = byLeader.get(leaderId);
    if (list === undefined) byLeader.set(leaderId, [partition]);
    else list.push(partition);
  }
  const leaders = [...byLeader].sort(([a], [b]) => a - b);
  if (leaders.length === 0) throw new ConnectionError(`topic ${plan.topic} has no partition to work on`);
  return leaders.map(([leaderId, partitions]) => {
    const endpoint = cluster.metadata.brokers.get(leaderId);
    if (endpoint === undefined) throw new ConnectionError(`partitions of ${plan.topic} have no leader`);
    return { endpoint, partitions };
  });
}

async function batchInfo(plan: LoadPlan, { clock }: ClientEnvironment): Promise<BatchInfo> {
  const batch = await benchBatch(plan, clock.wallMs());
  return { topic: plan.topic, batch, records: plan.recordsPerBatch, acks: plan.acks };
}

async function openAll(
  shares: readonly LaneShare[],
  environment: ClientEnvironment,
  opened: LoadConnection[],
): Promise<readonly LoadConnection[]> {
  const found: LoadConnection[] = [];
  for (let at = 0; at < shares.length; at += openAtOnce) {
    const some = shares.slice(at, at + openAtOnce).map(async ({ endpoint }) => {
      const connection = await LoadConnection.open(endpoint, environment);
      opened.push(connection);
      return connection;
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

interface LaneContext {
  readonly plan: LoadPlan;
  readonly info: BatchInfo;
  readonly versions: { readonly produce: number; readonly fetch: number };
  readonly done: Done;
  readonly fail: (error: unknown) => void;
  readonly environment: ClientEnvironment;
}

function createLane(
  { partitions }: LaneShare,
  connection: LoadConnection,
  consumer: LoadConnection | undefined,
  { plan, info, versions, done, fail, environment }: LaneContext,
): Lane {
  if (plan.mode === 'fetch') {
    const { batchesPerPartition, recordsPerBatch, fetchBytes, topic } = plan;
    const limits = { maxWaitMs: 500, maxBytes: fetchBytes, partitionMaxBytes: fetchBytes };
    const positions = Array.from({ length: batchesPerPartition }, (_, batch) =>
      partitions.map((partition) => ({ partition, fetchOffset: batch * recordsPerBatch })),
    ).flat();
    const frames = positions
      .slice(0, maxFetchFrames)
      .map((position, index) => fetchFrame(versions.fetch, index + 1, topic, [position], limits));
    return new FetchLane(connection, { version: versions.fetch, frames, done, fail });
  }
  const frames = produceFrames(versions.produce, partitions, info);
  if (consumer === undefined) {
    const soon = (run: () => void): void => environment.timers.soon(run);
    return new ProduceLane(connection, { version: versions.produce, frames, info, soon, done, fail });
  }
  const common = { produceVersion: versions.produce, fetchVersion: versions.fetch };
  return new RelayLane(connection, consumer, { ...common, partitions, frames, info, done, fail });
}
