import { encodeBatch } from '../../../src/records/index.js';
import { baseTimestampMs } from './produce.js';
import { type Answers, type Body, create, idOf, type RequestStep } from './step.js';

const made = 'create: for transactions';
const topic = 'txn';

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** The markers of the transaction before may still be on their way in Kafka: what says so is asked again. */
const calm = (answer: Body): boolean => !/"(error|partitionError)Code":(14|15|16|51)\b/.test(JSON.stringify(answer));

const producer = (answers: Answers, step: string): Producer => {
  const { producerId, producerEpoch } = answers.get(step) as Producer;
  return { producerId: Number(producerId), producerEpoch };
};

/** `step` gave the producer; `epoch` instead of the one given then. */
interface Of {
  readonly step: string;
  readonly epoch?: number;
  readonly id?: number;
}

function as(answers: Answers, { step, epoch, id }: Of): Producer {
  const known = producer(answers, step);
  return { producerId: id ?? known.producerId, producerEpoch: epoch ?? known.producerEpoch };
}

const find = (version: number, key: string): RequestStep => ({
  name: `coordinator: v${version} of transaction ${key}`,
  api: 'FindCoordinator',
  version,
  body: version >= 4 ? { keyType: 1, coordinatorKeys: [key] } : { key, keyType: 1 },
  until: calm,
});

const init = (name: string, version: number, transactionalId: string, from?: Of, more: object = {}): RequestStep => ({
  name: `txn init: ${name}`,
  api: 'InitProducerId',
  version,
  body: (answers: Answers) => ({
    transactionalId,
    transactionTimeoutMs: 60_000,
    ...(from === undefined ? {} : as(answers, from)),
    ...more,
  }),
  until: calm,
});

const add = (
  name: string,
  version: number,
  transactionalId: string,
  of: Of,
  partitions: readonly number[],
  name2 = topic,
  patient = true,
): RequestStep => ({
  name: `txn add: ${name}`,
  api: 'AddPartitionsToTxn',
  version,
  body: (answers: Answers) => ({
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: as(answers, of).producerId,
    v3AndBelowProducerEpoch: as(answers, of).producerEpoch,
    v3AndBelowTopics: [{ name: name2, partitions }],
  }),
  ...(patient ? { until: calm } : {}),
});

interface Asked {
  readonly id: string;
  readonly of: Of;
  readonly partitions: readonly number[];
  readonly verifyOnly: boolean;
}

const addMany = (name: string, version: number, asked: readonly Asked[]): RequestStep => ({
  name: `txn add: ${name}`,
  api: 'AddPartitionsToTxn',
  version,
  body: (answers: Answers) => ({
    transactions: asked.map(({ id, of, partitions, verifyOnly }) => ({
      transactionalId: id,
      ...as(answers, of),
      verifyOnly,
      topics: [{ name: topic, partitions }],
    })),
  }),
  until: calm,
});

const write = (
  name: string,
  version: number,
  transactionalId: string | null,
  of: Of,
  baseSequence: number,
  partition = 0,
  more: { readonly times?: number } = {},
): RequestStep => ({
  name: `txn produce: ${name}`,
  api: 'Produce',
  version,
  body: (answers: Answers) => {
    const records = encodeBatch({
      records: [{ timestampMs: baseTimestampMs, key: null, value: Buffer.from(name) }],
      ...as(answers, of),
      baseSequence,
      isTransactional: true,
    });
    const partitionData = Array.from({ length: more.times ?? 1 }, (_, index) => ({
      index: partition + index,
      records,
    }));
    const where = version >= 13 ? { topicId: idOf(answers, made, topic) } : { name: topic };
    return { transactionalId, acks: -1, timeoutMs: 10_000, topicData: [{ ...where, partitionData }] };
  },
  until: calm,
});

