import { encodeBatch } from '../../../src/records/index.js';
import { type Answers, type Body, create, idOf, type RequestStep, strangerId } from '../session/step.js';

const firstTimestampMs = 1_700_000_000_000;

/** The records are old, and Kafka looks for such half a minute after its start. */
const configs = [{ name: 'retention.ms', value: '-1' }];

export const made = 'create: for shares';
export const creations: readonly RequestStep[] = [
  create('for shares', 7, [
    { name: 's-one', numPartitions: 1, replicationFactor: 1, configs },
    { name: 's-two', numPartitions: 2, replicationFactor: 1, configs },
    { name: 's-state', numPartitions: 2, replicationFactor: 1 },
    { name: 's-gone', numPartitions: 1, replicationFactor: 1 },
  ]),
];

const topicIdOf = (answers: Answers, topic: string) => (topic === 'stranger' ? strangerId : idOf(answers, made, topic));

/** Batches of records with the values `name-0`, `name-1`, ...; as many as `sizes` says. */
export const produce = (name: string, topic: string, sizes: readonly number[], partition = 0): RequestStep[] =>
  sizes.map((size, batch) => ({
    name: `produce: ${name} ${batch}`,
    api: 'Produce',
    version: 12,
    body: {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          name: topic,
          partitionData: [
            {
              index: partition,
              records: encodeBatch({
                records: Array.from({ length: size }, (_, index) => ({
                  timestampMs: firstTimestampMs + index,
                  key: null,
                  value: Buffer.from(`${name}-${batch}-${index}`),
                })),
              }),
            },
          ],
        },
      ],
    },
  }));

export const groupConfig = (name: string, groupId: string, configs: Readonly<Record<string, string>>): RequestStep => ({
  name: `config: ${name}`,
  api: 'IncrementalAlterConfigs',
  version: 1,
  body: {
    resources: [
      {
        resourceType: 32,
        resourceName: groupId,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: 0, value })),
      },
    ],
    validateOnly: false,
  },
});

type StateApi =
  | 'InitializeShareGroupState'
  | 'ReadShareGroupState'
  | 'WriteShareGroupState'
  | 'DeleteShareGroupState'
  | 'ReadShareGroupStateSummary';

export const state = (
  name: string,
  api: StateApi,
  version: number,
  groupId: string,
  partitions: ReadonlyArray<Body & { readonly topic: string; readonly partition: number }>,
): RequestStep => ({
  name: `state: ${name}`,
  api,
  version,
  body: (answers: Answers) => ({
    groupId,
    topics: partitions.map(({ topic, ...asked }) => ({ topicId: topicIdOf(answers, topic), partitions: [asked] })),
  }),
  until: (answer) => !/"errorCode":1[456]/.test(JSON.stringify(answer)),
});

export const findShare = (name: string, version: number, keys: (id: string) => readonly string[]): RequestStep => ({
  name: `coordinator: ${name}`,
  api: 'FindCoordinator',
  version,
  body: (answers: Answers) => ({ keyType: 2, coordinatorKeys: keys(topicIdOf(answers, 's-state')) }),
  until: (answer) => !JSON.stringify(answer).includes('"errorCode":15'),
});

export const findGroup = (groupId: string): RequestStep => ({
  name: `coordinator: of group ${groupId}`,
  api: 'FindCoordinator',
  version: 6,
  body: { keyType: 0, coordinatorKeys: [groupId] },
  until: (answer) => !JSON.stringify(answer).includes('"errorCode":15'),
});

interface BeatSpec {
  readonly topics?: readonly string[] | null;
  readonly rackId?: string | null;
  readonly until?: (answer: Body) => boolean;
}

/** `epoch`: the member's, or the step that answered it. */
export const beat = (
  name: string,
  groupId: string,
  memberId: string,
  epoch: number | string,
  { topics = null, rackId = null, until }: BeatSpec = {},
): RequestStep => ({
  name: `heartbeat: ${name}`,
  api: 'ShareGroupHeartbeat',
  version: 1,
  body: (answers: Answers) => ({
    groupId,
    memberId,
    memberEpoch: typeof epoch === 'number' ? epoch : (answers.get(`heartbeat: ${epoch}`) as Body).memberEpoch,
    rackId,
    subscribedTopicNames: topics,
  }),
  until: (answer) => ![14, 15, 16].includes(answer.errorCode as number) && (until === undefined || until(answer)),
});

/** The answer assigns `count` partitions. */
export const assigned =
  (count: number) =>
  (answer: Body): boolean => {
    const assignment = answer.assignment as {
      readonly topicPartitions: readonly { readonly partitions: number[] }[];
    } | null;
    return (assignment?.topicPartitions ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0) === count;
  };

/** `0-4 1` acknowledges five records with type 1, `0-2 1,2,3` three records one by one. */
export type Ack = string;

