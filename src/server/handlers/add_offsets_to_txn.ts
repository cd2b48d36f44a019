import { type GroupCoordinator, groupMetadataTopic } from '../../coordinator/group_coordinator.js';
import type { TransactionCoordinator } from '../../coordinator/transaction_coordinator.js';
import type { AddOffsetsToTxnRequest, AddOffsetsToTxnResponseInput } from '../../protocol/api/add_offsets_to_txn.js';
import type { Handler } from '../handler.js';
import { fencedForOld } from './transaction_errors.js';

/** From this version on PRODUCER_FENCED is known. */
const fencedVersion = 2;

/** AddOffsetsToTxn: the partition that holds the group's offsets becomes part of the transaction. */
export function addOffsetsToTxnHandler(deps: {
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions'>;
  readonly coordinator: Pick<GroupCoordinator, 'partitionFor'>;
}): Handler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponseInput> {
  return async ({ transactionalId, producerId, producerEpoch, groupId }, { apiVersion }) => {
    const error = await deps.transactions.addPartitions({
      transactionalId,
      producerId,
      producerEpoch,
      partitions: [{ topic: groupMetadataTopic, partitions: [deps.coordinator.partitionFor(groupId)] }],
      // Producers with an epoch for each transaction leave this to TxnOffsetCommit.
      clientTransactionVersion: 0,
    });
    return { errorCode: fencedForOld(error, apiVersion, fencedVersion) };
  };
}