const end = (name: string, version: number, transactionalId: string, of: Of, committed: boolean): RequestStep => ({
  name: `txn end: ${name}`,
  api: 'EndTxn',
  version,
  body: (answers: Answers) => ({ transactionalId, ...as(answers, of), committed }),
  until: calm,
});

const read = (name: string, isolationLevel: number, partition = 0): RequestStep => ({
  name: `txn fetch: ${name}`,
  api: 'Fetch',
  version: 12,
  body: {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel,
    topics: [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 100_000 }] }],
  },
  until: (answer) => {
    const at = (
      answer as { responses: Array<{ partitions: Array<{ highWatermark: number; lastStableOffset: number }> }> }
    ).responses[0]?.partitions[0];
    return at !== undefined && Number(at.highWatermark) === Number(at.lastStableOffset);
  },
});

const markers = (name: string, version: number, list: (answers: Answers) => readonly object[]): RequestStep => ({
  name: `txn markers: ${name}`,
  api: 'WriteTxnMarkers',
  version,
  body: (answers: Answers) => ({ markers: list(answers) }),
});

const v5: Of = { step: 'txn init: v5' };

/** Producers, partitions, ends and markers of transactions. */
export const transactions: readonly RequestStep[] = [
  create('for transactions', 7, [{ name: topic, numPartitions: 3, replicationFactor: 1 }]),
  ...[1, 2, 3, 4, 5, 6].map((version) => find(version, 'tx')),
  ...[0, 1, 2, 3, 4, 5].map((version) => init(`v${version}`, version, `tx-v${version}`)),
  init('timeout of 0', 4, 'tx-t', undefined, { transactionTimeoutMs: 0 }),
  init('timeout too long', 4, 'tx-t', undefined, { transactionTimeoutMs: 900_001 }),
  init('id without epoch', 4, 'tx-t', undefined, { producerId: 5 }),
  init('epoch without id', 4, 'tx-t', undefined, { producerEpoch: 5 }),
  init('new, with an id of its own', 4, 'tx-own', undefined, { producerId: 5_000, producerEpoch: 3 }),
  init('again', 4, 'tx-v4'),
  init('goes on', 4, 'tx-v4', { step: 'txn init: again' }),
  init('goes on, answer lost', 4, 'tx-v4', { step: 'txn init: again' }),
  init('goes on, fenced', 4, 'tx-v4', { step: 'txn init: v4' }),
  init('goes on, fenced v3', 3, 'tx-v4', { step: 'txn init: v4' }),
  init('goes on, id of another', 4, 'tx-v4', { step: 'txn init: v3' }),
  ...[0, 1, 2, 3].flatMap((version) => [
    add(`v${version}`, version, `tx-v${version}`, { step: `txn init: v${version}` }, [0]),
    add(`v${version} again`, version, `tx-v${version}`, { step: `txn init: v${version}` }, [0]),
    add(`v${version} fenced`, version, `tx-v${version}`, { step: `txn init: v${version}`, epoch: 9 }, [0]),
  ]),
  add('another producer', 3, 'tx-v3', v5, [0]),
  add('nobody', 3, 'tx-nobody', v5, [0]),
  add('empty id', 3, '', v5, [0]),
  add('one unknown partition', 3, 'tx-v3', { step: 'txn init: v3' }, [0, 1, 9]),
  add('unknown topic', 3, 'tx-v3', { step: 'txn init: v3' }, [0], 'nothing'),
  add('no partitions', 3, 'tx-v5', v5, []),
  write('v9', 9, 'tx-v3', { step: 'txn init: v3' }, 0),
  write('not added v9', 9, 'tx-v3', { step: 'txn init: v3' }, 0, 1),
  write('not added v11', 11, 'tx-v3', { step: 'txn init: v3' }, 0, 1),
  write('fenced', 9, 'tx-v3', { step: 'txn init: v3', epoch: 7 }, 0, 2),
  write('nobody', 9, 'tx-nobody', { step: 'txn init: v3' }, 0, 2),
  write('without an id', 9, null, { step: 'txn init: v3' }, 1),
  end('v3', 3, 'tx-v3', { step: 'txn init: v3' }, true),
  end('v3 again', 3, 'tx-v3', { step: 'txn init: v3' }, true),
  end('v3 otherwise', 3, 'tx-v3', { step: 'txn init: v3' }, false),
  ...[0, 1, 2].map((version) => end(`v${version}`, version, `tx-v${version}`, { step: `txn init: v${version}` }, true)),
  ...[0, 1, 2].map((version) =>
    end(`v${version} fenced`, version, `tx-v${version}`, { step: `txn init: v${version}`, epoch: 9 }, true),
  ),
  end('nothing begun', 4, 'tx-v4', { step: 'txn init: goes on' }, true),
  end('another producer', 4, 'tx-v4', v5, true),
  end('nobody', 4, 'tx-nobody', v5, true),
  end('empty id', 4, '', v5, true),
  add('for v4', 3, 'tx-v4', { step: 'txn init: goes on' }, [0, 1]),
  write('for v4', 9, 'tx-v4', { step: 'txn init: goes on' }, 0),
  write('for v4, partition 1', 9, 'tx-v4', { step: 'txn init: goes on' }, 0, 1),
  end('v4', 4, 'tx-v4', { step: 'txn init: goes on' }, false),
  read('committed', 1),
  read('committed, partition 1', 1, 1),
  // An epoch for each transaction: the partition comes with the first write.
  write('v12', 12, 'tx-v5', v5, 0, 2),
  write('v12 next', 12, 'tx-v5', v5, 1, 2),
  end('v5', 5, 'tx-v5', v5, true),
  end('v5, answer lost', 5, 'tx-v5', v5, true),
  end('v5, answer lost, otherwise', 5, 'tx-v5', v5, false),
  end('v5, commit of nothing', 5, 'tx-v5', { step: 'txn end: v5' }, true),
  end('v5, abort of nothing', 5, 'tx-v5', { step: 'txn end: v5' }, false),
  end('v5, fenced', 5, 'tx-v5', { ...v5, epoch: 8 }, false),
  write('v12, epoch is gone', 12, 'tx-v5', v5, 2, 2),
  write('v13', 13, 'tx-v5', { step: 'txn end: v5, abort of nothing' }, 0, 2),
  write('v13, two partitions', 13, 'tx-v5', { step: 'txn end: v5, abort of nothing' }, 0, 0, { times: 2 }),
  write('v13, not from the beginning', 13, 'tx-own', { step: 'txn init: new, with an id of its own' }, 4, 1),
  end('v5, an abort', 5, 'tx-v5', { step: 'txn end: v5, abort of nothing' }, false),
  read('committed, partition 2', 1, 2),
  read('all, partition 2', 0, 2),
  // What brokers ask of each other.
  init('for brokers', 5, 'tx-b'),
  addMany('v4', 4, [
    { id: 'tx-b', of: { step: 'txn init: for brokers' }, partitions: [0, 1], verifyOnly: false },
    { id: 'tx-nobody', of: v5, partitions: [0], verifyOnly: false },
  ]),
  addMany('v5', 5, [
    { id: 'tx-b', of: { step: 'txn init: for brokers' }, partitions: [0, 2], verifyOnly: true },
    { id: 'tx-v5', of: v5, partitions: [0], verifyOnly: true },
    { id: '', of: v5, partitions: [0], verifyOnly: true },
  ]),
  end('of what brokers added', 5, 'tx-b', { step: 'txn init: for brokers' }, true),
  // A transaction that its coordinator knows nothing of is ended by hand.
  init('to be ended by hand', 4, 'tx-h'),
  add('to be ended by hand', 3, 'tx-h', { step: 'txn init: to be ended by hand' }, [1]),
  write('to be ended by hand', 9, 'tx-h', { step: 'txn init: to be ended by hand' }, 0, 1),
  markers('v1', 1, (answers) => [
    {
      ...as(answers, { step: 'txn init: to be ended by hand' }),
      transactionResult: false,
      coordinatorEpoch: 0,
      topics: [
        { name: topic, partitionIndexes: [1, 9] },
        { name: 'nothing', partitionIndexes: [0] },
      ],
    },
  ]),
  markers('v1, an older coordinator', 1, (answers) => [
    {
      ...as(answers, { step: 'txn init: to be ended by hand' }),
      transactionResult: false,
      coordinatorEpoch: -1,
      topics: [{ name: topic, partitionIndexes: [1] }],
    },
  ]),
  markers('v2, an epoch that is gone', 2, (answers) => [
    {
      ...as(answers, { step: 'txn init: to be ended by hand', epoch: -1 }),
      transactionResult: false,
      coordinatorEpoch: 0,
      transactionVersion: 2,
      topics: [{ name: topic, partitionIndexes: [1] }],
    },
  ]),
  markers('v2', 2, (answers) => [
    {
      ...as(answers, { step: 'txn init: to be ended by hand', epoch: 1 }),
      transactionResult: true,
      coordinatorEpoch: 0,
      transactionVersion: 2,
      topics: [{ name: topic, partitionIndexes: [1] }],
    },
  ]),
  markers('none', 1, () => []),
  read('committed, partition 1 at the end', 1, 1),
];

