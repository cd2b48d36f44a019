import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Uuid } from '../../src/common/ids.js';
import { BrokerConfig } from '../../src/config/index.js';
import { type ControllerError, isFailure } from '../../src/controller/assignments.js';
import { Controller } from '../../src/controller/controller.js';
import { seededRandom } from '../../src/env/random.js';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { EmbeddedMetadataStore } from '../../src/metadata/embedded/embedded_store.js';
import { keys } from '../../src/metadata/keys.js';
import { StoreMetadataCache } from '../../src/metadata/metadata_cache.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { decodeBatches, encodeBatch } from '../../src/records/index.js';
import type { Partition } from '../../src/replication/partition.js';
import { ReplicaManager } from '../../src/replication/replica_manager.js';
import { logOwners } from '../../src/server/log_owners.js';
import { logConfigOf } from '../../src/server/topic_log_config.js';
import type { CleanerSettings } from '../../src/storage/log_cleaner.js';
import { LogManager } from '../../src/storage/log_manager.js';
import type { MoverSettings } from '../../src/storage/replica_mover.js';
import { MemoryLogger } from '../../src/telemetry/memory_logger.js';
import { BreakingPorts } from '../support/breaking_ports.js';

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** What is killed here leaves its page cache, so nothing is told apart by a real sync: in memory hundreds of crashes cost a quarter. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Log directories and a metadata journal that outlive the brokers on them. */
export class Disks {
  readonly paths: readonly string[];
  /** Values by partition: what was sent, in order, and what was acknowledged. */
  readonly sent = new Map<string, string[]>();
  readonly acknowledged = new Map<string, Set<string>>();
  /** Brokers started so far. */
  starts = 0;

  constructor(
    names: readonly string[],
    readonly root = mkdtempSync(join(parent, 'millrace-test-dirs-')),
  ) {
    this.paths = names.map((name) => join(this.root, name));
  }

