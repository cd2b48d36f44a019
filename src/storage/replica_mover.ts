import { ByteRate } from './byte_rate.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { ManagedDirectory } from './managed_directory.js';
import type { PartitionLog } from './partition_log.js';
import { type MoveHooks, type MoveOutcome, ReplicaMove } from './replica_move.js';

export interface MoverSettings {
  /** `replica.alter.log.dirs.io.max.bytes.per.second`, of all moves together. */
  readonly maxBytesPerSecond: number;
  /** `num.replica.alter.log.dirs.threads`: moves that run at the same time; undefined: one for each log directory. */
  readonly threads: number | undefined;
}

/** A copy on its way, as DescribeLogDirs shows it. */
export interface FutureLog {
  readonly topic: string;
  readonly partition: number;
  /** Of the log directory it will be in. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Offsets the log is ahead of it. */
  readonly offsetLag: number;
}

interface Entry {
  readonly move: ReplicaMove;
  done: Promise<MoveOutcome>;
  begin: () => void;
}

/** The moves of logs between log directories: some at a time, the others wait in the order in which they were asked for. */
export class ReplicaMover {
  private readonly entries = new Map<string, Entry>();
  private readonly waiting: Entry[] = [];
  private readonly rate: ByteRate;
  private running = 0;
  private closed = false;

  constructor(
    private readonly ports: LogManagerPorts,
    private readonly settings: () => MoverSettings,
    private readonly directoryCount: number,
    private readonly hooks: MoveHooks,
  ) {
    this.rate = new ByteRate(ports, () => settings().maxBytesPerSecond);
  }

  /** Work on threads is under way. */
  get busy(): boolean {
    return this.running > this.rate.waiting;
  }

  isMoving(name: string): boolean {
    return this.entries.has(name);
  }

  /** Where a log is being moved to. */
  targetOf(name: string): ManagedDirectory | undefined {
    return this.entries.get(name)?.move.target;
  }

  *futures(): IterableIterator<FutureLog> {
    for (const { move } of this.entries.values()) {
      const { progress, source, target } = move;
      if (progress === undefined) continue;
      yield {
        topic: source.topic,
        partition: source.partition,
        path: target.path,
        sizeBytes: progress.sizeBytes,
        offsetLag: Math.max(0, source.log.logEndOffset - progress.endOffset),
      };
    }
  }

  /** The log must not be moving. */
  begin(source: PartitionLog, from: ManagedDirectory, target: ManagedDirectory): void {
    if (this.closed) return;
    const move = new ReplicaMove(this.ports, source, from, target, this.rate, this.hooks);
    const { name } = source;
    const entry: Entry = { move, done: Promise.resolve('stopped' as const), begin: () => {} };
    const turn = new Promise<void>((resolve) => {
      entry.begin = resolve;
    });
    entry.done = turn
      .then(() => move.run())
      .finally(() => {
        this.entries.delete(name);
        this.running -= 1;
        this.next();
      });
    this.entries.set(name, entry);
    this.waiting.push(entry);
    this.next();
  }

  private next(): void {
    const threads = this.settings().threads ?? this.directoryCount;
    for (const entry of this.waiting.splice(0, Math.max(0, threads - this.running))) {
      this.running += 1;
      entry.begin();
    }
  }

  /** Ends a move, unless it is decided already; then it is brought to its end. Resolves when nothing of it is under way. */
  async cancel(name: string): Promise<void> {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.stop(entry, false);
    await entry.done;
  }

  /** A directory has failed: what it had to do with ends. */
  directoryFailed(managed: ManagedDirectory): void {
    for (const entry of this.entries.values())
      if (entry.move.target === managed || entry.move.source.directoryPath === managed.path) this.stop(entry, true);
  }

  /** Moves end where they can; they begin again at the next start. */
  async close(): Promise<void> {
    this.closed = true;
    const all = [...this.entries.values()];
    for (const entry of all) this.stop(entry, true);
    await Promise.all(all.map(({ done }) => done));
  }

  private stop(entry: Entry, keepFiles: boolean): void {
    entry.move.stop({ keepFiles });
    const at = this.waiting.indexOf(entry);
    if (at < 0) return;
    // It has not begun: it ends at once.
    this.waiting.splice(at, 1);
    this.running += 1;
    entry.begin();
  }
}
