import { encodeBatch } from '../../../src/records/index.js';
import { baseTimestampMs } from './produce.js';
import { type Answers, type Body, byTopic, create, type RequestStep } from './step.js';

// APIs that the other conversations ask a few times only: the producers of partitions, transactions one by one, ends of epochs, markers.

const calm = (answer: Body): boolean => !/"(error|partitionError)Code":(14|15|16|51)\b/.test(JSON.stringify(answer));
const settled = (answer: Body): boolean => !JSON.stringify(answer).includes('Prepare');

/** The step that gave the producer, and how many epochs later it is. */
type Of = readonly [step: string, epochsLater?: number];

function as(answers: Answers, [step, later = 0]: Of) {
  const { producerId, producerEpoch } = answers.get(step) as { producerId: number; producerEpoch: number };
  return { producerId: Number(producerId), producerEpoch: producerEpoch + later };
}

const init = (name: string, version: number, transactionalId: string | null): RequestStep => ({
  name: `little init: ${name}`,
  api: 'InitProducerId',
  version,
  body: { transactionalId, transactionTimeoutMs: 60_000 },
  until: calm,
});

const add = (name: string, transactionalId: string, of: Of, partitions: readonly number[]): RequestStep => ({
  name: `little add: ${name}`,
  api: 'AddPartitionsToTxn',
  version: 3,
  body: (answers: Answers) => ({
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: as(answers, of).producerId,
    v3AndBelowProducerEpoch: as(answers, of).producerEpoch,
    v3AndBelowTopics: [{ name: 'f-one', partitions }],
  }),
  until: calm,
});

const write = (
  name: string,
  version: number,
  transactionalId: string | null,
  of: Of,
  baseSequence: number,
  index: number,
): RequestStep => ({
  name: `little produce: ${name}`,
  api: 'Produce',
  version,
  body: (answers: Answers) => {
    const records = encodeBatch({
      records: [0, 1].map((at) => ({ timestampMs: baseTimestampMs + at, key: null, value: Buffer.from(name) })),
      ...as(answers, of),
      baseSequence,
      isTransactional: transactionalId !== null,
    });
    return {
      transactionalId,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: 'f-one', partitionData: [{ index, records }] }],
    };
  },
  until: calm,
});

const end = (name: string, version: number, transactionalId: string, of: Of, committed: boolean): RequestStep => ({
  name: `little end: ${name}`,
  api: 'EndTxn',
  version,
  body: (answers: Answers) => ({ transactionalId, ...as(answers, of), committed }),
  until: calm,
});

const producers = (name: string, topics: ReadonlyArray<readonly [string, readonly number[]]>): RequestStep => ({
  name: `producers: ${name}`,
  api: 'DescribeProducers',
  version: 0,
  body: { topics: topics.map(([topic, partitionIndexes]) => ({ name: topic, partitionIndexes })) },
});

const transactions = (name: string, transactionalIds: readonly string[]): RequestStep => ({
  name: `little txn: ${name}`,
  api: 'DescribeTransactions',
  version: 0,
  body: { transactionalIds },
  until: settled,
});

/** Epoch of the leader that the client knows, and the one whose end it asks for. */
type Epoch = readonly [topic: string, partition: number, current: number, leaderEpoch: number];

const epochs = (name: string, version: number, parts: readonly Epoch[], more: object = {}): RequestStep => ({
  name: `little epochs: ${name} v${version}`,
  api: 'OffsetForLeaderEpoch',
  version,
  body: {
    ...(version >= 3 ? { replicaId: -1 } : {}),
    topics: byTopic(parts).map(([topic, entries]) => ({
      topic,
      partitions: entries.map(([, partition, currentLeaderEpoch, leaderEpoch]) => ({
        partition,
        currentLeaderEpoch,
        leaderEpoch,
      })),
    })),
    ...more,
  },
});

const marker = (name: string, version: number, of: Of, more: object): RequestStep => ({
  name: `little markers: ${name} v${version}`,
  api: 'WriteTxnMarkers',
  version,
  body: (answers: Answers) => ({
    markers: [
      {
        ...as(answers, of),
        transactionResult: true,
        coordinatorEpoch: 0,
        topics: [{ name: 'f-two', partitionIndexes: [0] }],
        ...more,
      },
    ],
  }),
});

const v4: Of = ['little init: v4'];
const v5: Of = ['little init: v5'];
const plain: Of = ['little init: idempotent'];
const one: readonly [string, readonly number[]] = ['f-one', [0, 1, 2]];
const two: readonly [string, readonly number[]] = ['f-two', [0]];