const group = 'txn-group';

const addOffsets = (name: string, version: number, transactionalId: string, of: Of): RequestStep => ({
  name: `txn offsets: add ${name}`,
  api: 'AddOffsetsToTxn',
  version,
  body: (answers: Answers) => ({ transactionalId, ...as(answers, of), groupId: group }),
  until: calm,
});

const commit = (
  name: string,
  version: number,
  transactionalId: string,
  of: Of,
  offset: number,
  more: object = {},
  partitions: readonly number[] = [0],
): RequestStep => ({
  name: `txn offsets: commit ${name}`,
  api: 'TxnOffsetCommit',
  version,
  body: (answers: Answers) => ({
    transactionalId,
    groupId: group,
    ...as(answers, of),
    topics: [
      {
        name: topic,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: offset,
          committedMetadata: 'm',
        })),
      },
    ],
    ...more,
  }),
  until: calm,
});

const committed = (name: string, version: number, requireStable: boolean, wanted?: RegExp): RequestStep => ({
  name: `txn offsets: fetch ${name}`,
  api: 'OffsetFetch',
  version,
  body: {
    requireStable,
    ...(version >= 8
      ? { groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0, 1] }] }] }
      : { groupId: group, topics: [{ name: topic, partitionIndexes: [0, 1] }] }),
  },
  ...(wanted === undefined ? {} : { until: (answer: Body) => wanted.test(JSON.stringify(answer)) }),
});