function acks(list: readonly Ack[]) {
  return list.map((text) => {
    const [, first, last, types = ''] = /^(-?\d+)-(-?\d+) ?(.*)$/.exec(text) ?? [];
    return {
      firstOffset: Number(first),
      lastOffset: Number(last),
      acknowledgeTypes: types === '' ? [] : types.split(',').map(Number),
    };
  });
}

type Wanted = readonly [topic: string, partition: number, ...acks: Ack[]];

function byTopic(wanted: readonly Wanted[], answers: Answers) {
  const topics = new Map<string, object[]>();
  for (const [topic, partitionIndex, ...list] of wanted)
    topics.set(topic, [...(topics.get(topic) ?? []), { partitionIndex, acknowledgementBatches: acks(list) }]);
  return [...topics].map(([topic, partitions]) => ({ topicId: topicIdOf(answers, topic), partitions }));
}

interface FetchSpec {
  readonly version?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly maxRecords?: number;
  readonly batchSize?: number;
  readonly shareAcquireMode?: number;
  readonly isRenewAck?: boolean;
  readonly forget?: ReadonlyArray<readonly [topic: string, ...partitions: number[]]>;
}

export const shareFetch = (
  name: string,
  groupId: string | null,
  memberId: string | null,
  shareSessionEpoch: number,
  wanted: readonly Wanted[],
  { version = 2, forget = [], ...spec }: FetchSpec = {},
): RequestStep => ({
  name: `fetch: ${name}`,
  api: 'ShareFetch',
  version,
  body: (answers: Answers) => ({
    groupId,
    memberId,
    shareSessionEpoch,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1_000_000,
    maxRecords: 500,
    batchSize: 500,
    ...spec,
    topics: byTopic(wanted, answers),
    forgottenTopicsData: forget.map(([topic, ...partitions]) => ({ topicId: topicIdOf(answers, topic), partitions })),
  }),
});

export const acknowledge = (
  name: string,
  groupId: string | null,
  memberId: string | null,
  shareSessionEpoch: number,
  wanted: readonly Wanted[],
  { version = 2, isRenewAck = false }: { readonly version?: number; readonly isRenewAck?: boolean } = {},
): RequestStep => ({
  name: `acknowledge: ${name}`,
  api: 'ShareAcknowledge',
  version,
  body: (answers: Answers) => ({
    groupId,
    memberId,
    shareSessionEpoch,
    ...(version >= 2 ? { isRenewAck } : {}),
    topics: byTopic(wanted, answers),
  }),
});

export const describeGroups = (
  name: string,
  groupIds: readonly string[],
  until?: (answer: Body) => boolean,
): RequestStep => ({
  name: `describe: ${name}`,
  api: 'ShareGroupDescribe',
  version: 1,
  body: { groupIds, includeAuthorizedOperations: name.includes('operations') },
  ...(until === undefined ? {} : { until }),
});

export const listGroups = (
  name: string,
  typesFilter: readonly string[],
  statesFilter: readonly string[] = [],
): RequestStep => ({
  name: `list: ${name}`,
  api: 'ListGroups',
  version: 5,
  body: { statesFilter, typesFilter },
});

export const describeOffsets = (
  name: string,
  version: number,
  groups: ReadonlyArray<{
    readonly groupId: string;
    readonly topics: ReadonlyArray<readonly [string, ...number[]]> | null;
  }>,
  until?: (answer: Body) => boolean,
): RequestStep => ({
  name: `offsets: ${name}`,
  api: 'DescribeShareGroupOffsets',
  version,
  body: {
    groups: groups.map(({ groupId, topics }) => ({
      groupId,
      topics: topics?.map(([topicName, ...partitions]) => ({ topicName, partitions })) ?? null,
    })),
  },
  ...(until === undefined ? {} : { until }),
});

export const alterOffsets = (
  name: string,
  groupId: string,
  topics: ReadonlyArray<
    readonly [topic: string, ...offsets: ReadonlyArray<readonly [partition: number, offset: number]>]
  >,
): RequestStep => ({
  name: `alter: ${name}`,
  api: 'AlterShareGroupOffsets',
  version: 0,
  body: {
    groupId,
    topics: topics.map(([topicName, ...offsets]) => ({
      topicName,
      partitions: offsets.map(([partitionIndex, startOffset]) => ({ partitionIndex, startOffset })),
    })),
  },
});

export const deleteOffsets = (name: string, groupId: string, topics: readonly string[]): RequestStep => ({
  name: `delete: ${name}`,
  api: 'DeleteShareGroupOffsets',
  version: 0,
  body: { groupId, topics: topics.map((topicName) => ({ topicName })) },
});

export const deleteGroups = (name: string, groupsNames: readonly string[]): RequestStep => ({
  name: `delete: groups ${name}`,
  api: 'DeleteGroups',
  version: 2,
  body: { groupsNames },
});
