import { connect, type Socket } from 'node:net';
import {
  GroupCoordinator,
  type GroupCoordinatorConfig,
  groupMetadataTopic,
} from '../../src/coordinator/group_coordinator.js';
import { ShareGroups } from '../../src/coordinator/share_groups.js';
import { seededRandom } from '../../src/env/random.js';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { decodeResponseHeader, encodeRequest } from '../../src/protocol/frame.js';
import { Reader } from '../../src/protocol/reader.js';
import { type Api, allApis } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { decodeBatches } from '../../src/records/index.js';
import type { Handler, RequestContext } from '../../src/server/handler.js';
import { consumerGroupDescribeHandler } from '../../src/server/handlers/consumer_group_describe.js';
import { consumerGroupHeartbeatHandler } from '../../src/server/handlers/consumer_group_heartbeat.js';
import { deleteGroupsHandler } from '../../src/server/handlers/delete_groups.js';
import { describeGroupsHandler } from '../../src/server/handlers/describe_groups.js';
import { findCoordinatorHandler } from '../../src/server/handlers/find_coordinator.js';
import { heartbeatHandler } from '../../src/server/handlers/heartbeat.js';
import { joinGroupHandler } from '../../src/server/handlers/join_group.js';
import { leaveGroupHandler } from '../../src/server/handlers/leave_group.js';
import { listGroupsHandler } from '../../src/server/handlers/list_groups.js';
import { offsetCommitHandler } from '../../src/server/handlers/offset_commit.js';
import { offsetDeleteHandler } from '../../src/server/handlers/offset_delete.js';
import { offsetFetchHandler } from '../../src/server/handlers/offset_fetch.js';
import { syncGroupHandler } from '../../src/server/handlers/sync_group.js';
import { MemoryLog } from '../coordinator/support/memory_log.js';
import { TestMetadata } from '../coordinator/support/metadata.js';

import { consumerRules, shareRules, streamsRules } from '../coordinator/support/rules.js';

export type Body = Record<string, unknown>;

/** Somebody who answers group requests: our coordinator in virtual time, or a broker over the network in real time. */
export interface GroupDriver {
  call(client: string, apiName: string, version: number, body: Body): Promise<Body>;
  advance(durationMs: number): Promise<void>;
  /** Gives everything under way the time to finish. */
  settle(): Promise<void>;
  readonly topics: TopicChanges;
  /** What only our own coordinator can be made to do. */
  readonly inside: Inside | undefined;
  close(): Promise<void>;
}

