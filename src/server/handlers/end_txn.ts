import type { TransactionCoordinator } from '../../coordinator/transaction_coordinator.js';
import type { EndTxnRequest, EndTxnResponseInput } from '../../protocol/api/end_txn.js';
import type { Handler } from '../handler.js';
import { fencedForOld } from './transaction_errors.js';

/** From this version on PRODUCER_FENCED is known. */
const fencedVersion = 2;
/** From this version on each transaction has an epoch of its own (KIP-890). */
const raisingVersion = 5;

/** EndTxn: answers when it is decided and committed how the transaction ends. Its markers are written then. */
export function endTxnHandler(deps: {
  readonly transactions: Pick<TransactionCoordinator, 'endTransaction'>;
}): Handler<EndTxnRequest, EndTxnResponseInput> {
  return async ({ transactionalId, producerId, producerEpoch, committed }, context) => {
    const answer = await deps.transactions.endTransaction({
      transactionalId,
      producerId,
      producerEpoch,
      commit: committed,
      clientTransactionVersion: context.apiVersion >= raisingVersion ? 2 : 0,
    });
    return { ...answer, errorCode: fencedForOld(answer.errorCode, context.apiVersion, fencedVersion) };
  };
}
