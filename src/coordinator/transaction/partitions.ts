import { ErrorCode } from '../../protocol/errors.js';
import type {
  AddPartitionsCommand,
  ProducerIdentity,
  TransactionDecision,
  VerifyPartitionsCommand,
} from './commands.js';
import type { TransactionState } from './state.js';
import { changed, hasPartition, isEnding, type Transaction, withPartitions } from './transaction.js';
import type { Turn } from './turn.js';

/** AddPartitionsToTxn, AddOffsetsToTxn, and what a Produce or TxnOffsetCommit adds by itself. The first one begins a transaction. */
export function decideAddPartitions(
  state: TransactionState,
  command: AddPartitionsCommand,
  turn: Turn,
): TransactionDecision {
  const found = find(state, command.transactionalId, command);
  if (typeof found === 'number') {
    turn.reply(command.token, { kind: 'add-partitions', errorCode: found });
    return turn.done();
  }
  const isOngoing = found.status === 'Ongoing';
  const partitions = withPartitions(found.partitions, command.partitions);
  if (!isOngoing || partitions !== found.partitions)
    turn.write(
      changed(found, {
        status: 'Ongoing',
        partitions,
        startMs: isOngoing ? found.startMs : turn.nowMs,
        lastUpdateMs: turn.nowMs,
        clientTransactionVersion: command.clientTransactionVersion,
      }),
    );
  turn.reply(command.token, { kind: 'add-partitions', errorCode: ErrorCode.NONE });
  return turn.done();
}

/** Whether partitions are in the producer's open transaction (KIP-890): TRANSACTION_ABORTABLE where one is not. */
export function decideVerifyPartitions(
  state: TransactionState,
  command: VerifyPartitionsCommand,
  turn: Turn,
): TransactionDecision {
  const found = find(state, command.transactionalId, command);
  const errorOf = (topic: string, partition: number): ErrorCode => {
    if (typeof found === 'number') return found;
    return hasPartition(found, topic, partition) ? ErrorCode.NONE : ErrorCode.TRANSACTION_ABORTABLE;
  };
  const results = command.partitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition, errorCode: errorOf(topic, partition) })),
  );
  turn.reply(command.token, { kind: 'verify-partitions', results });
  return turn.done();
}

function find(state: TransactionState, transactionalId: string, producer: ProducerIdentity): Transaction | ErrorCode {
  const known = state.transactions.get(transactionalId);
  if (known?.producerId !== producer.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  if (known.producerEpoch !== producer.producerEpoch) return ErrorCode.PRODUCER_FENCED;
  return isEnding(known.status) ? ErrorCode.CONCURRENT_TRANSACTIONS : known;
}
