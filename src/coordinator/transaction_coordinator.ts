import type { Clock, Timers } from '../common/ports/index.js';
import type { MetadataCache } from '../metadata/image.js';
import { ErrorCode } from '../protocol/errors.js';
import type { CoordinatorLog } from './runtime/log.js';
import type { Outcome, ReplyToken } from './runtime/machine.js';
import type { ShardLogger } from './runtime/shard.js';
import { replyTo, ShardSet, type ShardStatistics } from './runtime/shard_set.js';
import type {
  AddPartitionsCommand,
  EndCommand,
  Ending,
  ListedTransaction,
  ListFilter,
  ProducerIdentity,
  TransactionCommand,
  TransactionReply,
  TransactionRules,
  VerifyPartitionsCommand,
} from './transaction/commands.js';
import { transactionMachine } from './transaction/machine.js';
import { type MarkerCounts, MarkerQueue, type MarkerWriter } from './transaction/markers.js';
import type { TransactionRecord } from './transaction/records.js';
import type { TransactionState } from './transaction/state.js';
import { type Transaction, type TransactionStatus, transactionStatuses } from './transaction/transaction.js';

export const transactionStateTopic = '__transaction_state';

export interface TransactionCoordinatorConfig extends Omit<TransactionRules, 'transactionVersion'> {
  /** `transaction.max.timeout.ms` */
  readonly maxTimeoutMs: number;
  /** `transaction.state.log.num.partitions` */
  readonly numPartitions: number;
  /** `transaction.state.log.load.buffer.size` */
  readonly loadBufferBytes: number;
  /** `request.timeout.ms`: how long an answer waits for its records to be committed. */
  readonly commitTimeoutMs: number;
}

export interface TransactionCoordinatorDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: ShardLogger;
  readonly config: TransactionCoordinatorConfig;
  readonly metadata: MetadataCache;
  /** Producer ids never given out before, also not before a restart. */
  readonly producerIds: { next(): Promise<number> };
  readonly markers: MarkerWriter;
}

export interface TransactionStatistics {
  readonly transactionalIds: number;
  readonly open: number;
  readonly byStatus: ReadonlyMap<TransactionStatus, number>;
  /** Transactions whose markers are not all written. */
  readonly unfinishedMarkers: number;
  readonly markers: MarkerCounts;
}

type ReplyOf<K extends TransactionReply['kind']> = TransactionReply & { readonly kind: K };
type Request<C> = C extends unknown ? Omit<C, 'kind' | 'token'> : never;

export interface ProducerAnswer extends ProducerIdentity {
  readonly errorCode: ErrorCode;
}

export interface TransactionDescription {
  readonly transactionalId: string;
  readonly errorCode: ErrorCode;
  /** Undefined when `errorCode` is set. */
  readonly transaction: Transaction | undefined;
}

/**
 * The transactional ids this broker coordinates: one shard per partition of `__transaction_state` it leads. Every method answers;
 * errors are in the answer. A partition that is not here is NOT_COORDINATOR, one that is loading COORDINATOR_LOAD_IN_PROGRESS.
 */
export class TransactionCoordinator {
  private readonly shards: ShardSet<TransactionState, TransactionCommand, TransactionRecord, TransactionReply>;
  private readonly markers: MarkerQueue;
  private readonly epochs = new Map<number, number>();

  constructor(private readonly deps: TransactionCoordinatorDeps) {
    const { config, clock, timers, logger, metadata } = deps;
    const { commitTimeoutMs, loadBufferBytes, numPartitions } = config;
    this.shards = new ShardSet(
      transactionMachine({
        ...config,
        transactionVersion: () => metadata.current().features.get('transaction.version') ?? 0,
      }),
      {
        topic: transactionStateTopic,
        clock,
        timers,
        logger,
        metadata,
        appendLingerMs: 0,
        commitTimeoutMs,
        loadBufferBytes,
        numPartitions,
        baseSequence: -1,
      },
      (partition, reply) => this.take(partition, reply),
    );
    this.markers = new MarkerQueue({
      timers,
      logger,
      writer: deps.markers,
      coordinatorEpoch: (partition) => this.epochs.get(partition) ?? 0,
      complete: (partition, ending) => this.complete(partition, ending),
    });
  }

