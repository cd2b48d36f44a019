import type { TopicPartition } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { ProtocolError, throwIfError } from '../errors.js';
import { askLeaders, byTopic, type PartitionOutcome } from '../per_leader.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface TransactionFilter {
  /** `Ongoing`, `CompleteCommit`, ...; empty: every state. */
  readonly states?: readonly string[];
  /** Empty: every producer. */
  readonly producerIds?: readonly number[];
  /** Begun longer ago than that, ms. */
  readonly longerThanMs?: number;
  /** RE2, for the whole transactional id. */
  readonly pattern?: string;
}

export interface TransactionListing {
  readonly transactionalId: string;
  readonly coordinatorId: number;
  readonly producerId: number;
  readonly state: string;
}

/** The transactional ids of every broker. @throws ProtocolError, also where a filter is one that a broker does not know */
export function listTransactions(
  cluster: ClusterClient,
  { states = [], producerIds = [], longerThanMs, pattern }: TransactionFilter = {},
): Promise<readonly TransactionListing[]> {
  return cluster.retry('listing transactions', async () => {
    await cluster.refreshMetadata([]);
    const minVersion = pattern !== undefined ? 2 : longerThanMs !== undefined ? 1 : 0;
    const lists = await Promise.all(
      [...cluster.metadata.brokers.keys()].map(async (coordinatorId) => {
        const { response } = await cluster.sendTo(
          coordinatorId,
          calls.listTransactions,
          {
            stateFilters: states,
            producerIdFilters: producerIds,
            ...(longerThanMs === undefined ? {} : { durationFilter: longerThanMs }),
            ...(pattern === undefined ? {} : { transactionalIdPattern: pattern }),
          },
          { minVersion },
        );
        throwIfError(response.errorCode, `transactions of broker ${coordinatorId}`);
        const [unknown] = response.unknownStateFilters;
        if (unknown !== undefined)
          throw new ProtocolError(ErrorCode.INVALID_REQUEST, `state ${unknown}`, 'the broker knows no such state');
        return response.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
          transactionalId,
          coordinatorId,
          producerId,
          state: transactionState,
        }));
      }),
    );
    return lists.flat().sort((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1));
  });
}

export interface TransactionDescription extends Outcome {
  readonly transactionalId: string;
  readonly coordinatorId: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly state: string;
  readonly timeoutMs: number;
  /** -1: no transaction has begun yet. */
  readonly startMs: number;
  readonly partitions: readonly TopicPartition[];
}

/** One outcome for each id; TRANSACTIONAL_ID_NOT_FOUND where there is none. */
export function describeTransactions(
  cluster: ClusterClient,
  transactionalIds: readonly string[],
): Promise<readonly TransactionDescription[]> {
  return Promise.all(transactionalIds.map((transactionalId) => describeTransaction(cluster, transactionalId)));
}

async function describeTransaction(cluster: ClusterClient, transactionalId: string): Promise<TransactionDescription> {
  const coordinator = { kind: 'transaction', key: transactionalId } as const;
  const subject = `transactional id ${transactionalId}`;
  const found = await cluster.callCoordinator(
    coordinator,
    calls.describeTransactions,
    { transactionalIds: [transactionalId] },
    (response) => {
      const [state] = response.transactionStates;
      if (state === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_SERVER_ERROR, subject, 'nothing was answered');
      const error = protocolErrorOf(state.errorCode, subject);
      if (error?.retriable === true) throw error;
      return { state, error };
    },
  );
  const { state, error } = found;
  return {
    name: transactionalId,
    transactionalId,
    error,
    coordinatorId: await cluster.coordinators.nodeId(coordinator),
    producerId: state.producerId,
    producerEpoch: state.producerEpoch,
    state: state.transactionState,
    timeoutMs: state.transactionTimeoutMs,
    startMs: state.transactionStartTimeMs,
    partitions: state.topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition }))),
  };
}

export interface ProducerDescription {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1: unknown. */
  readonly lastSequence: number;
  readonly lastTimestampMs: number;
  /** -1: no transaction of it was ended here. */
  readonly coordinatorEpoch: number;
  /** -1: it has no transaction open here. */
  readonly transactionStartOffset: number;
}

/** The producers that partitions remember, asked of their leaders. */
export function describeProducers(
  cluster: ClusterClient,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyArray<PartitionOutcome<TopicPartition, readonly ProducerDescription[]>>> {
  return askLeaders(cluster, partitions, async (connection, group) => {
    const { response } = await connection.send(calls.describeProducers, {
      topics: byTopic(group).map((one) => ({
        name: one.topic,
        partitionIndexes: one.partitions.map(({ partition }) => partition),
      })),
    });
    return response.topics.flatMap((topic) =>
      topic.partitions.map((one) => ({
        topic: topic.name,
        partition: one.partitionIndex,
        errorCode: one.errorCode,
        value: one.activeProducers.map((producer) => ({
          producerId: producer.producerId,
          producerEpoch: producer.producerEpoch,
          lastSequence: producer.lastSequence,
          lastTimestampMs: producer.lastTimestamp,
          coordinatorEpoch: producer.coordinatorEpoch,
          transactionStartOffset: producer.currentTxnStartOffset,
        })),
      })),
    );
  });
}

/** A transaction that is open on a partition, to be ended by hand. */
export interface AbortedTransaction extends TopicPartition {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** At least that of the coordinator that ended a transaction of the producer there last. */
  readonly coordinatorEpoch: number;
}

/** Writes an abort marker in the name of a coordinator: for transactions that no coordinator knows of any more. */
export async function abortTransaction(cluster: ClusterClient, transaction: AbortedTransaction): Promise<void> {
  const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = transaction;
  const [outcome] = await askLeaders(cluster, [{ topic, partition }], async (connection) => {
    const { response } = await connection.send(calls.writeTxnMarkers, {
      markers: [
        {
          producerId,
          producerEpoch,
          coordinatorEpoch: Math.max(coordinatorEpoch, 0),
          transactionResult: false,
          topics: [{ name: topic, partitionIndexes: [partition] }],
        },
      ],
    });
    return response.markers.flatMap((marker) =>
      marker.topics.flatMap((one) =>
        one.partitions.map((answer) => ({
          topic: one.name,
          partition: answer.partitionIndex,
          errorCode: answer.errorCode,
          value: undefined,
        })),
      ),
    );
  });
  if (outcome?.error !== undefined) throw outcome.error;
}
