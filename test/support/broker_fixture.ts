import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Uuid } from '../../src/common/ids.js';
import { BrokerConfig } from '../../src/config/index.js';
import { isFailure } from '../../src/controller/assignments.js';
import { Controller } from '../../src/controller/controller.js';
import { ProducerIdAllocator } from '../../src/controller/producer_ids.js';
import { NodeFileSystem } from '../../src/env/file_system.js';
import { seededRandom } from '../../src/env/random.js';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { EmbeddedMetadataStore } from '../../src/metadata/embedded/embedded_store.js';
import { keys } from '../../src/metadata/keys.js';
import { StoreMetadataCache } from '../../src/metadata/metadata_cache.js';
import { Reader } from '../../src/protocol/reader.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { FetchSessionCache } from '../../src/replication/fetch_session.js';
import type { Partition } from '../../src/replication/partition.js';
import { ReplicaManager } from '../../src/replication/replica_manager.js';
import { AutoTopicCreator } from '../../src/server/auto_topic_creator.js';
import { assembleClientMetrics } from '../../src/server/client_metrics/assemble.js';
import type { ClientMetricsManager } from '../../src/server/client_metrics/client_metrics_manager.js';
import { assembleCoordinators, type Coordinators } from '../../src/server/coordinators.js';
import { LaterResponse, promised, type RequestContext } from '../../src/server/handler.js';
import { registerHandlers } from '../../src/server/register_handlers.js';
import type { RepeatableFetch } from '../../src/server/repeat_terms.js';
import { Pipeline } from '../../src/server/request_pipeline.js';
import { assembleShareServices, type ShareServices } from '../../src/server/share/share_services.js';
import { logConfigOf } from '../../src/server/topic_log_config.js';
import { TopicTraffic } from '../../src/server/traffic.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { releaseRegion } from '../../src/storage/native_log.js';
import { LoggerLevels } from '../../src/telemetry/logger_levels.js';
import { MemoryLogger } from '../../src/telemetry/memory_logger.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { apiNamed, testConfig, testContext } from '../scenarios/drivers.js';
import { GatedLogStore } from './gated_log_store.js';
import { logManagerSettings } from './log_manager_settings.js';

// biome-ignore lint/suspicious/noExplicitAny: handlers of all APIs in one table; the codecs check what goes in and out
type AnyHandler = (request: any, context: RequestContext) => unknown;

class HandlerTable extends Pipeline {
  readonly byName = new Map<string, AnyHandler>();

  override register(apiKey: number, handler: AnyHandler): void {
    this.byName.set(apiByKey(apiKey)?.name ?? '', handler);
  }
}

/** A connection that a test can close. */
export class FakeConnection {
  private static last = 0;
  readonly id = ++FakeConnection.last;
  private readonly callbacks = new Set<() => void>();
  /** Fetches of it that the transport was told how to repeat: each that may be. */
  readonly repeatable: RepeatableFetch[] = [];

  onClose(callback: () => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  /** Handlers that still wait for it to close. */
  get waiting(): number {
    return this.callbacks.size;
  }

  close(): void {
    for (const callback of [...this.callbacks]) callback();
  }
}

/** An answer that may come later. */
export interface Pending<T> {
  /** Undefined until the handler has answered. */
  answer: T | null | undefined;
  readonly done: Promise<T | null>;
}

/**
 * A broker without a network, wired as `server/broker.ts` does it: real storage in a temporary directory whose syncs the test
 * releases (`store.flush()`), metadata in memory, virtual time. Requests and answers pass through their codecs.
 */
export class BrokerFixture {
  readonly traffic = new TopicTraffic();
  private readonly handlers: HandlerTable;
  readonly share: ShareServices;
  readonly clientMetrics: ClientMetricsManager;
  readonly metrics = new Metrics();

  private constructor(
    readonly directory: string,
    readonly time: VirtualTime,
    readonly logger: MemoryLogger,
    readonly store: GatedLogStore,
    readonly metadataStore: EmbeddedMetadataStore,
    readonly cache: StoreMetadataCache,
    readonly logs: LogManager,
    readonly replicas: ReplicaManager,
    readonly controller: Controller,
    readonly sessions: FetchSessionCache,
    readonly coordinators: Coordinators,
    config: BrokerConfig,
    files: NodeFileSystem,
  ) {
    this.handlers = new HandlerTable(time, logger, { maxFrameBytes: 1 << 20 });
    const autoTopics = new AutoTopicCreator({ controller, metadata: cache, logger, config: () => config });
    this.share = assembleShareServices({
      clock: time,
      timers: time,
      logger,
      metadata: cache,
      replicas,
      groups: coordinators.groups,
      shareCoordinator: coordinators.shareCoordinator,
      topics: autoTopics,
      config: () => config,
    });
    this.clientMetrics = assembleClientMetrics(
      { clock: time, timers: time, random: seededRandom(714), logger, sender: { post: () => Promise.resolve(200) } },
      cache,
      config,
      this.metrics,
    );
    registerHandlers(this.handlers, {
      nodeId: 1,
      clock: time,
      timers: time,
      files,
      logger,
      loggers: new LoggerLevels(logger),
      metadata: cache,
      controller,
      autoTopics,
      replicas,
      logs,
      sessions,
      ...coordinators,
      ...this.share,
      coordinator: coordinators.groups,
      traffic: this.traffic,
      clientMetrics: this.clientMetrics,
      config: () => config,
      isOffline: (topic, partition) => replicas.get(topic, partition)?.unavailable !== undefined,
    });
  }

