import { topicPartitionName, type Uuid } from '../common/ids.js';
import { type Clock, type EgressAccounts, LogStoreError, type Timers } from '../common/ports/index.js';
import type { MetadataImage, TopicImage } from '../metadata/image.js';
import type { LogConfig } from '../storage/log_config.js';
import type { LogManager } from '../storage/log_manager.js';
import { inParallel } from '../storage/log_opener.js';
import type { Logger } from '../telemetry/logger.js';
import { Partition } from './partition.js';
import { TimeoutWheel } from './timeout_wheel.js';

export interface ReplicaManagerDeps {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly logs: LogManager;
  /** Configs of a topic, resolved against the broker's. */
  logConfigOf(topic: TopicImage): LogConfig;
  /** Where what is sent of a topic is counted. */
  readonly egress: Pick<EgressAccounts, 'topicAccount' | 'forgetTopic'>;
  /** Who leads which partition may have changed. */
  readonly decideAnew: () => void;
  /** The log of a partition is open, or cannot be had. */
  settled?(partition: Partition): void;
}

/** A partition whose log is to be opened. */
interface Opening {
  readonly name: string;
  readonly partition: Partition;
}

/** Between two attempts to make a log that found no room. */
const roomRetryMs = 1_000;

interface HostedTopic {
  readonly id: Uuid;
  readonly name: string;
  config: LogConfig;
  /** By partition number; undefined where another broker is the leader. */
  readonly partitions: Array<Partition | undefined>;
}

/** The partitions this broker leads, kept in step with the metadata image. */
export class ReplicaManager {
  /** Requests that wait for records or acknowledgements. */
  readonly wheel: TimeoutWheel;
  private readonly byName = new Map<string, HostedTopic>();
  private readonly byId = new Map<Uuid, HostedTopic>();
  private applying: Promise<unknown> = Promise.resolve();
  /** Partitions whose logs are being opened: what waits for its turn is not among them. */
  private readonly opening = new Map<Partition, Promise<void>>();
  private closed = false;
  /** Partitions of the first image had their logs before this start, wherever they are. */
  private started = false;
  private lastList: readonly number[] = [];
  private readonly gone = new Set<Uuid>();

  constructor(private readonly deps: ReplicaManagerDeps) {
    this.wheel = new TimeoutWheel(deps.clock, deps.timers);
    deps.logs.onDirectoryFailure((path) => {
      for (const partition of this.all()) if (partition.log?.directoryPath === path) partition.goOffline();
    });
    deps.logs.moves.onMoved((log) => {
      const partition = this.getById(log.topicId, log.partition);
      if (partition === undefined || partition.offline) return;
      log.log.accountFor(deps.egress.topicAccount(log.topic));
      partition.moved(log);
    });
  }

  get(topic: string, partition: number): Partition | undefined {
    return this.byName.get(topic)?.partitions[partition];
  }

  getById(topicId: Uuid, partition: number): Partition | undefined {
    return this.byId.get(topicId)?.partitions[partition];
  }

  /** Name of a hosted topic. */
  nameOf(topicId: Uuid): string | undefined {
    return this.byId.get(topicId)?.name;
  }

  idOf(topic: string): Uuid | undefined {
    return this.byName.get(topic)?.id;
  }

  *all(): IterableIterator<Partition> {
    for (const topic of this.byName.values())
      for (const partition of topic.partitions) if (partition !== undefined) yield partition;
  }

  /**
   * Brings partitions in step with `next`; changes are applied one after the other, their logs open meanwhile. Resolves when the logs of
   * the partitions that this change brought are open, or cannot be.
   */
  async apply(next: MetadataImage): Promise<void> {
    const { opened } = await this.begin(next);
    await opened;
  }

  /** As {@link apply}, but resolves when the partitions are there; `opened` when their logs are open. */
  begin(next: MetadataImage): Promise<{ readonly opened: Promise<void> }> {
    const begun = this.applying.then(() => this.applyNow(next));
    this.applying = begun.catch(() => undefined);
    return begun;
  }

  private async applyNow(next: MetadataImage): Promise<{ readonly opened: Promise<void> }> {
    for (const topic of [...this.byName.values()])
      if (next.topicsById.get(topic.id) === undefined) await this.drop(topic);
    const opening: Opening[] = [];
    for (const topic of next.topicsById.values()) this.update(topic, opening);
    this.deps.decideAnew();
    const { logs } = this.deps;
    const [there, created] = [
      opening.filter(({ name }) => logs.exists(name)),
      opening.filter(({ name }) => !logs.exists(name)),
    ];
    const isNew = this.started;
    this.started = true;
    const open = ({ partition }: Opening) => this.open(partition, isNew);
    const opened = Promise.all([logs.load(there, open), inParallel(created, open)]).then(() => undefined);
    return { opened };
  }

  private update(image: TopicImage, opening: Opening[]): void {
    let topic = this.byId.get(image.id);
    if (topic === undefined) {
      topic = { id: image.id, name: image.name, config: this.deps.logConfigOf(image), partitions: [] };
      this.byId.set(image.id, topic);
      this.byName.set(image.name, topic);
    }
    for (const { partition, leader, leaderEpoch, ...lists } of image.partitions) {
      const isr = this.shared(lists.isr);
      const replicas = this.shared(lists.replicas);
      const known = topic.partitions[partition];
      if (known === undefined) {
        if (leader !== this.deps.nodeId) continue;
        const created = new Partition(image.name, image.id, partition, leaderEpoch, leader, isr, replicas);
        topic.partitions[partition] = created;
        opening.push({ name: topicPartitionName(image.name, partition), partition: created });
        continue;
      }
      known.leader = leader;
      known.leaderEpoch = leaderEpoch;
      known.isr = isr;
      known.replicas = replicas;
    }
  }

