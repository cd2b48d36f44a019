import type { Connections } from './connection.js';
import { type Producer, produce } from './topics.js';

async function begin(on: Connections, transactionalId: string): Promise<Producer> {
  const asked = { transactionalId, transactionTimeoutMs: 600_000, producerId: -1, producerEpoch: -1 };
  const answer = await on.until('producer', 'InitProducerId', 4, asked);
  return {
    transactionalId,
    producerId: Number(answer.producerId),
    producerEpoch: Number(answer.producerEpoch),
    baseSequence: 0,
  };
}

async function write(on: Connections, producer: Producer, ...partitions: number[]): Promise<void> {
  const { transactionalId, producerId, producerEpoch } = producer;
  await on.until('producer', 'AddPartitionsToTxn', 3, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [{ name: 'a', partitions }],
  });
  for (const partition of partitions) await produce(on, 'a', partition, 3, producer);
}

async function end(
  on: Connections,
  { transactionalId, producerId, producerEpoch }: Producer,
  committed: boolean,
): Promise<void> {
  await on.until('producer', 'EndTxn', 3, { transactionalId, producerId, producerEpoch, committed });
  const done = committed ? '"CompleteCommit"' : '"CompleteAbort"';
  const body = { transactionalIds: [transactionalId] };
  await on.until('producer', 'DescribeTransactions', 0, body, (answer) => JSON.stringify(answer).includes(done));
}

async function commitOffset(
  on: Connections,
  producer: Producer,
  groupId: string,
  committedOffset: number,
): Promise<void> {
  const { transactionalId, producerId, producerEpoch } = producer;
  await on.until('producer', 'AddOffsetsToTxn', 3, { transactionalId, producerId, producerEpoch, groupId });
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: 'in a transaction' }];
  const body = { transactionalId, groupId, producerId, producerEpoch, generationId: -1, memberId: '' };
  await on.until('producer', 'TxnOffsetCommit', 3, { ...body, topics: [{ name: 'a', partitions }] });
}

export const transactionalIds = ['t-committed', 't-aborted', 't-empty', 't-again', 't-open'];

/** Transactions in every state that lasts, with offsets of groups in them. */
export async function buildTransactions(on: Connections): Promise<void> {
  const committed = await begin(on, 't-committed');
  await write(on, committed, 0, 1);
  await commitOffset(on, committed, 'transactional', 21);
  await end(on, committed, true);

  const aborted = await begin(on, 't-aborted');
  await write(on, aborted, 1, 2);
  await commitOffset(on, aborted, 'transactional', 99);
  await end(on, aborted, false);

  await begin(on, 't-empty');
  await begin(on, 't-again');
  await begin(on, 't-again');

  const open = await begin(on, 't-open');
  await write(on, open, 2);
  await commitOffset(on, open, 'transactional', 22);
  await commitOffset(on, open, 'pending-alone', 1);
}
