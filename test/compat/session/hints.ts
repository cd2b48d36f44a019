import { batchOf } from './produce.js';
import { type Answers, create, idOf, type RequestStep, strangerId } from './step.js';

const made = 'create: for hints';

const fetch = (name: string, version: number, partition: object, more: object = {}): RequestStep => ({
  name: `hints: ${name} v${version}`,
  api: 'Fetch',
  version,
  body: (answers: Answers) => ({
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 100_000,
    topics: [
      {
        ...(version >= 13 ? { topicId: idOf(answers, made, 'h-one') } : { topic: 'h-one' }),
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100_000, ...partition }],
      },
    ],
    ...more,
  }),
});
const versions = [12, 15, 16, 17, 18];

/** Who leads, told with the error (KIP-951), and what replicas say of themselves (KIP-853, KIP-1166). */
export const hints: readonly RequestStep[] = [
  create('for hints', 7, [{ name: 'h-one' }]),
  {
    name: 'hints: produce',
    api: 'Produce',
    version: 12,
    body: {
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: 'h-one', partitionData: [{ index: 0, records: batchOf('one') }] }],
    },
  },
  ...versions.flatMap((version) => [
    fetch('an epoch to come', version, { currentLeaderEpoch: 7 }),
    fetch('the epoch there is', version, { currentLeaderEpoch: 0 }),
    fetch(
      'a replica that is none',
      version,
      {},
      version >= 15 ? { replicaState: { replicaId: 2, replicaEpoch: 5 } } : { replicaId: 2 },
    ),
    fetch(
      'the leader itself',
      version,
      {},
      version >= 15 ? { replicaState: { replicaId: 1, replicaEpoch: -1 } } : { replicaId: 1 },
    ),
    fetch('from another rack', version, {}, { rackId: 'elsewhere' }),
  ]),
  fetch('with a directory', 17, { replicaDirectoryId: strangerId }),
  fetch('with a high watermark', 18, { highWatermark: 1 }),
  fetch('with a high watermark beyond', 18, { highWatermark: 100 }),
  fetch('last fetched epoch to come', 16, { lastFetchedEpoch: 5 }),
];