const o: Of = { step: 'txn init: offsets' };
const o5: Of = { step: 'txn init: offsets v5' };

/** Offsets that a transaction commits. */
export const transactionalOffsets: readonly RequestStep[] = [
  init('offsets', 4, 'tx-o'),
  ...[0, 1, 2, 3, 4].map((version) => addOffsets(`v${version}`, version, 'tx-o', o)),
  ...[0, 1, 2, 3, 4].map((version) => commit(`v${version}`, version, 'tx-o', o, 10 + version)),
  ...[1, 2].map((version) => addOffsets(`v${version} fenced`, version, 'tx-o', { ...o, epoch: 9 })),
  addOffsets('nobody', 4, 'tx-nobody', o),
  commit('unknown partition', 3, 'tx-o', o, 1, {}, [0, 9]),
  commit('unknown topic', 3, 'tx-o', o, 1, { topics: [{ name: 'nothing', partitions: [{ partitionIndex: 0 }] }] }),
  commit('unknown member', 3, 'tx-o', o, 1, { memberId: 'somebody', generationId: 3 }),
  commit('unknown generation', 3, 'tx-o', o, 1, { generationId: 3 }),
  commit('unknown instance', 3, 'tx-o', o, 1, { groupInstanceId: 'i' }),
  commit('fenced', 4, 'tx-o', { ...o, epoch: 8 }, 1),
  commit('empty group', 4, 'tx-o', o, 1, { groupId: '' }),
  committed('while it is open', 7, false),
  committed('while it is open, stable', 7, true),
  committed('while it is open, stable v8', 8, true),
  end('offsets', 4, 'tx-o', o, true),
  committed('when it is committed', 7, true, /"committedOffset":1\b/),
  addOffsets('again', 3, 'tx-o', o),
  commit('to be aborted', 4, 'tx-o', o, 50),
  end('offsets, an abort', 4, 'tx-o', o, false),
  committed('when it is aborted', 7, true, /"committedOffset":1\b/),
  init('offsets v5', 5, 'tx-o5'),
  commit('not added v4', 4, 'tx-o5', o5, 60),
  commit('not added v3', 3, 'tx-o5', o5, 60),
  commit('v5', 5, 'tx-o5', o5, 70, {}, [0, 1]),
  committed('while v5 is open, stable', 9, true),
  end('offsets v5', 5, 'tx-o5', o5, true),
  committed('when v5 is committed', 9, true, /"committedOffset":70.*"committedOffset":70/),
];

