import { setTimeout as sleep } from 'node:timers/promises';
import type { AddPartitionsToTxnResponse } from '../../../src/protocol/api/add_partitions_to_txn.js';
import type { EndTxnResponse } from '../../../src/protocol/api/end_txn.js';
import type { InitProducerIdResponse } from '../../../src/protocol/api/init_producer_id.js';
import type { ProduceResponse } from '../../../src/protocol/api/produce.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeBatch } from '../../../src/records/index.js';
import { WireClient } from '../../support/wire_client.js';

/** The broker is gone, or begins: the transaction is given up and its producer begins anew. */
export class TransactionGivenUp extends Error {
  override readonly name = 'TransactionGivenUp';
}

/** Somebody else goes on under this transactional id. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

const comesBack: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
]);
const fencing: ReadonlySet<number> = new Set([ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH]);

/**
 * A transactional producer by hand, one transaction after the other. Version 2 of the protocol (KIP-890) leaves AddPartitionsToTxn out and
 * takes a new epoch from every EndTxn; version 1 names its partitions first.
 */
export class TransactionalClient {
  private client: WireClient | undefined;
  private producerId = -1;
  private producerEpoch = -1;
  private readonly sequences = new Map<number, number>();

  constructor(
    private readonly port: number,
    private readonly transactionalId: string,
    private readonly version: 1 | 2,
  ) {}

  close(): void {
    this.client?.close();
    this.client = undefined;
  }

  /** Takes the transactional id over, as soon as what its last producer left open is ended; rejects when the connection is lost. */
  async begin(): Promise<void> {
    for (;;)
      try {
        return await this.takeOver();
      } catch (error) {
        if (!(error instanceof TransactionGivenUp)) throw error;
        await sleep(3);
      }
  }

  private async takeOver(): Promise<void> {
    const client = await this.connected();
    const found = await client.send<{ coordinators: Array<{ errorCode: number }> }>(ApiKey.FindCoordinator, 4, {
      keyType: 1,
      coordinatorKeys: [this.transactionalId],
    });
    check(found.coordinators[0]?.errorCode ?? -1, 'FindCoordinator');
    const answer = await client.send<InitProducerIdResponse>(ApiKey.InitProducerId, 4, {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: 30_000,
    });
    check(answer.errorCode, 'InitProducerId');
    this.take(answer.producerId, answer.producerEpoch);
  }

  async write(topic: string, partition: number, values: readonly string[]): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this;
    const client = await this.connected();
    if (this.version === 1) {
      const added = await client.send<AddPartitionsToTxnResponse>(ApiKey.AddPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
      });
      check(added.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? -1, 'AddPartitionsToTxn');
    }
    const baseSequence = this.sequences.get(partition) ?? 0;
    const records = encodeBatch({
      records: values.map((value) => ({ timestampMs: 1, key: null, value: Buffer.from(value), headers: [] })),
      producerId,
      producerEpoch,
      baseSequence,
      isTransactional: true,
    });
    const answer = await client.send<ProduceResponse>(ApiKey.Produce, this.version === 1 ? 11 : 12, {
      transactionalId,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    });
    check(answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1, 'Produce');
    this.sequences.set(partition, baseSequence + values.length);
  }

  async end(committed: boolean): Promise<void> {
    const client = await this.connected();
    const answer = await client.send<EndTxnResponse>(ApiKey.EndTxn, this.version === 1 ? 3 : 5, {
      transactionalId: this.transactionalId,
      producerId: this.producerId,
      producerEpoch: this.producerEpoch,
      committed,
    });
    check(answer.errorCode, 'EndTxn');
    if (this.version === 2) this.take(answer.producerId, answer.producerEpoch);
  }

  private take(producerId: number, producerEpoch: number): void {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
    this.sequences.clear();
  }

  private async connected(): Promise<WireClient> {
    this.client ??= await WireClient.connect(this.port, this.transactionalId);
    return this.client;
  }
}

function check(errorCode: number, what: string): void {
  if (errorCode === ErrorCode.NONE) return;
  if (fencing.has(errorCode)) throw new Fenced(`${what} answered ${errorCode}`);
  if (comesBack.has(errorCode)) throw new TransactionGivenUp(`${what} answered ${errorCode}`);
  throw new Error(`${what} answered ${errorCode}`);
}