export interface TopicChanges {
  idOf(name: string): string;
  add(name: string, partitions: number): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface Inside {
  readonly coordinator: GroupCoordinator;
  readonly log: MemoryLog;
  readonly time: VirtualTime;
  /** Stops the partition and loads it again from its log. */
  restart(): Promise<void>;
}

export const testConfig: GroupCoordinatorConfig = {
  groupMinSessionTimeoutMs: 100,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 0,
  groupMaxSize: 2_147_483_647,
  groupCoordinatorAppendLingerMs: -1,
  offsetMetadataMaxBytes: 4096,
  offsetsTopicNumPartitions: 1,
  offsetsRetentionMinutes: 10_080,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsCommitTimeoutMs: 5_000,
  offsetsLoadBufferSize: 5_242_880,
  consumer: consumerRules,
  share: shareRules,
  streams: streamsRules,
};

// biome-ignore lint/suspicious/noExplicitAny: handlers of all APIs in one table; the codecs check what goes in and out
type AnyHandler = Handler<any, any>;

const refused = () =>
  Promise.resolve({
    errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    errorMessage: 'There is no share coordinator here.',
  });

export function handlersOf(coordinator: GroupCoordinator, metadata: TestMetadata): ReadonlyMap<string, AnyHandler> {
  const transactions = { partitionFor: () => 0 };
  const noStates = { initialize: refused, delete: refused };
  const deps = {
    coordinator,
    shareGroups: new ShareGroups(coordinator, noStates),
    transactions,
    shareCoordinator: transactions,
    metadata,
    topics: { ensure: () => Promise.resolve() },
    isOffline: () => false,
  };
  return new Map<string, AnyHandler>([
    ['FindCoordinator', findCoordinatorHandler(deps)],
    ['JoinGroup', joinGroupHandler(deps)],
    ['SyncGroup', syncGroupHandler(deps)],
    ['Heartbeat', heartbeatHandler(deps)],
    ['LeaveGroup', leaveGroupHandler(deps)],
    ['OffsetCommit', offsetCommitHandler(deps)],
    ['OffsetFetch', offsetFetchHandler(deps)],
    ['OffsetDelete', offsetDeleteHandler(deps)],
    ['ListGroups', listGroupsHandler(deps)],
    ['DescribeGroups', describeGroupsHandler(deps)],
    ['DeleteGroups', deleteGroupsHandler(deps)],
    ['ConsumerGroupHeartbeat', consumerGroupHeartbeatHandler(deps)],
    ['ConsumerGroupDescribe', consumerGroupDescribeHandler(deps)],
  ]);
}

export const testContext: RequestContext = {
  apiKey: 0,
  apiVersion: 0,
  correlationId: 1,
  clientId: null,
  connectionId: 1,
  clientAddress: '127.0.0.1',
  clientPort: 50_000,
  clientSoftwareName: 'unknown',
  clientSoftwareVersion: 'unknown',
  listenerName: 'PLAINTEXT',
  principal: 'User:ANONYMOUS',
  onConnectionClose: () => () => undefined,
  holdRequests: () => () => undefined,
  mayRepeat: () => false,
  repeatBy: () => undefined,
  setSoftware: () => undefined,
};

export function apiNamed(name: string): Api {
  const api = allApis().find((known) => known.name === name);
  if (api === undefined) throw new Error(`no API ${name}`);
  return api;
}

/** Requests and responses pass through their codecs, so a scenario sees what a client of that version would. */
export async function callHandler(
  handlers: ReadonlyMap<string, AnyHandler>,
  clientId: string,
  apiName: string,
  apiVersion: number,
  body: Body,
): Promise<Body> {
  const api = apiNamed(apiName);
  const writer = new Writer();
  api.request.encode(writer, apiVersion, body);
  const request: unknown = api.request.decode(new Reader(writer.bytes()), apiVersion);
  const handler = handlers.get(apiName);
  if (handler === undefined) throw new Error(`no handler for ${apiName}`);
  const context = { ...testContext, apiKey: api.key, apiVersion, clientId };
  const response = (await handler(request, context)) as object;
  const out = new Writer();
  api.response.encode(out, apiVersion, response);
  return api.response.decode(new Reader(Buffer.from(out.bytes())), apiVersion) as Body;
}

export async function insideDriver(config: Partial<GroupCoordinatorConfig>): Promise<GroupDriver> {
  const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  const metadata = new TestMetadata({ [groupMetadataTopic]: 1, t: 3, u: 1 });
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const coordinator = new GroupCoordinator({
    clock: time,
    timers: time,
    random: seededRandom(1),
    logger,
    config: { ...testConfig, ...config },
    metadata,
  });
  const log = new MemoryLog();
  await coordinator.startPartition(0, log);
  const handlers = handlersOf(coordinator, metadata);
  return {
    call: (client, apiName, version, body) => callHandler(handlers, client, apiName, version, body),
    advance: (durationMs) => time.advance(durationMs),
    settle: () => time.advance(0),
    topics: {
      idOf: (name) => metadata.current().topicsByName.get(name)?.id ?? 'AAAAAAAAAAAAAAAAAAAAAA',
      add: async (name, partitions) => metadata.add(name, partitions),
      remove: async (name) => metadata.remove(name),
    },
    inside: { coordinator, log, time, restart: () => coordinator.startPartition(0, log) },
    close: async () => coordinator.close(),
  };
}

/** Records of a log as a scenario shows them, from batch number `fromBatch` on. */
export function recordsOf(
  log: MemoryLog,
  fromBatch: number,
): Array<Array<{ key: Uint8Array; value: Uint8Array | null }>> {
  const shown = [];
  for (const { bytes } of log.batches.slice(fromBatch))
    for (const batch of decodeBatches(bytes))
      shown.push(batch.records.map(({ key, value }) => ({ key: key ?? new Uint8Array(0), value })));
  return shown;
}

/** A connection per client, one request after the other as the protocol has it. */
class Wire {
  private received = Buffer.alloc(0);
  private readonly waiting: Array<(frame: Buffer) => void> = [];

