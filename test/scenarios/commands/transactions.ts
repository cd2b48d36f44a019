import type { FetchResponse } from '../../../src/protocol/api/fetch.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { errorName } from '../../../src/protocol/errors.js';
import { decodeBatches, encodeBatch } from '../../../src/records/index.js';
import type { Body } from '../../compat/coordinators/connection.js';
import { committedValues } from '../../support/committed_values.js';
import { type Commands, parsePartition } from '../broker_command.js';
import { type Stage, withError } from '../broker_runner.js';

// Transactions. A producer is its name, which is its transactional id; ids and epochs of producers show as the first and the change.

interface Errors {
  readonly partitions: ReadonlyArray<{ readonly errorCode: number }>;
}

const firstError = (topics: unknown): string =>
  errorName((topics as Errors[]).flatMap(({ partitions }) => partitions)[0]?.errorCode ?? 0).replace('NONE', 'done');

function producerOf(name: string, stage: Stage): { producerId: number; producerEpoch: number } {
  const { producerId = -1, producerEpoch = -1 } = stage.actor(name);
  return { producerId: Number(producerId), producerEpoch: Number(producerEpoch) };
}

export const transactionCommands: Commands = {
  /** `init p [as=q]`: with `as` the answer is another actor's, so that the old one is a zombie. */
  init: async ({ first, options }, stage) => {
    const transactionTimeoutMs = Number(options.get('timeout') ?? 60_000);
    const asked = { transactionalId: stage.topic(first), transactionTimeoutMs, producerId: -1, producerEpoch: -1 };
    const answer = await stage.on.until('producer', 'InitProducerId', 4, asked, isReady);
    if (answer.errorCode !== 0) return [withError(answer)];
    const actor = stage.actor(options.get('as') ?? first);
    Object.assign(actor, {
      producerId: answer.producerId,
      producerEpoch: answer.producerEpoch,
      transactionalId: first,
    });
    return [`epoch=${String(answer.producerEpoch)}`];
  },

  add: async ({ first, names }, stage) => {
    const { producerId, producerEpoch } = producerOf(first, stage);
    const topics = names.slice(1).map((word) => {
      const { name, partition } = parsePartition(word);
      return { name: stage.topic(name), partitions: [partition] };
    });
    const answer = await stage.on.until(
      'producer',
      'AddPartitionsToTxn',
      3,
      {
        v3AndBelowTransactionalId: stage.topic(String(stage.actor(first).transactionalId)),
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: topics,
      },
      isReady,
    );
    const results = answer.resultsByTopicV3AndBelow as Array<{
      resultsByPartition: Array<{ partitionErrorCode: number }>;
    }>;
    const codes = results.flatMap(({ resultsByPartition }) => resultsByPartition.map((one) => one.partitionErrorCode));
    return [codes.map((code) => errorName(code).replace('NONE', 'done')).join(' ')];
  },

  /** `write p t/0 a,b`; without a transaction when the producer is `-`. */
  write: async ({ first, names, options }, stage) => {
    const { name, partition } = parsePartition(names[1] ?? '');
    const actor = stage.actor(first);
    const transactional = first !== '-';
    const values = (names[2] ?? '').split(',');
    const key = `sequence of ${names[1]} in ${String(actor.producerEpoch)}`;
    const baseSequence = Number(actor[key] ?? 0);
    const producer = transactional ? { ...producerOf(first, stage), baseSequence, isTransactional: true } : {};
    const now = Date.now();
    const records = encodeBatch({
      records: values.map((value) => ({ timestampMs: now, key: null, value: Buffer.from(value), headers: [] })),
      ...producer,
    });
    const answer = await stage.on.send('producer', 'Produce', Number(options.get('v') ?? 9), {
      transactionalId: transactional ? stage.topic(String(actor.transactionalId)) : null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: stage.topic(name), partitionData: [{ index: partition, records }] }],
    });
    const [topic] = answer.responses as Array<{ partitionResponses: Array<{ errorCode: number; baseOffset: number }> }>;
    const [said] = topic?.partitionResponses ?? [];
    if (said?.errorCode !== 0) return [errorName(said?.errorCode ?? -1)];
    actor[key] = baseSequence + values.length;
    return [`at ${said.baseOffset}`];
  },

  /** `txn-offset p g t/0=5`. */
  'txn-offset': async ({ first, names, options }, stage) => {
    const { producerId, producerEpoch } = producerOf(first, stage);
    const transactionalId = stage.topic(String(stage.actor(first).transactionalId));
    const groupId = stage.topic(names[1] ?? 'g');
    const known = { transactionalId, producerId, producerEpoch, groupId };
    const added = await stage.on.until('producer', 'AddOffsetsToTxn', 3, known, isReady);
    if (added.errorCode !== 0) return [withError(added)];
    const topics = [...options].map(([word, offset]) => {
      const { name, partition } = parsePartition(word);
      const partitions = [{ partitionIndex: partition, committedOffset: Number(offset), committedMetadata: '' }];
      return { name: stage.topic(name), partitions };
    });
    const answer = await stage.on.send('producer', 'TxnOffsetCommit', 3, {
      ...known,
      generationId: -1,
      memberId: '',
      topics,
    });
    return [firstError(answer.topics)];
  },

  /** `end p commit|abort`, and waits until the markers are written. */
  end: async ({ first, names }, stage) => {
    const transactionalId = stage.topic(String(stage.actor(first).transactionalId));
    const committed = names[1] === 'commit';
    const answer = await stage.on.send('producer', 'EndTxn', 3, {
      transactionalId,
      ...producerOf(first, stage),
      committed,
    });
    if (answer.errorCode !== 0) return [withError(answer)];
    await stage.on.until('producer', 'DescribeTransactions', 0, { transactionalIds: [transactionalId] }, (one) =>
      JSON.stringify(one).includes('"Complete'),
    );
    return ['done'];
  },

  transactions: async (_command, stage) => {
    const answer = await stage.on.send('producer', 'ListTransactions', 1, { stateFilters: [], producerIdFilters: [] });
    const all = answer.transactionStates as Array<{ transactionalId: string; transactionState: string }>;
    const own = all.filter(({ transactionalId }) => transactionalId.startsWith(stage.prefix));
    return own.map((one) => `${stage.short(one.transactionalId)} ${one.transactionState}`).sort();
  },

  /** `read t/0`: everything but markers; `read-committed` what clients pick out of it. */
  read: async ({ first }, stage) => {
    const { name, partition } = parsePartition(first);
    const client = await stage.on.client('reader');
    const answer = await client.send<FetchResponse>(ApiKey.Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 0,
      topics: [{ topic: stage.topic(name), partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
    });
    const [found] = answer.responses[0]?.partitions ?? [];
    const values = [...decodeBatches(found?.records ?? new Uint8Array(0))]
      .filter(({ isControl }) => !isControl)
      .flatMap(({ records }) => records.map(({ value }) => Buffer.from(value ?? []).toString()));
    return [`all: ${values.join(' ') || '-'}`];
  },

  'read-committed': async ({ first }, stage) => {
    const { name, partition } = parsePartition(first);
    const client = await stage.on.client('reader');
    return [`committed: ${(await committedValues(client, stage.topic(name), partition)).join(' ') || '-'}`];
  },
};

/** The coordinator is loaded, and the markers of the transaction before are written (else CONCURRENT_TRANSACTIONS). */
function isReady(answer: Body): boolean {
  return !/rrorCode":(14|15|16|51)\b/.test(JSON.stringify(answer));
}