  /** Partitions of one broker have the same replicas: one list for all of them is in the cache whichever is looked at. */
  private shared(list: readonly number[]): readonly number[] {
    const { lastList } = this;
    if (list.length === lastList.length && list.every((id, at) => id === lastList[at])) return lastList;
    this.lastList = list;
    return list;
  }

  /** Its turn has come. Resolves when its log is open, or cannot be had now; nothing to be done when the topic is gone by then. */
  private async open(partition: Partition, isNew: boolean): Promise<void> {
    if (this.getById(partition.topicId, partition.partition) !== partition) return;
    const opened = this.openLog(partition, isNew);
    this.opening.set(partition, opened);
    await opened;
    this.opening.delete(partition);
  }

  private async openLog(partition: Partition, isNew: boolean): Promise<void> {
    const { topic, topicId } = partition;
    const { logs, egress } = this.deps;
    const hosted = this.byId.get(topicId);
    if (hosted === undefined) return;
    try {
      const { config } = hosted;
      const log = await logs.openLog(topic, partition.partition, topicId, config, () => partition.flushed(), { isNew });
      if (hosted.config !== config) log.reconfigure(hosted.config);
      log.log.accountFor(egress.topicAccount(topic));
      partition.opened(log);
      this.deps.settled?.(partition);
    } catch (error) {
      this.notOpened(partition, error, isNew);
    }
  }

  private notOpened(partition: Partition, error: unknown, isNew: boolean): void {
    const { timers, logger } = this.deps;
    const isDropped = this.byId.get(partition.topicId) === undefined;
    const kind = error instanceof LogStoreError ? error.kind : undefined;
    // Not loaded because the broker stops, or its topic is deleted: nothing is wrong with it.
    if (kind === 'CLOSED' && (this.closed || isDropped)) {
      partition.goOffline();
      return;
    }
    const name = topicPartitionName(partition.topic, partition.partition);
    if (kind !== 'NO_SPACE') {
      partition.goOffline();
      this.deps.settled?.(partition);
      logger.error(openingFailed(name, error), { error });
      return;
    }
    if (!partition.lacksRoom())
      logger.error(
        `${name}: there is no room for the files of its log; it answers KAFKA_STORAGE_ERROR until there is`,
        {
          error,
        },
      );
    this.deps.settled?.(partition);
    timers.after(roomRetryMs, () => {
      if (!this.closed) void this.open(partition, isNew);
    });
  }

  private async drop(topic: HostedTopic): Promise<void> {
    this.byId.delete(topic.id);
    if (this.byName.get(topic.name) === topic) {
      this.byName.delete(topic.name);
      this.deps.egress.forgetTopic(topic.name);
    }
    let isGone = true;
    for (const partition of topic.partitions) {
      if (partition === undefined) continue;
      partition.goOffline();
      try {
        isGone = (await this.deleteLog(partition, topic.config)) && isGone;
      } catch (error) {
        isGone = false;
        this.deps.logger.warn(
          `${topicPartitionName(topic.name, partition.partition)} could not be deleted; the next start does it`,
          { error },
        );
      }
    }
    if (isGone) this.gone.add(topic.id);
  }

  /** A log that is being loaded is not waited for, however long that would take. */
  private async deleteLog(partition: Partition, config: LogConfig): Promise<boolean> {
    const { logs } = this.deps;
    const { topic, topicId } = partition;
    const opening = this.opening.get(partition);
    if (opening !== undefined) {
      logs.cancelOpening(topic, partition.partition);
      await opening;
    }
    const { log } = partition;
    if (log !== undefined) return logs.deleteLog(log);
    return logs.deleteUnopened(topic, partition.partition, topicId, config.fileDeleteDelayMs);
  }

  /** Whether files of a topic that was dropped may be left under its partitions' names. Asked once for each. */
  leavesTraces(topicId: Uuid): boolean {
    return !this.gone.delete(topicId);
  }

  /** Topic or broker configs changed. */
  reconfigure(image: MetadataImage): void {
    for (const topic of image.topicsById.values()) {
      const hosted = this.byId.get(topic.id);
      if (hosted === undefined) continue;
      hosted.config = this.deps.logConfigOf(topic);
      for (const partition of hosted.partitions) {
        partition?.log?.reconfigure(hosted.config);
        partition?.reconfigured();
      }
    }
    this.deps.logs.reconfigured();
  }

  /** Answers everything that waits; logs that are still being loaded are given up by the log manager. */
  close(): void {
    this.closed = true;
    this.wheel.expireAll();
  }
}

/** What an operator can do about a log that cannot be opened. */
function openingFailed(name: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  const text = `${name} could not be opened and is offline (KAFKA_STORAGE_ERROR), everything else goes on: ${why}`;
  if (!(error instanceof LogStoreError) || error.kind !== 'CORRUPT') return text;
  const directory = error.path.slice(0, error.path.lastIndexOf('/'));
  return `${text}. Nothing was changed: stop the broker, look with \`millrace log verify ${directory}\`, keep what is good with \`millrace log repair\`, and start it again`;
}