  /** Directories of partitions, by log directory. */
  list(): Record<string, string[]> {
    return Object.fromEntries(
      this.paths.map((path) => [
        path.slice(this.root.length + 1),
        isDirectory(path)
          ? readdirSync(path, { withFileTypes: true })
              .filter((entry) => entry.isDirectory())
              .map((entry) => entry.name.replace(/\.[0-9a-zA-Z_-]+-(delete|stray|future)$/, '.$1'))
              .sort()
          : [],
      ]),
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A broker without network and handlers on {@link Disks}: its metadata, its partitions, its logs. */
export class Scene {
  private constructor(
    readonly disks: Disks,
    readonly ports: BreakingPorts,
    readonly time: VirtualTime,
    readonly logger: MemoryLogger,
    readonly logs: LogManager,
    readonly store: EmbeddedMetadataStore,
    readonly cache: StoreMetadataCache,
    readonly replicas: ReplicaManager,
    readonly controller: Controller,
  ) {}

  static async open(
    disks: Disks,
    mover: Partial<MoverSettings> = {},
    flushMode: 'group' | 'os' = 'group',
    cleaner?: () => CleanerSettings,
  ): Promise<Scene> {
    disks.starts += 1;
    const ports = new BreakingPorts();
    const parsed = BrokerConfig.fromProperties({ 'node.id': '1', 'millrace.flush.mode': flushMode });
    if (!parsed.ok) throw new Error('config');
    const { config } = parsed;
    const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
    const logger = new MemoryLogger();
    const random = seededRandom(disks.starts);
    const outside = { clock: time, timers: time, random, files: ports.files, store: ports.store, logger };
    const logs = await LogManager.open(outside, {
      directories: disks.paths,
      clusterId: 'cluster',
      nodeId: 1,
      retentionCheckIntervalMs: 300_000,
      checkpointIntervalMs: 60_000,
      producerExpirationMs: 86_400_000,
      producerExpirationCheckMs: 600_000,
      cleaner,
      mover: () => ({ maxBytesPerSecond: Number.POSITIVE_INFINITY, threads: undefined, ...mover }),
    });
    time.holdWhile(() => !ports.dead && logs.busy);
    const store = await EmbeddedMetadataStore.open(outside, `${disks.root}/journal`);
    const session = await store.createSession(1000);
    const broker = JSON.stringify({ rack: null, endpoints: {} });
    await store.txn([{ key: keys.broker(1), version: 0 }], [{ put: keys.broker(1), value: broker, session }]);
    const cache = new StoreMetadataCache(store, () => {});
    const replicas = new ReplicaManager({
      nodeId: 1,
      clock: time,
      timers: time,
      logger,
      logs,
      egress: { topicAccount: () => 0, forgetTopic: () => undefined },
      decideAnew: () => undefined,
      logConfigOf: (topic) => ({ ...logConfigOf(config, topic), segmentBytes: 1000, indexIntervalBytes: 200 }),
    });
    const controller = new Controller({
      nodeId: 1,
      store,
      cache,
      random,
      logger,
      session,
      config: () => config,
      applied: (image) => replicas.apply(image),
      leavesTraces: (id) => replicas.leavesTraces(id),
    });
    const scene = new Scene(disks, ports, time, logger, logs, store, cache, replicas, controller);
    await controller.elect();
    await cache.refresh();
    try {
      await logs.settle(await logOwners(store, cache.current(), 1));
    } catch (error) {
      await logs.close();
      throw error;
    }
    await replicas.apply(cache.current());
    if (logs.allOnline) await controller.forgetDeletedTopics();
    logs.moves.resume();
    return scene;
  }

  async create(name: string, numPartitions = 1, configs = new Map<string, string>()): Promise<Uuid> {
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs };
    const made = await this.controller.createTopic(topic, false);
    if (isFailure(made)) throw new Error(`${name}: ${made.errorMessage}`);
    return made.topicId;
  }

  delete(id: Uuid): Promise<ControllerError> {
    return this.controller.deleteTopic(id);
  }

  partition(topic: string, partition = 0): Partition {
    const found = this.replicas.get(topic, partition);
    if (found === undefined) throw new Error(`no ${topic}-${partition}`);
    return found;
  }

  /** Sends one batch of an idempotent producer. Notes what is acknowledged, whenever that is. The error code. */
  append(topic: string, partition = 0, text?: string): ErrorCode {
    const { disks } = this;
    const key = `${topic}-${partition}`;
    const sent = disks.sent.get(key) ?? [];
    disks.sent.set(key, sent);
    const value = text ?? `${sent.length}`.padEnd(100, '.');
    const bytes = encodeBatch({
      records: [{ timestampMs: 1_700_000_000_000, key: null, value: Buffer.from(value), headers: [] }],
      producerId: 7,
      producerEpoch: 0,
      baseSequence: sent.length,
    });
    const found = this.partition(topic, partition);
    const result = found.append(Buffer.from(bytes), -1, { nowMs: this.time.wallMs(), produceVersion: 9 });
    if (result.errorCode !== ErrorCode.NONE) return result.errorCode;
    sent.push(value);
    const note = (): boolean => {
      if (found.highWatermark <= result.lastOffset || this.ports.dead) return false;
      const acknowledged = disks.acknowledged.get(key) ?? new Set();
      acknowledged.add(value);
      disks.acknowledged.set(key, acknowledged);
      return true;
    };
    if (!note()) {
      const undo = found.onHighWatermark(() => {
        if (note()) undo();
      });
    }
    return ErrorCode.NONE;
  }

  /** Everything appended so far is acknowledged, or will never be. */
  async acknowledgedAll(topic: string, partition = 0): Promise<void> {
    const found = this.partition(topic, partition);
    await this.until(() => found.offline || found.highWatermark >= (found.log?.log.logEndOffset ?? 0));
  }

  values(topic: string, partition = 0): string[] {
    const log = this.partition(topic, partition).log?.log;
    const values: string[] = [];
    for (let offset = log?.logStartOffset ?? 0; log !== undefined && offset < log.logEndOffset; ) {
      const batches = [...decodeBatches(log.readCopy(offset, 1 << 20, log.logEndOffset))];
      for (const batch of batches)
        for (const record of batch.records) {
          values.push(Buffer.from(record.value ?? []).toString());
          offset = batch.lastOffset + 1;
        }
      if (batches.length === 0) break;
    }
    return values;
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async until(condition: () => boolean): Promise<boolean> {
    const giveUpMs = performance.now() + 10_000;
    while (!condition()) {
      if (this.ports.dead || performance.now() > giveUpMs) return condition();
      await this.turn();
    }
    return true;
  }

  moved(topic: string, partition = 0): Promise<boolean> {
    return this.until(() => !this.logs.moves.isMoving(`${topic}-${partition}`));
  }

  /** The process is gone. */
  async kill(): Promise<void> {
    await this.ports.kill();
  }

  async close(): Promise<void> {
    this.replicas.close();
    this.cache.close();
    await this.logs.close();
    await this.store.close();
  }
}