  private constructor(
    private readonly socket: Socket,
    private readonly clientId: string,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      while (this.received.length >= 4 && this.received.length >= 4 + this.received.readInt32BE(0)) {
        const end = 4 + this.received.readInt32BE(0);
        this.waiting.shift()?.(this.received.subarray(4, end));
        this.received = this.received.subarray(end);
      }
    });
  }

  static open(host: string, port: number, clientId: string): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => resolve(new Wire(socket, clientId)));
      socket.once('error', reject);
    });
  }

  async call(apiName: string, version: number, body: Body): Promise<Body> {
    const api = apiNamed(apiName);
    const writer = new Writer();
    encodeRequest(writer, api, version, 1, this.clientId, body);
    const frame = await new Promise<Buffer>((resolve) => {
      this.waiting.push(resolve);
      this.socket.write(Buffer.from(writer.bytes()));
    });
    const reader = new Reader(frame);
    decodeResponseHeader(reader, api, version);
    return api.response.decode(reader, version) as Body;
  }

  close(): void {
    this.socket.destroy();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A broker at `host:port`, with everything in real time. Topics `t` (3 partitions) and `u` (1) are made when missing. */
export async function networkDriver(host: string, port: number): Promise<GroupDriver> {
  const wires = new Map<string, Promise<Wire>>();
  const ids = new Map<string, string>();
  const call = async (client: string, apiName: string, version: number, body: Body): Promise<Body> => {
    // A client that waits in a join uses further connections for what else it does.
    for (let n = 0; ; n += 1) {
      const key = `${client}/${n}`;
      if (busy.has(key)) continue;
      busy.add(key);
      const wire = wires.get(key) ?? Wire.open(host, port, client);
      wires.set(key, wire);
      try {
        return await (await wire).call(apiName, version, body);
      } finally {
        busy.delete(key);
      }
    }
  };
  const busy = new Set<string>();
  const refresh = async (): Promise<void> => {
    const answer = await call('admin', 'Metadata', 12, { topics: null });
    for (const topic of answer.topics as Array<{ name: string; topicId: string }>) ids.set(topic.name, topic.topicId);
  };
  const add = async (name: string, partitions: number): Promise<void> => {
    const topic = { name, numPartitions: partitions, replicationFactor: 1 };
    await call('admin', 'CreateTopics', 7, { topics: [topic], timeoutMs: 5000 });
    await pause(300);
    await refresh();
  };
  await add('t', 3);
  await add('u', 1);
  for (let tries = 0; tries < 50; tries += 1) {
    const found = await call('admin', 'FindCoordinator', 3, { key: 'g', keyType: 0 });
    const list = await call('admin', 'ListGroups', 4, {});
    if (found.errorCode === 0 && list.errorCode === 0) break;
    await pause(200);
  }
  return {
    call,
    advance: pause,
    settle: () => pause(40),
    topics: {
      idOf: (name) => ids.get(name) ?? 'AAAAAAAAAAAAAAAAAAAAAA',
      add,
      remove: async (name) => {
        await call('admin', 'DeleteTopics', 5, { topicNames: [name], timeoutMs: 5000 });
        await pause(1000);
      },
    },
    inside: undefined,
    close: async () => {
      for (const wire of wires.values()) (await wire).close();
    },
  };
}

export type { ErrorCode };
