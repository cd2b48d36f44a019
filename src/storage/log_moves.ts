import { INT64_MAX, topicPartitionName } from '../common/ids.js';
import { loadPartitionLog } from './log_loader.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { InterruptedMove, LogPlaces } from './log_places.js';
import type { ManagedDirectory } from './managed_directory.js';
import { futureFits } from './partition_directories.js';
import type { PartitionLog } from './partition_log.js';
import type { MoveHooks } from './replica_move.js';
import { type FutureLog, type MoverSettings, ReplicaMover } from './replica_mover.js';

/** What became of a wish to have a partition in another log directory. */
export type MoveAnswer = 'done' | 'no-such-directory' | 'offline' | 'name-too-long' | 'unknown-partition';

/** What moves need of the log manager. */
export interface MovesDeps {
  readonly directories: readonly ManagedDirectory[];
  readonly places: LogPlaces;
  /** The logs in use, by partition. */
  readonly logs: Map<string, PartitionLog>;
  /** Tells the partition how much of its log is on the medium. */
  flushed(name: string, offset: number): void;
  /** Resolves when no compaction of the log is under way. */
  release(log: PartitionLog): Promise<void>;
  /** Closes a log and takes its directory away. */
  remove(log: PartitionLog, managed: ManagedDirectory): Promise<boolean>;
  checkpoint(): Promise<void>;
  cleanedElsewhere(path: string): Promise<void>;
  moved(): void;
}

/** Which logs are moved to which directory: what AlterReplicaLogDirs asks for, and what a stop interrupted. */
export class LogMoves {
  /** Copies whose checkpoints are written before they take the place of their logs, by partition. */
  readonly nearlyMoved = new Map<string, PartitionLog>();
  private readonly mover: ReplicaMover;
  private readonly handlers: Array<(log: PartitionLog) => void> = [];
  private interrupted: readonly InterruptedMove[] = [];
  private closed = false;

  constructor(
    private readonly ports: LogManagerPorts,
    settings: () => MoverSettings,
    private readonly deps: MovesDeps,
  ) {
    this.mover = new ReplicaMover(ports, settings, deps.directories.length, this.hooks());
  }

  get busy(): boolean {
    return this.mover.busy;
  }

  isMoving(name: string): boolean {
    return this.mover.isMoving(name);
  }

  /** Copies that are on their way. */
  futureLogs(): IterableIterator<FutureLog> {
    return this.mover.futures();
  }

  /** Called in the turn in which a log of another directory has taken the place of the one before. */
  onMoved(handler: (log: PartitionLog) => void): void {
    this.handlers.push(handler);
  }

  /** Ends a move, unless it is decided already; then it is brought to its end. */
  cancel(name: string): Promise<void> {
    return this.mover.cancel(name);
  }

  directoryFailed(managed: ManagedDirectory): void {
    this.mover.directoryFailed(managed);
  }

  close(): Promise<void> {
    this.closed = true;
    return this.mover.close();
  }

  begunBefore(moves: readonly InterruptedMove[]): void {
    this.interrupted = moves;
  }

  /** Moves that a stop interrupted begin again, once the logs are open. */
  resume(): void {
    for (const { name, path } of this.interrupted) {
      const log = this.deps.logs.get(name);
      const target = this.managed(path);
      if (log === undefined || target?.online !== true) continue;
      this.ports.logger.info(`${name}: the move to ${path} begins again`);
      this.begin(log, target);
    }
    this.interrupted = [];
  }

  /**
   * AlterReplicaLogDirs (KIP-113) for one partition: begins to move its log, or says where it is to be made (`isKnown` false). The
   * same directory again changes nothing; a move that is under way to another one ends first, and one back to where the log is only
   * ends it.
   */
  async alter(topic: string, partition: number, path: string, isKnown: boolean): Promise<MoveAnswer> {
    const { logs, places, directories } = this.deps;
    const name = topicPartitionName(topic, partition);
    if (!futureFits(name)) return 'name-too-long';
    const target = this.managed(path);
    if (target === undefined) return 'no-such-directory';
    if (!target.online) return 'offline';
    if (!isKnown) {
      places.prefer(name, target);
      return 'unknown-partition';
    }
    if (!this.isOnline(logs.get(name))) return 'offline';
    const moving = this.mover.targetOf(name);
    if (moving === target) return 'done';
    if (moving !== undefined) await this.mover.cancel(name);
    const log = logs.get(name);
    if (log === undefined || !this.isOnline(log)) return 'offline';
    if (log.directoryPath === path) return 'done';
    // Kafka's rule: it keeps a partition from being in more than one directory when the one that is offline comes back.
    if (directories.some(({ online }) => !online)) return 'offline';
    this.begin(log, target);
    return 'done';
  }

  private managed(path: string): ManagedDirectory | undefined {
    return this.deps.directories.find((managed) => managed.path === path);
  }

  private isOnline(log: PartitionLog | undefined): boolean {
    return log !== undefined && this.managed(log.directoryPath)?.online === true;
  }

  private begin(log: PartitionLog, target: ManagedDirectory): void {
    const from = this.managed(log.directoryPath);
    if (from !== undefined && from !== target && !this.mover.isMoving(log.name)) this.mover.begin(log, from, target);
  }

  private hooks(): MoveHooks {
    const { deps } = this;
    return {
      release: (source) => deps.release(source),
      load: (source, target, futureName) => this.load(source, target, futureName),
      checkpoint: async (copy, target) => {
        this.nearlyMoved.set(topicPartitionName(copy.topic, copy.partition), copy);
        await deps.checkpoint();
        target.usable('move');
      },
      gaveUp: (source, serves) => {
        this.nearlyMoved.delete(source.name);
        if (serves) deps.flushed(source.name, source.log.flushedOffset);
      },
      switched: (source, copy) => {
        const { name } = source;
        this.nearlyMoved.delete(name);
        copy.reconfigure(source.config);
        copy.onRoll = source.onRoll;
        deps.logs.set(name, copy);
        const target = this.managed(copy.directoryPath);
        if (target !== undefined) deps.places.created(name, target);
        for (const handler of this.handlers) handler(copy);
      },
      retire: async (source, managed) => {
        const { name } = source;
        await deps.remove(source, managed);
        const log = deps.logs.get(name);
        if (log?.cleanedOffset !== undefined) await deps.cleanedElsewhere(log.directoryPath);
        await deps.checkpoint();
        deps.moved();
      },
    };
  }

  private async load(source: PartitionLog, target: ManagedDirectory, futureName: string): Promise<PartitionLog> {
    const { topic, partition, topicId, config, log, name } = source;
    const copy = await loadPartitionLog({
      ports: this.ports,
      directory: target.usable('move'),
      name: futureName,
      topic,
      partition,
      topicId,
      config,
      onFlushed: (flushedOffset) => this.deps.flushed(name, flushedOffset),
      cleanShutdown: false,
      // Checked on a thread of its own, whatever its size.
      exists: true,
      cancelled: () => this.closed,
      recoveryPoint: 0,
      // No crash came between; what is missing is missing in the source.
      gapsBelow: INT64_MAX,
      // All that was copied is kept; it starts where the source does once it has all of it.
      logStartOffset: log.firstBaseOffset,
    });
    copy.space = target.space;
    return copy;
  }
}