  expectPartition(partition: number): void {
    this.shards.expect(partition);
  }

  /** `leaderEpoch` of the partition goes into the markers: an older coordinator cannot write any after it. */
  startPartition(partition: number, log: CoordinatorLog, leaderEpoch: number): Promise<void> {
    this.markers.stop(partition);
    this.epochs.set(partition, leaderEpoch);
    return this.shards.start(partition, log);
  }

  stopPartition(partition: number): void {
    this.markers.stop(partition);
    this.shards.stop(partition);
  }

  close(): void {
    this.markers.close();
    this.shards.close();
  }

  /** The partition of `__transaction_state` that holds a transactional id. */
  partitionFor(transactionalId: string): number {
    return this.shards.partitionFor(transactionalId);
  }

  /** For metrics. */
  statistics(): TransactionStatistics {
    const byStatus = new Map<TransactionStatus, number>(transactionStatuses.map((status) => [status, 0]));
    let transactionalIds = 0;
    let open = 0;
    for (const state of this.shards.states()) {
      transactionalIds += state.transactions.size;
      open += state.open.size;
      for (const { status } of state.transactions.values()) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    }
    return { transactionalIds, open, byStatus, unfinishedMarkers: this.markers.size, markers: this.markers.counts };
  }

  /** For metrics. */
  get runtime(): ShardStatistics {
    return this.shards;
  }