  static async open(
    settings: Record<string, string> = {},
    options: {
      readonly directory?: string;
      /** Of log.dirs, below the directory; itself by default. */
      readonly logDirs?: readonly string[];
      readonly brokers?: readonly number[];
    } = {},
  ): Promise<BrokerFixture> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'millrace-test-fixture-'));
    const parsed = BrokerConfig.fromProperties({ 'node.id': '1', ...settings });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    const { config } = parsed;
    const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
    const files = new NodeFileSystem();
    time.holdWhile(() => files.pending > 0);
    const logger = new MemoryLogger();
    const random = seededRandom(1);
    const store = new GatedLogStore();
    time.holdWhile(() => store.rebuilds.underWay > 0);
    const ports = { clock: time, timers: time, random, files, store, logger };
    const directories = options.logDirs?.map((name) => join(directory, name)) ?? [directory];
    const logs = await LogManager.open(ports, {
      ...logManagerSettings(directory, { clusterId: 'cluster' }),
      directories,
    });
    await logs.listExisting();
    const metadataStore = await EmbeddedMetadataStore.open(ports, undefined);
    const session = await metadataStore.createSession(1000);
    for (const id of options.brokers ?? [1]) {
      const value = JSON.stringify({ rack: null, endpoints: { PLAINTEXT: { host: `broker-${id}`, port: 9092 } } });
      await metadataStore.txn([{ key: keys.broker(id), version: 0 }], [{ put: keys.broker(id), value, session }]);
    }
    const cache = new StoreMetadataCache(metadataStore, (error) => logger.error('cache', { error }));
    const egress = { topicAccount: () => 0, forgetTopic: () => undefined };
    const replicas = new ReplicaManager({
      nodeId: 1,
      clock: time,
      timers: time,
      logger,
      logs,
      egress,
      decideAnew: () => undefined,
      logConfigOf: (topic) => logConfigOf(config, topic),
    });
    const controller = new Controller({
      nodeId: 1,
      store: metadataStore,
      cache,
      random,
      logger,
      session,
      config: () => config,
      applied: async (image) => {
        await replicas.apply(image);
        await coordinators.wiring.sync();
      },
    });
    const coordinators = assembleCoordinators({
      ...ports,
      metadata: cache,
      replicas,
      producerIds: new ProducerIdAllocator(metadataStore),
      checkpointStarts: () => logs.checkpointStarts(),
      config,
      dynamic: () => config,
      groupConfig: testConfig,
    });
    cache.onChange((next) => replicas.reconfigure(next));
    await controller.elect();
    await cache.refresh();
    const sessions = new FetchSessionCache(time, random, 100);
    return new BrokerFixture(
      directory,
      time,
      logger,
      store,
      metadataStore,
      cache,
      logs,
      replicas,
      controller,
      sessions,
      coordinators,
      config,
      files,
    );
  }

  async createTopic(name: string, numPartitions = 1, configs: Record<string, string> = {}): Promise<Uuid> {
    const topic = {
      name,
      numPartitions,
      replicationFactor: 1,
      assignments: [],
      configs: new Map(Object.entries(configs)),
    };
    const decision = await this.controller.createTopic(topic, false);
    if (isFailure(decision)) throw new Error(`topic ${name}: ${decision.errorMessage ?? decision.errorCode}`);
    return decision.topicId;
  }

  partition(topic: string, partition = 0): Partition {
    const found = this.replicas.get(topic, partition);
    if (found === undefined) throw new Error(`no partition ${topic}-${partition}`);
    return found;
  }

  /** What a client of that version gets. */
  async call<T = Record<string, unknown>>(
    name: string,
    version: number,
    body: object,
    connection?: FakeConnection,
  ): Promise<T> {
    const answer = await this.start<T>(name, version, body, connection).done;
    if (answer === null) throw new Error(`${name} was not answered`);
    return answer;
  }

  /** Sends a request whose answer may be waited for. */
  start<T = Record<string, unknown>>(
    name: string,
    version: number,
    body: object,
    connection = new FakeConnection(),
  ): Pending<T> {
    const api = apiNamed(name);
    const handler = this.handlers.byName.get(name);
    if (handler === undefined) throw new Error(`no handler for ${name}`);
    const writer = new Writer();
    api.request.encode(writer, version, body);
    const request: unknown = api.request.decode(new Reader(Buffer.from(writer.bytes())), version);
    const context: RequestContext = {
      ...testContext,
      apiKey: api.key,
      apiVersion: version,
      connectionId: connection.id,
      onConnectionClose: (callback) => connection.onClose(callback),
      mayRepeat: () => true,
      repeatBy: (fetch) => connection.repeatable.push(fetch),
    };
    const run = async (): Promise<T | null> => {
      const answer: unknown = await handler(request, context);
      const response = (await (answer instanceof LaterResponse ? promised(answer) : answer)) as object | null;
      if (response === null) return null;
      const out = new Writer();
      api.response.encode(out, version, response);
      return api.response.decode(new Reader(this.materialize(out)), version) as T;
    };
    const pending: { answer: T | null | undefined; done: Promise<T | null> } = { answer: undefined, done: run() };
    pending.done.then(
      (answer) => {
        pending.answer = answer;
      },
      () => undefined,
    );
    return pending;
  }

  /** Lets promises settle without moving time. */
  settle(): Promise<void> {
    return this.time.advance(0);
  }

  private materialize(out: Writer): Buffer {
    return Buffer.concat(
      out.toChain().map((part) => {
        if (part instanceof Uint8Array) return Buffer.from(part);
        const bytes = this.store.bytesOf(part);
        releaseRegion(part);
        return bytes;
      }),
    );
  }

  async close(options: { readonly keep?: boolean } = {}): Promise<void> {
    this.replicas.close();
    this.clientMetrics.close();
    this.cache.close();
    await this.logs.close();
    await this.metadataStore.close();
    if (options.keep !== true) rmSync(this.directory, { recursive: true, force: true });
  }
}
