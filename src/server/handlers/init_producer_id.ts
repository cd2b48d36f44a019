import type { TransactionCoordinator } from '../../coordinator/transaction_coordinator.js';
import type { InitProducerIdRequest, InitProducerIdResponseInput } from '../../protocol/api/init_producer_id.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';
import { fencedForOld } from './transaction_errors.js';

/** From this version on PRODUCER_FENCED is known. */
const fencedVersion = 4;

/**
 * InitProducerId: a new id with epoch 0 for idempotent producers; for transactional ones the next epoch of their transactional id, which
 * fences whoever had the one before. Without a transactional id the id and epoch in the request mean nothing (some clients send
 * zeros), where Kafka refuses one without the other.
 */
export function initProducerIdHandler(deps: {
  readonly transactions: Pick<TransactionCoordinator, 'initProducer'>;
}): Handler<InitProducerIdRequest, InitProducerIdResponseInput> {
  return async ({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }, context) => {
    const isNew = producerId === -1 && producerEpoch === -1;
    if (transactionalId !== null && !isNew && (producerId === -1 || producerEpoch === -1))
      return { errorCode: ErrorCode.INVALID_REQUEST, producerId: -1, producerEpoch: -1 };
    const expected = isNew ? undefined : { producerId, producerEpoch };
    const answer = await deps.transactions.initProducer(transactionalId, transactionTimeoutMs, expected);
    return { ...answer, errorCode: fencedForOld(answer.errorCode, context.apiVersion, fencedVersion) };
  };
}