const describedProducers: readonly RequestStep[] = [
  producers('nobody wrote', [one, two]),
  init('idempotent', 4, null),
  write('idempotent', 9, null, plain, 0, 0),
  write('idempotent, next', 9, null, plain, 2, 0),
  producers('idempotent', [one]),
  init('v4', 4, 'little-4'),
  transactions('nothing begun', ['little-4']),
  add('v4', 'little-4', v4, [0, 1]),
  producers('nothing written', [one]),
  write('v4', 9, 'little-4', v4, 0, 0),
  producers('open', [one]),
  transactions('open', ['little-4']),
  transactions('twice', ['little-4', 'little-4']),
  write('v4, more', 9, 'little-4', v4, 2, 0),
  producers('open, more', [one]),
  end('v4', 4, 'little-4', v4, false),
  transactions('aborted', ['little-4']),
  producers('aborted', [one]),
  init('v5', 5, 'little-5'),
  write('v12', 12, 'little-5', v5, 0, 2),
  transactions('open by writing', ['little-5']),
  producers('open by writing', [one]),
  end('v5', 5, 'little-5', v5, true),
  transactions('committed', ['little-5', 'little-4']),
  producers('committed', [one]),
  init('v5 again', 5, 'little-5'),
  transactions('begun anew', ['little-5']),
  transactions('unknown', ['nobody', 'little-5', 'ä']),
  transactions('empty id', ['']),
  producers('a topic twice', [one, one]),
  producers('a partition twice', [['f-one', [0, 0]]]),
  producers('a partition below 0', [['f-one', [-1, 0]]]),
  producers('no partitions', [['f-one', []]]),
  producers('no topics', []),
  producers('no name', [['', [0]]]),
  producers('a long name', [['x'.repeat(250), [0]]]),
  producers('a dot', [['.', [0]]]),
  producers('metadata', [['__cluster_metadata', [0]]]),
];

const endsOfEpochs: readonly RequestStep[] = [2, 3, 4].flatMap((version) => [
  epochs('the only one', version, [['f-one', 0, -1, 0]]),
  epochs('one to come', version, [['f-one', 0, 0, 7]]),
  epochs('none', version, [['f-one', 0, -1, -1]]),
  epochs('below none', version, [['f-one', 0, -1, -2]]),
  epochs('a leader to come', version, [['f-one', 0, 7, 0]]),
  epochs('a leader below 0', version, [['f-one', 0, -2, 0]]),
  epochs('an empty log', version, [['f-two', 0, -1, 0]]),
  epochs('partitions that are not there', version, [
    ['f-one', -1, -1, 0],
    ['f-one', 3, -1, 0],
    ['nothing', 0, -1, 0],
    ['', 0, -1, 0],
  ]),
  epochs('a partition twice', version, [
    ['f-one', 0, -1, 0],
    ['f-one', 0, 7, 0],
  ]),
  epochs('no topics', version, []),
  epochs('no partitions', version, [], { topics: [{ topic: 'f-one', partitions: [] }] }),
  ...(version < 3 ? [] : [epochs('a debugging consumer', version, [['f-one', 0, -1, 0]], { replicaId: -2 })]),
]);

const markersByHand: readonly RequestStep[] = [1, 2].flatMap((version) => [
  marker('of no transaction', version, v4, {}),
  marker('again', version, v4, {}),
  marker('of an epoch to come', version, ['little init: v4', 5 * version], {}),
  marker('no partitions', version, v4, { topics: [{ name: 'f-two', partitionIndexes: [] }] }),
  marker('no topics', version, v4, { topics: [] }),
  marker('a partition below 0', version, v4, { topics: [{ name: 'f-two', partitionIndexes: [-1] }] }),
  marker('a coordinator to come', version, ['little init: v4', 5 * version], { coordinatorEpoch: 9 + version }),
  marker('a coordinator that is gone', version, ['little init: v4', 5 * version], { coordinatorEpoch: 3 }),
]);

export const little: readonly RequestStep[] = [
  create('for little', 7, [{ name: 'f-one', numPartitions: 3 }, { name: 'f-two' }]),
  {
    name: 'coordinator: of little transactions',
    api: 'FindCoordinator',
    version: 6,
    body: { keyType: 1, coordinatorKeys: ['little-4'] },
    until: calm,
  },
  ...describedProducers,
  ...endsOfEpochs,
  ...markersByHand,
  producers('of markers by hand', [two]),
];
