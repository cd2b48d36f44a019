import { compileRegex, RegexError } from '../../common/re2/regex.js';
import { passingStatuses, transactionStatuses } from '../../coordinator/transaction/transaction.js';
import type { TransactionCoordinator } from '../../coordinator/transaction_coordinator.js';
import type { ListTransactionsRequest, ListTransactionsResponseInput } from '../../protocol/api/list_transactions.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

const knownStatuses: ReadonlySet<string> = new Set([...transactionStatuses, ...passingStatuses]);

/**
 * ListTransactions (KIP-664, KIP-994, KIP-1152): the transactional ids of this coordinator that pass every filter. A pattern is RE2's and
 * fits the whole id. Error: INVALID_REGULAR_EXPRESSION.
 */
export function listTransactionsHandler(deps: {
  readonly transactions: Pick<TransactionCoordinator, 'list'>;
}): Handler<ListTransactionsRequest, ListTransactionsResponseInput> {
  return async ({ stateFilters, producerIdFilters, durationFilter, transactionalIdPattern }) => {
    const matches = matcherOf(transactionalIdPattern);
    if (matches === undefined)
      return { errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] };
    const { errorCode, transactions } = await deps.transactions.list({
      producerIds: new Set(producerIdFilters),
      statuses: stateFilters.length === 0 ? undefined : new Set(stateFilters),
      durationMs: durationFilter,
      matches,
    });
    return {
      errorCode,
      unknownStateFilters: errorCode === ErrorCode.NONE ? stateFilters.filter((name) => !knownStatuses.has(name)) : [],
      transactionStates: transactions.map(({ transactionalId, producerId, status }) => ({
        transactionalId,
        producerId,
        transactionState: status,
      })),
    };
  };
}

/** Undefined for what is no pattern. */
function matcherOf(pattern: string | null): ((transactionalId: string) => boolean) | undefined {
  if (pattern === null || pattern === '') return () => true;
  try {
    const regex = compileRegex(pattern);
    return (transactionalId) => regex.matches(transactionalId);
  } catch (error) {
    if (error instanceof RegexError) return undefined;
    throw error;
  }
}
