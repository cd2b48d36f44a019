import { create, type RequestStep } from './step.js';

const topics: RequestStep = create('for leaders', 7, [{ name: 'l-one' }, { name: 'l-three', numPartitions: 3 }]);

const elect = (name: string, version: number, body: object): RequestStep => ({
  name: `elect: ${name}`,
  api: 'ElectLeaders',
  version,
  body: { timeoutMs: 10_000, ...body },
});
const of = (topic: string, ...partitions: readonly number[]) => ({ topic, partitions });

const elections: readonly RequestStep[] = [
  elect('v0', 0, { topicPartitions: [of('l-three', 0, 1)] }),
  elect('v0, all', 0, { topicPartitions: null }),
  elect('v0, nothing', 0, { topicPartitions: [] }),
  elect('v0, unknown topic', 0, { topicPartitions: [of('l-none', 0)] }),
  elect('preferred v1', 1, { electionType: 0, topicPartitions: [of('l-one', 0), of('l-three', 2)] }),
  elect('preferred v2', 2, { electionType: 0, topicPartitions: [of('l-one', 0), of('l-three', 2)] }),
  elect('unclean v1', 1, { electionType: 1, topicPartitions: [of('l-one', 0)] }),
  elect('unclean v2', 2, { electionType: 1, topicPartitions: [of('l-three', 0, 1, 2)] }),
  elect('all preferred', 2, { electionType: 0, topicPartitions: null }),
  elect('all unclean', 2, { electionType: 1, topicPartitions: null }),
  elect('unknown partition', 2, { electionType: 0, topicPartitions: [of('l-one', 0, 7)] }),
  elect('negative partition', 2, { electionType: 0, topicPartitions: [of('l-one', -1)] }),
  elect('unknown topics', 2, { electionType: 0, topicPartitions: [of('l-none', 0), of('', 0), of('l/bad', 1)] }),
  elect('no partitions of a topic', 2, { electionType: 0, topicPartitions: [of('l-one')] }),
  elect('a partition twice', 2, { electionType: 0, topicPartitions: [of('l-one', 0, 0)] }),
  elect('unknown type', 2, { electionType: 7, topicPartitions: [of('l-one', 0)] }),
  elect('negative type', 1, { electionType: -1, topicPartitions: [of('l-one', 0)] }),
];

const reassign = (
  name: string,
  version: number,
  moves: readonly (readonly [string, number, readonly number[] | null])[],
  more: object = {},
): RequestStep => ({
  name: `reassign: ${name}`,
  api: 'AlterPartitionReassignments',
  version,
  body: {
    timeoutMs: 10_000,
    topics: [...new Set(moves.map(([topic]) => topic))].map((topic) => ({
      name: topic,
      partitions: moves
        .filter(([one]) => one === topic)
        .map(([, partitionIndex, replicas]) => ({ partitionIndex, replicas })),
    })),
    ...more,
  },
});

const list = (name: string, topics: readonly object[] | null): RequestStep => ({
  name: `reassignments: ${name}`,
  api: 'ListPartitionReassignments',
  version: 0,
  body: { timeoutMs: 10_000, topics },
});

const moves: readonly RequestStep[] = [
  reassign('nothing', 0, []),
  reassign('to where it is', 0, [['l-one', 0, [1]]]),
  reassign('to where it is, v1', 1, [
    ['l-one', 0, [1]],
    ['l-three', 1, [1]],
  ]),
  reassign('cancel what is not there', 0, [['l-one', 0, null]]),
  reassign('cancel in v1', 1, [
    ['l-three', 0, null],
    ['l-three', 2, null],
  ]),
  reassign('unknown broker', 0, [['l-one', 0, [2]]]),
  reassign('more replicas', 0, [['l-one', 0, [1, 2]]]),
  reassign('more replicas, not allowed', 1, [['l-one', 0, [1, 2]]], { allowReplicationFactorChange: false }),
  reassign('same count, not allowed to change', 1, [['l-one', 0, [1]]], { allowReplicationFactorChange: false }),
  reassign('a replica twice', 0, [['l-one', 0, [1, 1]]]),
  reassign('no replicas', 0, [['l-one', 0, []]]),
  reassign('no replicas, v1', 1, [['l-one', 0, []]], { allowReplicationFactorChange: false }),
  reassign('negative replica', 0, [['l-one', 0, [-1]]]),
  reassign('unknown partition', 0, [
    ['l-one', 9, [1]],
    ['l-one', 0, [1]],
  ]),
  reassign('negative partition', 0, [['l-one', -1, [1]]]),
  reassign('unknown topics', 0, [
    ['l-none', 0, [1]],
    ['', 0, [1]],
    ['l-none', 1, null],
  ]),
  list('all', null),
  list('of topics', [
    { name: 'l-one', partitionIndexes: [0] },
    { name: 'l-three', partitionIndexes: [0, 1, 2] },
  ]),
  list('unknown', [
    { name: 'l-none', partitionIndexes: [0] },
    { name: 'l-one', partitionIndexes: [5, -1] },
  ]),
  list('no partitions', [{ name: 'l-one', partitionIndexes: [] }]),
  list('nothing', []),
];

/** Who leads and where the replicas are, on one broker. */
export const leaders: readonly RequestStep[] = [topics, ...elections, ...moves];
