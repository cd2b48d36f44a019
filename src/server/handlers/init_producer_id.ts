import type { InitProducerIdRequest, InitProducerIdResponseInput } from '../../protocol/api/init_producer_id.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

export interface ProducerIdSource {
  /** Never given out before, also not before a restart. */
  next(): Promise<number>;
}

/**
 * InitProducerId for idempotent producers: a new id with epoch 0. Without a transactional id the id and epoch in the request mean
 * nothing (some clients send zeros). Transactions come later: a transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
 * the one error that every client reports at once instead of retrying for ever.
 */
export function initProducerIdHandler(deps: {
  readonly producerIds: ProducerIdSource;
}): Handler<InitProducerIdRequest, InitProducerIdResponseInput> {
  return async (request) => {
    if (request.transactionalId !== null) {
      const errorCode =
        request.transactionalId === '' ? ErrorCode.INVALID_REQUEST : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
      return { errorCode, producerId: -1, producerEpoch: -1 };
    }
    return { errorCode: ErrorCode.NONE, producerId: await deps.producerIds.next(), producerEpoch: 0 };
  };
}
