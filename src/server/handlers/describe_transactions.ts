import type { TransactionCoordinator } from '../../coordinator/transaction_coordinator.js';
import type {
  DescribeTransactionsRequest,
  DescribeTransactionsResponseInput,
} from '../../protocol/api/describe_transactions.js';
import type { Handler } from '../handler.js';

/** DescribeTransactions (KIP-664): what is known of transactional ids, one by one. */
export function describeTransactionsHandler(deps: {
  readonly transactions: Pick<TransactionCoordinator, 'describe'>;
}): Handler<DescribeTransactionsRequest, DescribeTransactionsResponseInput> {
  return async ({ transactionalIds }) => {
    const described = await deps.transactions.describe(transactionalIds);
    return {
      transactionStates: described.map(({ transactionalId, errorCode, transaction }) => ({
        errorCode,
        transactionalId,
        transactionState: transaction?.status ?? '',
        transactionTimeoutMs: transaction?.timeoutMs ?? 0,
        transactionStartTimeMs: transaction?.startMs ?? 0,
        producerId: transaction?.producerId ?? 0,
        producerEpoch: transaction?.producerEpoch ?? 0,
        topics: transaction?.partitions ?? [],
      })),
    };
  };
}
