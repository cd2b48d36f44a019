import type { BrokerConfig } from '../config/index.js';
import type { TransactionCoordinatorConfig } from './transaction_coordinator.js';

/** The broker's settings that the transaction coordinator goes by. All are read-only: they count from the start of the broker. */
export function transactionCoordinatorConfig(config: BrokerConfig, isReadOnly: boolean): TransactionCoordinatorConfig {
  return {
    isPassive: isReadOnly,
    maxTimeoutMs: config.int('transaction.max.timeout.ms'),
    numPartitions: config.int('transaction.state.log.num.partitions'),
    loadBufferBytes: config.int('transaction.state.log.load.buffer.size'),
    commitTimeoutMs: config.int('request.timeout.ms'),
    idExpirationMs: config.int('transactional.id.expiration.ms'),
    expiryIntervalMs: config.int('transaction.remove.expired.transaction.cleanup.interval.ms'),
    abortIntervalMs: config.int('transaction.abort.timed.out.transaction.cleanup.interval.ms'),
  };
}
