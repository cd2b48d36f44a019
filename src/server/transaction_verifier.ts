import type { Clock, Timers } from '../common/ports/index.js';
import type { TopicPartitions } from '../coordinator/transaction/transaction.js';
import type { TransactionCoordinator } from '../coordinator/transaction_coordinator.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Partition } from '../replication/partition.js';
import type { ReplicaManager } from '../replication/replica_manager.js';

/** What a client of a version expects of a write in a transaction. */
export interface VerificationSupport {
  /** The write adds the partition to the transaction itself (KIP-890 part 2: Produce 12, TxnOffsetCommit 5). */
  readonly adds: boolean;
  /** It knows TRANSACTION_ABORTABLE (Produce 11, TxnOffsetCommit 4). */
  readonly knowsAbortable: boolean;
}

export interface VerifiedWrite {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly support: VerificationSupport;
  /** By topic and partition. */
  readonly writes: ReadonlyArray<{ readonly topic: string; readonly partition: number; readonly baseSequence: number }>;
}

export interface VerifiedPartition {
  readonly errorCode: ErrorCode;
  /** The proof that its append needs; undefined: none is needed. */
  readonly verification: object | undefined;
}

export interface TransactionVerifierDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly replicas: ReplicaManager;
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions' | 'verifyPartitions'>;
  /** `transaction.partition.verification.enable` */
  readonly verifiesTransactions: () => boolean;
  /** `add.partitions.to.txn.retry.backoff.ms` */
  readonly retryMs: number;
  /** `add.partitions.to.txn.retry.backoff.max.ms`: no more tries after that. */
  readonly retryForMs: number;
}

const clientTransactionVersion = 2;

/**
 * Lets transactions begin on partitions only with their coordinator's knowledge (KIP-890): asks it whether they are part of the
 * transaction, or makes them part of it for clients that leave that to the write.
 */
export class TransactionVerifier {
  constructor(private readonly deps: TransactionVerifierDeps) {}

  /**
   * By `topic-partition`. Undefined, as mostly: the transaction is open on all partitions, nothing has to be asked. Errors of a
   * partition: INVALID_PRODUCER_EPOCH, what AddPartitionsToTxn says, and INVALID_TXN_STATE for TRANSACTION_ABORTABLE where that is not known.
   */
  verify(write: VerifiedWrite): Promise<ReadonlyMap<string, VerifiedPartition>> | undefined {
    const { support } = write;
    if (!support.adds && !this.deps.verifiesTransactions()) return undefined;
    const started = this.start(write);
    return started.size === 0 ? undefined : this.confirm(write, started);
  }

  private start(write: VerifiedWrite): Map<string, VerifiedPartition> {
    const { producerId, producerEpoch, support } = write;
    const started = new Map<string, VerifiedPartition>();
    for (const { topic, partition: index, baseSequence } of write.writes) {
      const partition = this.deps.replicas.get(topic, index);
      // What there is to say of such a partition, the append says.
      if (partition?.log === undefined || partition.offline) continue;
      const producer = { producerId, producerEpoch, baseSequence };
      const verification = startOn(partition, producer, support.adds, this.deps.clock.wallMs());
      if (verification === undefined) continue;
      const name = `${topic}-${index}`;
      if (typeof verification === 'number') started.set(name, { errorCode: verification, verification: undefined });
      else started.set(name, { errorCode: ErrorCode.NONE, verification });
    }
    return started;
  }

  private async confirm(
    write: VerifiedWrite,
    started: ReadonlyMap<string, VerifiedPartition>,
  ): Promise<ReadonlyMap<string, VerifiedPartition>> {
    const asked = write.writes.filter(
      ({ topic, partition }) => started.get(`${topic}-${partition}`)?.verification !== undefined,
    );
    if (asked.length === 0) return started;
    const answers = new Map(started);
    const errors = await (write.support.adds ? this.add(write, asked) : this.ask(write, asked));
    for (const { topic, partition } of asked) {
      const name = `${topic}-${partition}`;
      const errorCode = forWrite(errors.get(name) ?? ErrorCode.NONE, write.support);
      answers.set(name, { errorCode, verification: started.get(name)?.verification });
    }
    return answers;
  }

  private async ask(write: VerifiedWrite, asked: VerifiedWrite['writes']): Promise<ReadonlyMap<string, ErrorCode>> {
    const { transactionalId, producerId, producerEpoch } = write;
    const results = await this.deps.transactions.verifyPartitions({
      transactionalId,
      producerId,
      producerEpoch,
      partitions: byTopic(asked),
    });
    return new Map(results.map(({ topic, partition, errorCode }) => [`${topic}-${partition}`, errorCode]));
  }

  /** While the transaction before is being ended the client would wait longer than its markers take. */
  private async add(write: VerifiedWrite, asked: VerifiedWrite['writes']): Promise<ReadonlyMap<string, ErrorCode>> {
    const { clock, timers, retryMs, retryForMs, transactions } = this.deps;
    const { transactionalId, producerId, producerEpoch } = write;
    const partitions = byTopic(asked);
    const startedMs = clock.monotonicMs();
    for (;;) {
      const error = await transactions.addPartitions({
        transactionalId,
        producerId,
        producerEpoch,
        partitions,
        clientTransactionVersion,
      });
      if (error !== ErrorCode.CONCURRENT_TRANSACTIONS || clock.monotonicMs() - startedMs >= retryForMs)
        return new Map(asked.map(({ topic, partition }) => [`${topic}-${partition}`, error]));
      await new Promise<void>((resolve) => {
        timers.after(retryMs, resolve);
      });
    }
  }
}

function startOn(
  partition: Partition,
  producer: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: number },
  raisesEpoch: boolean,
  nowMs: number,
) {
  return partition.log?.producers.startVerification(producer, raisesEpoch, nowMs);
}

function byTopic(writes: VerifiedWrite['writes']): TopicPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of writes) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

/** Producers know these errors of writes. */
function forWrite(error: ErrorCode, support: VerificationSupport): ErrorCode {
  if (error === ErrorCode.PRODUCER_FENCED) return ErrorCode.INVALID_PRODUCER_EPOCH;
  if (error === ErrorCode.TRANSACTION_ABORTABLE && !support.knowsAbortable) return ErrorCode.INVALID_TXN_STATE;
  return error;
}
