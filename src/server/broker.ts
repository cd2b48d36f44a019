import type {
  Clock,
  Dialer,
  FileSystem,
  HttpSender,
  HttpServers,
  LogStore,
  Random,
  ServerTransport,
  TimerHandle,
  Timers,
} from '../common/ports/index.js';
import { ListenError } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import { Controller } from '../controller/controller.js';
import { ProducerIdAllocator } from '../controller/producer_ids.js';
import { EmbeddedMetadataStore } from '../metadata/embedded/embedded_store.js';
import type { MetadataImage } from '../metadata/image.js';
import { type BrokerValue, keys } from '../metadata/keys.js';
import { StoreMetadataCache } from '../metadata/metadata_cache.js';
import { FetchSessionCache } from '../replication/fetch_session.js';
import { ReplicaManager } from '../replication/replica_manager.js';
import { LogManager } from '../storage/log_manager.js';
import { LoggerLevels, Metrics, serveMetrics } from '../telemetry/index.js';
import type { Logger } from '../telemetry/logger.js';
import { accessOf, mayFetch, topicAccess, withAccess } from './access/index.js';
import { AutoTopicCreator } from './auto_topic_creator.js';
import { BrokerListeners } from './broker_listeners.js';
import { registerBrokerMetrics } from './broker_metrics.js';
import { cleanerSettings } from './cleaner_settings.js';
import { assembleClientMetrics } from './client_metrics/assemble.js';
import { assembleCoordinators, type Coordinators } from './coordinators.js';
import { diskLimits } from './disk_limits.js';
import { listenAdvice } from './listen_advice.js';
import { logOwners } from './log_owners.js';
import { moverSettings } from './mover_settings.js';
import { QuotaWiring } from './quota_wiring.js';
import { refuseWrites } from './read_only.js';
import { registerHandlers } from './register_handlers.js';
import { Pipeline } from './request_pipeline.js';
import { assembleShareServices } from './share/share_services.js';
import { registerShareMetrics } from './share_metrics.js';
import { BrokerStartError } from './start_error.js';
import { logConfigOf } from './topic_log_config.js';
import { TopicTraffic } from './traffic.js';

/** Everything outside of the broker that it needs. */
export interface BrokerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly files: FileSystem;
  readonly store: LogStore;
  readonly transport: ServerTransport;
  readonly http: HttpServers;
  readonly sender: HttpSender;
  readonly dialer: Dialer;
  readonly logger: Logger;
  readonly hostname: string;
}

const journalFile = 'millrace-metadata.journal';
/** A start waits so long for its logs before it answers without them. */
const loadingGraceMs = 50;
/** How long a stopping broker waits for requests that are being answered. */
const drainMs = 5_000;

/** One broker: assembly, start and stop. It knows all parts; no part knows it. */
export class BrokerServer {
  readonly metrics = new Metrics();
  private readonly traffic = new TopicTraffic();
  private readonly ports: BrokerPorts;
  private readonly loggers: LoggerLevels;
  private readonly pipeline: Pipeline;
  private readonly network: BrokerListeners;
  private metricsServer: { readonly port: number; close(): Promise<void> } | undefined;
  private closing: Promise<void> | undefined;
  private dynamic: BrokerConfig;
  private parts: Parts | undefined;
  private giveUp: (why: string) => void = () => {};
  /** Resolves with a sentence when the broker cannot go on; whoever started it closes it then. */
  readonly failed = new Promise<string>((resolve) => {
    this.giveUp = resolve;
  });

  /** `mountedPath`: the directory that is served read-only; `ports.store` and the config must go with it. */
  constructor(
    given: BrokerPorts,
    private readonly config: BrokerConfig,
    private readonly mountedPath?: string,
  ) {
    this.dynamic = config;
    this.loggers = new LoggerLevels(given.logger);
    this.ports = { ...given, logger: this.loggers.logger('millrace.server') };
    this.pipeline = new Pipeline(given.clock, this.loggers.logger('millrace.network'), {
      maxFrameBytes: config.int('socket.request.max.bytes'),
    });
    this.network = new BrokerListeners(this.ports, config, this.pipeline, () => this.dynamic);
  }

  get clusterId(): string {
    return this.parts?.logs.clusterId ?? '';
  }

  get nodeId(): number {
    return this.config.nodeId;
  }

  /** Address of the first listener, as clients are told. */
  get address(): { readonly host: string; readonly port: number } {
    const [first] = this.network.endpoints;
    return { host: first?.advertisedHost ?? '', port: first?.advertisedPort ?? 0 };
  }

  get metricsPort(): number | undefined {
    return this.metricsServer?.port;
  }