const describeTransactions = (name: string, transactionalIds: readonly string[]): RequestStep => ({
  name: `txn describe: ${name}`,
  api: 'DescribeTransactions',
  version: 0,
  body: { transactionalIds },
  until: (answer) => !JSON.stringify(answer).includes('Prepare'),
});

const list = (name: string, version: number, filter: object): RequestStep => ({
  name: `txn list: ${name}`,
  api: 'ListTransactions',
  version,
  body: { stateFilters: [], producerIdFilters: [], ...filter },
  until: (answer) => !JSON.stringify(answer).includes('Prepare'),
});

/** What there is to see of transactions. */
export const transactionLists: readonly RequestStep[] = [
  init('to be seen', 4, 'seen'),
  add('to be seen', 3, 'seen', { step: 'txn init: to be seen' }, [0, 2]),
  write('to be seen', 9, 'seen', { step: 'txn init: to be seen' }, 0),
  describeTransactions('one', ['seen']),
  describeTransactions('many', ['seen', 'tx-v3', 'tx-v5', 'tx-nobody', '']),
  describeTransactions('none', []),
  ...[0, 1, 2].map((version) => list(`v${version}`, version, {})),
  list('open', 1, { stateFilters: ['Ongoing'] }),
  list('states', 1, { stateFilters: ['CompleteCommit', 'CompleteAbort', 'Nonsense', 'ongoing'] }),
  list('states that pass', 1, { stateFilters: ['PrepareEpochFence', 'Dead'] }),
  list('of nobody', 1, { producerIdFilters: [999_999] }),
  list('long ones', 1, { durationFilter: 3_600_000 }),
  list('pattern', 2, { transactionalIdPattern: 'tx-v[0-2]' }),
  list('pattern of a part', 2, { transactionalIdPattern: 'v1' }),
  list('empty pattern', 2, { transactionalIdPattern: '' }),
  list('pattern that is none', 2, { transactionalIdPattern: 'tx-(' }),
  {
    name: 'txn producers: of partitions',
    api: 'DescribeProducers',
    version: 0,
    body: {
      topics: [
        { name: topic, partitionIndexes: [0, 1, 9] },
        { name: 'nothing', partitionIndexes: [0] },
        { name: 'a b', partitionIndexes: [0] },
      ],
    },
  },
  end('to be seen', 4, 'seen', { step: 'txn init: to be seen' }, false),
  read('committed, partition 0 at the end', 1),
];
