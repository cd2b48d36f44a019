import { fetch } from './fetch.js';
import { baseTimestampMs, plain, produce } from './produce.js';
import { byTopic, type RequestStep } from './step.js';

const offsets = (
  name: string,
  version: number,
  parts: readonly (readonly [string, number, number, number?])[],
  more: object = {},
): RequestStep => ({
  name: `offsets: ${name}`,
  api: 'ListOffsets',
  version,
  body: {
    replicaId: -1,
    topics: byTopic(parts).map(([name, entries]) => ({
      name,
      partitions: entries.map(([, partitionIndex, timestamp, currentLeaderEpoch = -1]) => ({
        partitionIndex,
        timestamp,
        ...(version >= 4 ? { currentLeaderEpoch } : {}),
      })),
    })),
    ...more,
  },
});
const epochsOf = (version: number, parts: readonly (readonly [string, number, number, number])[]): RequestStep => ({
  name: `epochs: v${version}`,
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
  },
});
const erase = (name: string, version: number, parts: readonly (readonly [string, number, number])[]): RequestStep => ({
  name: `erase: ${name}`,
  api: 'DeleteRecords',
  version,
  body: {
    topics: byTopic(parts).map(([name, entries]) => ({
      name,
      partitions: entries.map(([, partitionIndex, offset]) => ({ partitionIndex, offset })),
    })),
    timeoutMs: 10_000,
  },
});

/** ListOffsets, OffsetForLeaderEpoch, DeleteRecords, DescribeLogDirs, AlterReplicaLogDirs. */
export const places: readonly RequestStep[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].flatMap((version) => [
    offsets(`v${version}`, version, [
      ['d', 0, -1],
      ['d', 1, -2],
      ['d', 2, baseTimestampMs + 1],
      ['empty', 0, -1],
      ['missing', 0, -1],
      ['d', 9, -1],
    ]),
    offsets(`of times v${version}`, version, [
      ['d', 0, baseTimestampMs + 12],
      ['empty', 0, 5],
      ['d', 1, baseTimestampMs + 999_999],
    ]),
  ]),
  ...[6, 7, 8, 9, 10, 11].map((version) =>
    offsets(`special timestamps v${version}`, version, [
      ['d', 0, -3],
      ['d', 1, -4],
      ['d', 2, -5],
      ['empty', 0, -3],
    ]),
  ),
  ...[10, 11].map((version) =>
    offsets(`more special timestamps v${version}`, version, [
      ['d', 0, -6],
      ['d', 1, -7],
      ['d', 2, -100],
      ['empty', 0, -4],
    ]),
  ),
  offsets('epochs', 9, [
    ['d', 0, -1, 0],
    ['d', 1, -1, 4],
    ['d', 2, -1, -2],
  ]),
  offsets(
    'committed only',
    9,
    [
      ['d', 0, -1],
      ['d', 1, baseTimestampMs],
    ],
    { isolationLevel: 1 },
  ),
  offsets('nothing', 9, []),
  offsets('bad names', 9, [
    ['a b', 0, -1],
    ['', 0, -1],
  ]),
  {
    name: 'offsets: a partition twice',
    api: 'ListOffsets',
    version: 9,
    body: {
      replicaId: -1,
      topics: [
        {
          name: 'd',
          partitions: [
            { partitionIndex: 0, timestamp: -1 },
            { partitionIndex: 0, timestamp: -2 },
            { partitionIndex: 1, timestamp: -1 },
          ],
        },
      ],
    },
  },
  ...[2, 3, 4].map((version) =>
    epochsOf(version, [
      ['d', 0, -1, 0],
      ['d', 1, 0, 0],
      ['d', 2, -1, 5],
      ['d', 0, 9, 0],
      ['empty', 0, -1, 0],
      ['missing', 0, -1, 0],
      ['d', 9, -1, 0],
      ['d', 1, -1, -1],
    ]),
  ),

  ...[0, 1, 2].map((version) => erase(`v${version}`, version, [['d', 0, version + 1]])),
  erase('errors', 2, [
    ['d', 0, 5000],
    ['d', 1, -2],
    ['missing', 0, 1],
    ['d', 9, 1],
    ['compacted', 0, 1],
    ['a b', 0, 1],
    ['empty', 0, 0],
  ]),
  erase('to the end', 2, [
    ['d', 1, -1],
    ['empty', 0, -1],
  ]),
  erase('below the start', 2, [['d', 0, 1]]),
  erase('nothing', 2, []),
  ...[-1, -2, baseTimestampMs].map((timestamp) =>
    offsets(`${timestamp} after erasing`, 9, [
      ['d', 0, timestamp],
      ['d', 1, timestamp],
      ['empty', 0, timestamp],
    ]),
  ),
  ...[0, 3].map((offset) =>
    fetch(`${offset} after erasing`, 12, [
      ['d', 0, offset],
      ['d', 1, offset],
    ]),
  ),
  produce('after erasing', 9, [['d', 1, plain]]),

  ...[1, 2, 3, 4, 5].map(
    (version): RequestStep => ({
      name: `dirs: v${version}`,
      api: 'DescribeLogDirs',
      version,
      body: {
        topics: [
          { topic: 'd', partitions: [0, 1, 2, 9] },
          { topic: 'empty', partitions: [0] },
          { topic: 'missing', partitions: [0] },
        ],
      },
    }),
  ),
  {
    name: 'dirs: no partitions',
    api: 'DescribeLogDirs',
    version: 4,
    body: { topics: [{ topic: 'd', partitions: [] }] },
  },
  { name: 'dirs: no topics', api: 'DescribeLogDirs', version: 4, body: { topics: [] } },

  ...[1, 2].map(
    (version): RequestStep => ({
      name: `move: to no log directory v${version}`,
      api: 'AlterReplicaLogDirs',
      version,
      body: {
        dirs: [
          {
            path: '/nowhere',
            topics: [
              { name: 'd', partitions: [0, 9] },
              { name: 'missing', partitions: [0] },
            ],
          },
        ],
      },
    }),
  ),
  { name: 'move: nothing', api: 'AlterReplicaLogDirs', version: 2, body: { dirs: [] } },
];