  /**
   * InitProducerId. Errors: INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS.
   *
   * @throws MetadataStoreError when no producer id can be had
   */
  async initProducer(
    transactionalId: string | null,
    timeoutMs: number,
    expected: ProducerIdentity | undefined,
  ): Promise<ProducerAnswer> {
    if (transactionalId === null)
      return { errorCode: ErrorCode.NONE, producerId: await this.deps.producerIds.next(), producerEpoch: 0 };
    if (transactionalId === '') return none(ErrorCode.INVALID_REQUEST);
    if (timeoutMs <= 0 || timeoutMs > this.deps.config.maxTimeoutMs) return none(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
    return this.withProducerId((newProducerId) =>
      this.ask('init', transactionalId, { transactionalId, timeoutMs, expected, newProducerId }),
    );
  }

  /** AddPartitionsToTxn. Errors: INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS. */
  async addPartitions(request: Request<AddPartitionsCommand>): Promise<ErrorCode> {
    if (request.transactionalId === '') return ErrorCode.INVALID_REQUEST;
    const outcome = await this.ask('add-partitions', request.transactionalId, request);
    return outcome.ok ? outcome.reply.errorCode : outcome.error;
  }

  /** As {@link addPartitions}, and TRANSACTION_ABORTABLE for partitions that are not in the transaction. */
  async verifyPartitions(request: Request<VerifyPartitionsCommand>): Promise<ReplyOf<'verify-partitions'>['results']> {
    const all = (errorCode: ErrorCode) =>
      request.partitions.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition, errorCode })),
      );
    if (request.transactionalId === '') return all(ErrorCode.INVALID_REQUEST);
    const outcome = await this.ask('verify-partitions', request.transactionalId, request);
    return outcome.ok ? outcome.reply.results : all(outcome.error);
  }

  /**
   * EndTxn: answers when the end is decided and committed; the markers follow. Errors: as {@link addPartitions}, and
   * INVALID_TXN_STATE.
   *
   * @throws MetadataStoreError when the producer's epochs are used up and no producer id can be had
   */
  async endTransaction(request: Omit<Request<EndCommand>, 'newProducerId'>): Promise<ProducerAnswer> {
    if (request.transactionalId === '') return none(ErrorCode.INVALID_REQUEST);
    return this.withProducerId((newProducerId) =>
      this.ask('end', request.transactionalId, { ...request, newProducerId }),
    );
  }

  /** In the order asked for. Errors: INVALID_REQUEST, TRANSACTIONAL_ID_NOT_FOUND. */
  describe(transactionalIds: readonly string[]): Promise<TransactionDescription[]> {
    return Promise.all(
      transactionalIds.map(async (transactionalId) => {
        const failed = (errorCode: ErrorCode) => ({ transactionalId, errorCode, transaction: undefined });
        if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST);
        const outcome = await this.ask('describe', transactionalId, { transactionalIds: [transactionalId] });
        if (!outcome.ok) return failed(outcome.error);
        const transaction = outcome.reply.transactions[0]?.found;
        if (transaction === undefined) return failed(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
        return { transactionalId, errorCode: ErrorCode.NONE, transaction };
      }),
    );
  }

  /** Of all partitions here. One that is loading fails the whole. */
  async list(
    filter: ListFilter,
  ): Promise<{ readonly errorCode: ErrorCode; readonly transactions: readonly ListedTransaction[] }> {
    const outcomes = await Promise.all(
      this.shards.partitions.map((partition) => this.askPartition('list', partition, { filter })),
    );
    const transactions: ListedTransaction[] = [];
    for (const outcome of outcomes) {
      if (outcome.ok) transactions.push(...outcome.reply.transactions);
      else if (outcome.error !== ErrorCode.NOT_COORDINATOR) return { errorCode: outcome.error, transactions: [] };
    }
    return { errorCode: ErrorCode.NONE, transactions };
  }

  /** Asks without a producer id first: few need one. */
  private async withProducerId(
    ask: (newProducerId: number | undefined) => Promise<Outcome<ReplyOf<'init' | 'end'>>>,
  ): Promise<ProducerAnswer> {
    let outcome = await ask(undefined);
    if (outcome.ok && outcome.reply.needsId) outcome = await ask(await this.deps.producerIds.next());
    if (!outcome.ok) return none(outcome.error);
    const { errorCode, producerId, producerEpoch } = outcome.reply;
    return { errorCode, producerId, producerEpoch };
  }

  /** What a partition wants to be done, once it is committed that it should be. */
  private take(partition: number, reply: TransactionReply): void {
    if (reply.kind === 'write-markers') for (const ending of reply.endings) this.markers.add(partition, ending);
    else if (reply.kind === 'abort-needs-id') void this.abortWithNewId(partition, reply);
  }

  private async abortWithNewId(partition: number, { transactionalId, ...producer }: ReplyOf<'abort-needs-id'>) {
    try {
      const newProducerId = await this.deps.producerIds.next();
      const { producerId, producerEpoch } = producer;
      this.shards.trigger(partition, { kind: 'abort', transactionalId, newProducerId, producerId, producerEpoch });
    } catch (error) {
      // It is tried again at the next look at what is open.
      const reason = error instanceof Error ? error.message : String(error);
      this.deps.logger.warn(`no producer id for ${transactionalId}, whose transaction is to be aborted: ${reason}`);
    }
  }

  private async complete(partition: number, ending: Ending): Promise<boolean> {
    const { transactionalId, producerId, producerEpoch } = ending;
    const outcome = await this.askPartition('complete', partition, { transactionalId, producerId, producerEpoch });
    return outcome.ok || outcome.error === ErrorCode.NOT_COORDINATOR;
  }

  private ask<K extends TransactionReply['kind']>(
    kind: K,
    transactionalId: string,
    request: Request<TransactionCommand & { readonly kind: K }>,
  ): Promise<Outcome<ReplyOf<K>>> {
    return this.askPartition(kind, this.partitionFor(transactionalId), request);
  }

  private async askPartition<K extends TransactionReply['kind']>(
    kind: K,
    partition: number,
    request: Request<TransactionCommand & { readonly kind: K }>,
  ): Promise<Outcome<ReplyOf<K>>> {
    const build = (token: ReplyToken) => ({ ...request, kind, token }) as TransactionCommand;
    const outcome = await this.shards.ask(partition, build);
    if (!outcome.ok) return outcome;
    return { ok: true, reply: replyTo(outcome.reply, kind) };
  }
}

function none(errorCode: ErrorCode): ProducerAnswer {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}