  /** Work that is under way; virtual time waits for it. */
  get busy(): boolean {
    return this.parts !== undefined && (this.parts.changes > 0 || this.parts.logs.busy);
  }

  /** Resolves when every log that was there at the start is open, or cannot be. Never rejects. */
  loaded: Promise<void> = Promise.resolve();

  /** @throws BrokerStartError, StorageStartError, EndpointError, MetadataStoreError, LogStoreError */
  async start(): Promise<void> {
    try {
      const endpoints = this.network.resolve();
      this.parts = await this.assemble();
      await this.network.listen(endpoints);
      await this.register(this.parts);
      this.pipeline.open();
      await this.startMetrics(this.parts);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  private async assemble(): Promise<Parts> {
    const { ports, config } = this;
    ports.store.limitOpenFiles(config.int('millrace.open.segment.files.max'));
    const logs = await LogManager.open(
      { ...ports, logger: this.loggers.logger('millrace.storage') },
      {
        directories: config.logDirs,
        clusterId: undefined,
        nodeId: config.nodeId,
        // What is mounted stays, however old it is.
        retentionCheckIntervalMs:
          this.mountedPath === undefined ? config.long('log.retention.check.interval.ms') : Number.MAX_SAFE_INTEGER,
        checkpointIntervalMs: config.int('log.flush.offset.checkpoint.interval.ms'),
        highWatermarkCheckpointIntervalMs: config.long('replica.high.watermark.checkpoint.interval.ms'),
        recoveryThreads: config.int('num.recovery.threads.per.data.dir'),
        producerExpirationMs: config.int('producer.id.expiration.ms'),
        producerExpirationCheckMs: config.int('producer.id.expiration.check.interval.ms'),
        cleaner: config.boolean('log.cleaner.enable') ? () => cleanerSettings(this.dynamic) : undefined,
        disk: () => diskLimits(this.dynamic),
        mover: () => moverSettings(this.dynamic),
      },
    );
    try {
      return await this.assembleOn(logs);
    } catch (error) {
      await logs.close();
      throw error;
    }
  }

  private async assembleOn(logs: LogManager): Promise<Parts> {
    const { ports, config } = this;
    const { clock, timers, random, logger } = ports;
    const store = await EmbeddedMetadataStore.open(ports, `${logs.paths[0]}/${journalFile}`);
    const cache = new StoreMetadataCache(store, (error) => logger.error('the metadata could not be read', { error }));
    const replicas = new ReplicaManager({
      nodeId: config.nodeId,
      clock,
      timers,
      logger: this.loggers.logger('millrace.replication'),
      logs,
      logConfigOf: (topic) => logConfigOf(this.dynamic, topic),
      egress: ports.transport.egress,
      decideAnew: () => ports.transport.decideAnew(),
      settled: (partition) => {
        if (coordinators.wiring.isOf(partition.topic)) void coordinators.wiring.sync();
      },
    });
    const session = await store.createSession(config.int('broker.session.timeout.ms'));
    const coordinators: Coordinators = assembleCoordinators({
      ...ports,
      logger: this.loggers.logger('millrace.coordinator'),
      metadata: cache,
      replicas,
      producerIds: new ProducerIdAllocator(store),
      checkpointStarts: () => logs.checkpointStarts(),
      config,
      dynamic: () => this.dynamic,
      isReadOnly: this.mountedPath !== undefined,
    });
    // After the replica manager's own handler: the partitions are offline by now.
    logs.onDirectoryFailure(() => coordinators.wiring.stopOffline());
    const parts: Parts = {
      logs,
      store,
      session,
      cache,
      replicas,
      coordinators,
      closeServices: () => undefined,
      changes: 0,
      apply: async (image) => {
        parts.changes += 1;
        try {
          const { opened } = await replicas.begin(image);
          // Groups whose logs are being loaded are told so.
          void coordinators.wiring.sync();
          await opened;
          await coordinators.wiring.sync();
        } finally {
          parts.changes -= 1;
        }
      },
      controller: new Controller({
        nodeId: config.nodeId,
        store,
        cache,
        random,
        logger: this.loggers.logger('millrace.controller'),
        session,
        config: () => this.dynamic,
        applied: (image) => parts.apply(image),
        leavesTraces: (topicId) => replicas.leavesTraces(topicId),
      }),
    };
    cache.onChange((next, previous) => this.onMetadata(parts, next, previous));
    logs.onDirectoryFailure((path) => this.directoryFailed(parts, path));
    await this.claimCluster(parts);
    await cache.refresh();
    await logs.settle(await logOwners(store, cache.current(), config.nodeId));
    // Settling has ended their deletion.
    if (logs.allOnline) await parts.controller.forgetDeletedTopics();
    this.registerHandlers(parts);
    await this.load(parts);
    return parts;
  }

  /**
   * Loads logs and groups in the background. Resolves when that is done, but after {@link loadingGraceMs} in any case: then requests are
   * answered, and what is not there yet is answered as loading.
   */
  private async load(parts: Parts): Promise<void> {
    const { timers, logger } = this.ports;
    this.loaded = this.loadAll(parts).catch((error: unknown) => {
      if (this.closing === undefined) logger.error('the logs could not be loaded', { error });
    });
    let grace: TimerHandle | undefined;
    const late = new Promise<void>((resolve) => {
      grace = timers.after(loadingGraceMs, resolve);
    });
    await Promise.race([this.loaded, late]);
    grace?.cancel();
    if (parts.logs.loading.remainingLogs > 0)
      logger.info(
        `${parts.logs.loading.line()}; meanwhile requests are answered, clients try again for partitions that are not open yet`,
      );
  }

  private async loadAll(parts: Parts): Promise<void> {
    const { logs } = parts;
    await parts.apply(parts.cache.current());
    if (this.closing !== undefined) return;
    logs.moves.resume();
  }

  /** The others serve on, as long as there are any and the metadata is not among what is lost. */
  private directoryFailed(parts: Parts, path: string): void {
    const { logs } = parts;
    if (path === logs.paths[0])
      this.giveUp(
        `the broker stops because ${path} has failed, which holds its metadata: mend the disk and start it again`,
      );
    else if (logs.paths.every((one) => logs.failure(one) !== undefined))
      this.giveUp('the broker stops because every log directory has failed: mend the disks and start it again');
  }

  private registerHandlers(parts: Parts): void {
    const { ports } = this;
    const { cache, replicas, controller } = parts;
    const config = () => this.dynamic;
    const autoTopics = new AutoTopicCreator({ controller, metadata: cache, logger: ports.logger, config });
    const { shareCoordinator } = parts.coordinators;
    const share = assembleShareServices({
      ...ports,
      metadata: cache,
      replicas,
      groups: parts.coordinators.groups,
      shareCoordinator,
      topics: autoTopics,
      config,
    });
    const clientMetrics = assembleClientMetrics(
      { ...ports, logger: this.loggers.logger('millrace.telemetry') },
      cache,
      this.config,
      this.metrics,
    );
    parts.closeServices = () => {
      share.sharePartitions.close();
      clientMetrics.close();
    };
    const access = accessOf(this.config, cache);
    const quotas = new QuotaWiring(this.config, cache, ports);
    registerShareMetrics(this.metrics, share);
    registerHandlers(this.pipeline, {
      ...(access === undefined ? {} : { mayFetch: mayFetch(access), topicAccess: topicAccess(access) }),
      fetchBurstBytes: quotas.fetchBurstBytes,
      nodeId: this.config.nodeId,
      clock: ports.clock,
      timers: ports.timers,
      files: ports.files,
      logger: ports.logger,
      loggers: this.loggers,
      metadata: cache,
      controller,
      autoTopics,
      replicas,
      logs: parts.logs,
      sessions: new FetchSessionCache(
        ports.clock,
        ports.random,
        this.config.int('max.incremental.fetch.session.cache.slots'),
      ),
      ...parts.coordinators,
      ...share,
      coordinator: parts.coordinators.groups,
      traffic: this.traffic,
      clientMetrics,
      config,
      isOffline: (topic, partition) => replicas.get(topic, partition)?.unavailable !== undefined,
    });
    quotas.install(this.pipeline, ports.timers, config);
    if (access !== undefined) this.pipeline.wrapAll((api, handler) => withAccess(api, handler, access));
    if (this.mountedPath !== undefined) refuseWrites(this.pipeline, this.mountedPath);
  }

  /** The journal and the log directories are of one cluster. */
  private async claimCluster({ store, logs }: Parts): Promise<void> {
    const entry = await store.get(keys.clusterId);
    if (entry === undefined) {
      await store.txn([{ key: keys.clusterId, version: 0 }], [{ put: keys.clusterId, value: logs.clusterId }]);
      return;
    }
    if (entry.value !== logs.clusterId)
      throw new BrokerStartError(
        `${logs.paths[0]}/${journalFile} is of cluster ${entry.value}, but meta.properties says ${logs.clusterId}: restore the file that was changed`,
      );
  }

  /** Configs act as soon as they are in the image. */
  private onMetadata(parts: Parts, next: MetadataImage, previous: MetadataImage): void {
    // Access, quotas, configs: whatever it is.
    this.ports.transport.decideAnew();
    const perBroker = next.brokerConfigs.get(String(this.config.nodeId));
    const clusterWide = next.brokerConfigs.get('');
    if (next.brokerConfigs !== previous.brokerConfigs) {
      this.dynamic = this.config.withDynamic({
        ...(perBroker === undefined ? {} : { perBroker }),
        ...(clusterWide === undefined ? {} : { clusterWide }),
      });
      this.network.configure();
    }
    parts.replicas.reconfigure(next);
    for (const topic of previous.topicsByName.keys()) if (!next.topicsByName.has(topic)) this.traffic.forget(topic);
  }

  /** Tells the cluster where this broker is, and takes the controller's seat. */
  private async register(parts: Parts): Promise<void> {
    const value: BrokerValue = {
      rack: this.config.string('broker.rack'),
      endpoints: Object.fromEntries(
        this.network.endpoints.map(({ name, advertisedHost, advertisedPort }) => [
          name,
          { host: advertisedHost, port: advertisedPort },
        ]),
      ),
    };
    const key = keys.broker(this.config.nodeId);
    const old = await parts.store.get(key);
    await parts.store.txn(
      [{ key, version: old?.version ?? 0 }],
      [{ put: key, value: JSON.stringify(value), session: parts.session }],
    );
    if (!(await parts.controller.elect()))
      throw new BrokerStartError('another broker is the controller of this journal: stop it first');
    await parts.cache.refresh();
  }

  private async startMetrics(parts: Parts): Promise<void> {
    registerBrokerMetrics(this.metrics, {
      clock: this.ports.clock,
      traffic: this.traffic,
      pipeline: this.pipeline,
      replicas: parts.replicas,
      logs: parts.logs,
      coordinators: {
        groups: parts.coordinators.groups,
        transactions: parts.coordinators.transactions,
        shares: parts.coordinators.shareCoordinator,
      },
      listeners: this.network.listeners,
      egress: this.ports.transport.egress,
      requestsRepeated: () => this.ports.transport.statistics.requestsRepeated,
      maxTransactionTimeoutMs: () => this.config.int('transaction.max.timeout.ms'),
      image: () => parts.cache.current(),
    });
    const port = this.config.int('millrace.metrics.port');
    if (port < 0) return;
    const host = this.config.string('millrace.metrics.host');
    try {
      this.metricsServer = await serveMetrics(this.ports.http, this.metrics, { host, port });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new BrokerStartError(`${listenAdvice(error)} (millrace.metrics.port)`, { cause: error });
    }
  }

  /** Looks whether clients can reach the advertised address; a warning with the remedy when not. */
  checkAdvertised(): Promise<void> {
    return this.network.checkAdvertised(() => this.closing !== undefined);
  }

  /** Orderly stop: no new requests, those under way answered, everything on the medium. Idempotent. */
  close(onProgress: (text: string) => void = () => {}): Promise<void> {
    this.closing ??= this.closeNow(onProgress);
    return this.closing;
  }

  private async closeNow(onProgress: (text: string) => void): Promise<void> {
    const { parts } = this;
    this.network.stopAccepting();
    parts?.replicas.close();
    if (this.pipeline.inFlight > 0) onProgress(`waiting for ${this.pipeline.inFlight} request(s)`);
    await this.drain();
    parts?.closeServices();
    parts?.coordinators.close();
    await this.network.close();
    await this.metricsServer?.close();
    if (parts === undefined) return;
    await parts.controller.idle();
    parts.cache.close();
    await parts.session.end();
    await parts.logs.close((done, total) => {
      if (done === total || done % 100 === 0) onProgress(`closed ${done} of ${total} logs`);
    });
    await parts.store.close();
  }

  /** Gives requests that were being answered a moment to finish; long polls were answered already. */
  private drain(): Promise<void> {
    if (this.pipeline.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const { timers } = this.ports;
      let turns = 0;
      const look = () => {
        turns += 1;
        if (this.pipeline.inFlight === 0 || turns > 1000) finish();
        else timers.soon(look);
      };
      const limit = timers.after(drainMs, () => finish());
      const finish = () => {
        limit.cancel();
        resolve();
      };
      timers.soon(look);
    });
  }
}

interface Parts {
  readonly logs: LogManager;
  readonly store: EmbeddedMetadataStore;
  readonly session: Awaited<ReturnType<EmbeddedMetadataStore['createSession']>>;
  readonly cache: StoreMetadataCache;
  readonly replicas: ReplicaManager;
  readonly coordinators: Coordinators;
  closeServices: () => void;
  readonly controller: Controller;
  /** Changes of the metadata that are being applied. */
  changes: number;
  apply(image: MetadataImage): Promise<void>;
}
