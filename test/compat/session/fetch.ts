import { made } from './produce.js';
import { type Answers, byTopic, idOf, type RequestStep, strangerId } from './step.js';

interface FetchSpec {
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly isolationLevel?: number;
  readonly sessionId?: number;
  readonly sessionEpoch?: number;
  readonly forgottenTopicsData?: readonly object[];
  readonly replicaId?: number;
}
type Wanted = readonly [topic: string, partition: number, offset: number, more?: object];

const fetchTo = (version: number, wanted: readonly Wanted[], spec: FetchSpec, id: (topic: string) => string) => ({
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: 1_000_000,
  ...spec,
  topics: byTopic(wanted).map(([topic, entries]) => ({
    ...(version >= 13 ? { topicId: id(topic) } : { topic }),
    partitions: entries.map(([, partition, fetchOffset, more]) => ({
      partition,
      fetchOffset,
      partitionMaxBytes: 100_000,
      ...more,
    })),
  })),
});
export const fetch = (name: string, version: number, wanted: readonly Wanted[], spec: FetchSpec = {}): RequestStep => ({
  name: `fetch: ${name}`,
  api: 'Fetch',
  version,
  body: (answers: Answers) =>
    fetchTo(version, wanted, spec, (topic) => (topic === 'stranger' ? strangerId : idOf(answers, made, topic))),
});
/** In the session that an earlier step opened. */
const inSession = (
  name: string,
  step: string,
  sessionEpoch: number,
  wanted: readonly Wanted[],
  spec: FetchSpec = {},
  version = 12,
): RequestStep => ({
  name: `fetch: ${name}`,
  api: 'Fetch',
  version,
  body: (answers: Answers) =>
    fetchTo(
      version,
      wanted,
      { ...spec, sessionId: (answers.get(`fetch: ${step}`) as { sessionId: number }).sessionId, sessionEpoch },
      (topic) => idOf(answers, made, topic),
    ),
});

const forget = (topic: string, ...partitions: number[]) => ({ forgottenTopicsData: [{ topic, partitions }] });

/** Fetch: versions, bounds, epochs, isolation, sessions (KIP-227). */
export const fetches: readonly RequestStep[] = [
  ...[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18].map((version) =>
    fetch(`v${version}`, version, [
      ['d', 0, 0],
      ['d', 1, 0],
      ['empty', 0, 0],
    ]),
  ),
  fetch('errors', 12, [
    ['d', 0, 1000],
    ['d', 2, -1],
    ['d', 7, 0],
    ['missing', 0, 0],
    ['a b', 0, 0],
    ['d', 1, 0],
  ]),
  fetch('errors by id', 13, [
    ['stranger', 0, 0],
    ['d', 1, 0],
  ]),
  fetch('unknown partition by id', 13, [['d', 9, 0]]),
  fetch('the end', 12, [
    ['d', 1, 3],
    ['empty', 0, 0],
  ]),
  fetch('the end, waiting', 12, [['empty', 0, 0]], { maxWaitMs: 50 }),
  fetch('the middle of a batch', 12, [['d', 2, 1]]),
  fetch('one byte, one batch', 12, [['d', 0, 0, { partitionMaxBytes: 1 }]]),
  fetch(
    'one byte over two partitions',
    12,
    [
      ['d', 0, 0],
      ['d', 2, 0],
    ],
    { maxBytes: 1 },
  ),
  fetch('partition limit 0', 12, [['d', 0, 0, { partitionMaxBytes: 0 }]]),
  fetch('max bytes 0', 12, [['d', 0, 0]], { maxBytes: 0 }),
  fetch('negative max bytes', 12, [['d', 0, 0]], { maxBytes: -1 }),
  fetch(
    'committed only',
    12,
    [
      ['d', 0, 0],
      ['empty', 0, 0],
    ],
    { isolationLevel: 1 },
  ),
  fetch('committed only v4', 4, [['d', 0, 9]], { isolationLevel: 1 }),
  fetch('epochs', 12, [
    ['d', 0, 0, { currentLeaderEpoch: 0 }],
    ['d', 1, 0, { currentLeaderEpoch: 5 }],
    ['d', 2, 0, { currentLeaderEpoch: -5 }],
  ]),
  fetch('last fetched epochs', 12, [
    ['d', 0, 2, { lastFetchedEpoch: 0 }],
    ['d', 1, 0, { lastFetchedEpoch: 3 }],
    ['d', 2, 100, { lastFetchedEpoch: 0 }],
  ]),
  fetch('the same partition twice', 12, [
    ['d', 0, 0],
    ['d', 0, 1],
  ]),
  fetch('nothing', 12, []),
  fetch('nothing, with a wait', 12, [], { maxWaitMs: 20 }),
  fetch('stamped by the broker', 12, [['stamped', 0, 0]]),
  fetch('as a follower', 12, [['d', 0, 0]], { replicaId: 7 }),

  fetch(
    'session',
    12,
    [
      ['d', 0, 0],
      ['d', 1, 0],
      ['empty', 0, 0],
    ],
    { sessionEpoch: 0 },
  ),
  inSession('session, nothing changed', 'session', 1, []),
  inSession('session, moved on', 'session', 2, [['d', 0, 2]]),
  inSession('session, wrong epoch', 'session', 2, []),
  inSession('session, at the end', 'session', 3, [
    ['d', 0, 22],
    ['d', 1, 3],
  ]),
  inSession('session, still at the end', 'session', 4, []),
  inSession('session, one more partition', 'session', 5, [['d', 2, 0]]),
  inSession('session, forgotten', 'session', 6, [], forget('d', 0, 2)),
  inSession('session, forgotten what it has not', 'session', 7, [], forget('nope', 0)),
  inSession('session, an error', 'session', 8, [['d', 1, 5000]]),
  inSession('session, the error again', 'session', 9, []),
  inSession('session, a missing topic', 'session', 10, [['missing', 0, 0]]),
  inSession('session, ids instead of names', 'session', 11, [], {}, 13),
  inSession('session, closed', 'session', -1, []),
  inSession('session, after its end', 'session', 11, []),
  {
    name: 'fetch: unknown session',
    api: 'Fetch',
    version: 12,
    body: fetchTo(12, [], { sessionId: 12_345, sessionEpoch: 1 }, String),
  },
  {
    name: 'fetch: session id without epoch',
    api: 'Fetch',
    version: 12,
    body: fetchTo(12, [['d', 1, 0]], { sessionId: 12_345, sessionEpoch: 0 }, String),
  },
  fetch(
    'session by id',
    13,
    [
      ['d', 0, 0],
      ['d', 1, 3],
      ['stranger', 0, 0],
    ],
    { sessionEpoch: 0 },
  ),
  inSession('session by id, next', 'session by id', 1, [['d', 0, 22]], {}, 13),
  inSession('session by id, by name', 'session by id', 2, [], {}, 12),
  fetch('session without partitions', 12, [], { sessionEpoch: 0 }),
];
