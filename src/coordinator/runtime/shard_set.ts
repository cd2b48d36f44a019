import { assert } from '../../common/assert.js';
import type { Clock, Timers } from '../../common/ports/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import { coordinatorError } from '../error_mapping.js';
import { javaStringHash } from '../java_hash.js';
import { LoadTimes } from './load_times.js';
import type { CoordinatorLog, EndOfTransaction } from './log.js';
import type { CoordinatorMachine, Outcome, ReplyToken } from './machine.js';
import { CoordinatorShard, type ShardLogger, type ShardPhase } from './shard.js';

export interface ShardSetOptions {
  /** Whose partitions these are. */
  readonly topic: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: ShardLogger;
  readonly metadata: MetadataCache;
  readonly appendLingerMs: number;
  readonly commitTimeoutMs: number;
  /** Bytes read at once while loading. */
  readonly loadBufferBytes: number;
  /** Of a topic that is still to be created; one that exists keeps the partitions it has. */
  readonly numPartitions: number;
  /** See `ShardOptions`. */
  readonly baseSequence?: number;
}

/** What there is to see of a coordinator's partitions. */
export interface ShardStatistics {
  readonly phases: { readonly loading: number; readonly active: number; readonly failed: number };
  readonly loads: LoadTimes;
}

/** While a partition loads, one turn of the event loop reads no more than this. */
const loadBytesPerTurn = 256 * 1024;

/**
 * The partitions of a coordinator's topic that this broker leads: which keys belong to which, and one shard for each. Whoever leads
 * a partition calls {@link start}, whoever stops to, or lost its log directory, {@link stop}.
 */
export class ShardSet<State, Command, Rec, Reply> {
  private readonly shards = new Map<number, CoordinatorShard<State, Command, Rec, Reply>>();
  /** Led, and their logs are still being loaded. */
  private readonly expected = new Set<number>();
  readonly loads = new LoadTimes();
  private fixedPartitionCount: number | undefined;
  private closed = false;

  constructor(
    private readonly machine: CoordinatorMachine<State, Command, Rec, Reply>,
    private readonly options: ShardSetOptions,
    /** Replies to the broker itself. */
    private readonly onReply: (partition: number, reply: Reply) => void = () => {},
  ) {}

  /** This broker leads a partition whose log is not there yet: until {@link start} it is being loaded. */
  expect(partition: number): void {
    if (!this.shards.has(partition)) this.expected.add(partition);
  }

  /** Resolves when the partition's state is there, or cannot be had. */
  start(partition: number, log: CoordinatorLog): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.stop(partition);
    const { topic, loadBufferBytes, ...rest } = this.options;
    const shard = new CoordinatorShard<State, Command, Rec, Reply>(
      this.machine,
      log,
      {
        ...rest,
        loads: this.loads,
        name: `${topic}-${partition}`,
        loadBufferBytes: Math.min(loadBufferBytes, loadBytesPerTurn),
      },
      (reply) => this.onReply(partition, reply),
    );
    this.shards.set(partition, shard);
    return shard.load();
  }

  /** Forgets what the partition holds; who waits for an answer from it is told NOT_COORDINATOR. */
  stop(partition: number): void {
    this.expected.delete(partition);
    const shard = this.shards.get(partition);
    this.shards.delete(partition);
    shard?.close();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.expected.clear();
    for (const partition of [...this.shards.keys()]) this.stop(partition);
  }

  /** Partitions whose logs are there. */
  get started(): readonly number[] {
    return [...this.shards.keys()];
  }

  /** For metrics. */
  get timerCount(): number {
    let count = 0;
    for (const shard of this.shards.values()) count += shard.timerCount;
    return count;
  }

  /** Of those that are led, also while they are loaded. */
  get partitions(): readonly number[] {
    return [...this.shards.keys(), ...this.expected];
  }

  /** For metrics: partitions by what they are doing. */
  get phases(): ShardStatistics['phases'] {
    const phases = [...this.shards.values()].map(({ phase }) => phase);
    const count = (phase: ShardPhase) => phases.filter((one) => one === phase).length;
    return { loading: this.expected.size + count('loading'), active: count('active'), failed: count('failed') };
  }

  /** For metrics. */
  states(): ReadonlyArray<Readonly<State>> {
    return [...this.shards.values()].map((shard) => shard.current);
  }

  /** The partition that holds a key; fixed from the first time the topic is seen. */
  partitionFor(key: string): number {
    if (this.fixedPartitionCount === undefined) {
      const topic = this.options.metadata.current().topicsByName.get(this.options.topic);
      if (topic !== undefined && topic.partitions.length > 0) this.fixedPartitionCount = topic.partitions.length;
    }
    const count = this.fixedPartitionCount ?? this.options.numPartitions;
    const hash = javaStringHash(key);
    return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % count;
  }

  /** Errors of the log are those that a client of a coordinator is told. Never rejects. */
  async ask(partition: number, build: (token: ReplyToken) => Command): Promise<Outcome<Reply>> {
    const shard = this.shards.get(partition);
    if (shard === undefined) return { ok: false, error: this.notHere(partition) };
    const outcome = await shard.submit(build);
    return outcome.ok ? outcome : { ok: false, error: coordinatorError(outcome.error) };
  }

  /** Ends a transaction that wrote records to a partition. NONE when that is committed. Errors: those of {@link ask}. */
  async endTransaction(partition: number, marker: EndOfTransaction): Promise<ErrorCode> {
    const shard = this.shards.get(partition);
    return shard === undefined ? this.notHere(partition) : coordinatorError(await shard.endTransaction(marker));
  }

  /** A command that nobody waits for. */
  trigger(partition: number, command: Command): void {
    this.shards.get(partition)?.trigger(command);
  }

  /** The same for every partition. */
  triggerAll(command: Command): void {
    for (const shard of this.shards.values()) shard.trigger(command);
  }

  private notHere(partition: number): ErrorCode {
    return this.expected.has(partition) ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR;
  }
}

/** The reply to a command of `kind`; a machine that answers another one is broken. */
export function replyTo<R extends { readonly kind: string }, K extends R['kind']>(
  reply: R,
  kind: K,
): R & { readonly kind: K } {
  assert(isOfKind(reply, kind), `a ${kind} command was answered with ${reply.kind}`);
  return reply;
}

function isOfKind<R extends { readonly kind: string }, K extends string>(
  reply: R,
  kind: K,
): reply is R & { readonly kind: K } {
  return reply.kind === kind;
}
