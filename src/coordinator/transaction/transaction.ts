/** Statuses by their number in the log. */
export const transactionStatuses = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
] as const;
/** In Kafka on the way from one status to the next, and never written. */
export const passingStatuses = ['Dead', 'PrepareEpochFence'] as const;

export type TransactionStatus = (typeof transactionStatuses)[number];

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** What is known of a transactional id. A value: a change makes a new one. */
export interface Transaction {
  readonly transactionalId: string;
  readonly producerId: number;
  /** Before the last change; -1: there was none. A client that did not hear of a new id comes with it. */
  readonly previousProducerId: number;
  /** What {@link producerId} becomes when the transaction is complete, because its epochs are used up; -1: it stays. */
  readonly nextProducerId: number;
  readonly producerEpoch: number;
  /** The epoch before the last one, as long as no other producer came between; -1 otherwise, and after a load. */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly status: TransactionStatus;
  readonly partitions: readonly TopicPartitions[];
  readonly lastUpdateMs: number;
  /** -1: no transaction has begun yet. */
  readonly startMs: number;
  /** `transaction.version` of the client that changed it last: from 2 on each transaction has an epoch of its own. */
  readonly clientTransactionVersion: number;
}

export const noProducerId = -1;
export const noProducerEpoch = -1;
/** The epoch that only a marker bears, so that it is always possible to fence. */
export const maxProducerEpoch = 0x7fff;
/** From this version on each transaction has an epoch of its own (KIP-890). */
export const versionWithEpochBump = 2;

/** Whether no producer can be given an epoch above this one. */
export function isExhausted(producerEpoch: number): boolean {
  return producerEpoch >= maxProducerEpoch - 1;
}

/** The next value of a transaction. */
export function changed(
  from: Transaction,
  change: Partial<Transaction> & Pick<Transaction, 'status' | 'lastUpdateMs'>,
): Transaction {
  return { ...from, previousProducerId: from.producerId, ...change };
}

/** Whether it is decided how the transaction ends, and its markers are being written. */
export function isEnding(status: TransactionStatus): boolean {
  return status === 'PrepareCommit' || status === 'PrepareAbort';
}

/** Whether the coordinator has something to do or to watch. */
export function isOpen(status: TransactionStatus): boolean {
  return status === 'Ongoing' || isEnding(status);
}

export function hasPartition(transaction: Transaction, topic: string, partition: number): boolean {
  return transaction.partitions.some((known) => known.topic === topic && known.partitions.includes(partition));
}

/** The union, in the order of coming. The same array when nothing is new. */
export function withPartitions(
  known: readonly TopicPartitions[],
  added: readonly TopicPartitions[],
): readonly TopicPartitions[] {
  let isNew = false;
  const byTopic = new Map(known.map(({ topic, partitions }) => [topic, partitions]));
  for (const { topic, partitions } of added) {
    const before = byTopic.get(topic) ?? [];
    const fresh = [...new Set(partitions)].filter((partition) => !before.includes(partition));
    if (fresh.length === 0) continue;
    isNew = true;
    byTopic.set(topic, [...before, ...fresh]);
  }
  return isNew ? [...byTopic].map(([topic, partitions]) => ({ topic, partitions })) : known;
}

/** What the transaction becomes when its markers are written. */
export function completed(from: Transaction, nowMs: number): Transaction {
  const rotates = from.clientTransactionVersion >= versionWithEpochBump && from.nextProducerId !== noProducerId;
  return changed(from, {
    status: from.status === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    producerId: rotates ? from.nextProducerId : from.producerId,
    producerEpoch: rotates ? 0 : from.producerEpoch,
    nextProducerId: noProducerId,
    partitions: [],
    lastUpdateMs: nowMs,
  });
}
