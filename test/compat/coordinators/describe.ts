import type { Body, Connections } from './connection.js';
import { topicIds, topics } from './topics.js';
import { transactionalIds } from './transactions.js';

/** By question, every answer about what the coordinators know. */
export type Description = Readonly<Record<string, unknown>>;

const partitionsOf = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Everything that the Describe, List and OffsetFetch APIs say; topics by name instead of id, lists in an order of their own. */
export async function describeAll(on: Connections): Promise<Description> {
  const names = new Map([...(await topicIds(on))].map(([name, id]) => [id, name]));
  const said: Record<string, unknown> = {};
  const ask = async (
    name: string,
    api: Parameters<Connections['send']>[1],
    version: number,
    body: object,
    loading = stillLoading,
  ) => {
    const answer = await on.until('describer', api, version, body, (one) => !loading(one));
    said[name] = comparable(answer, names);
    return answer;
  };
  const listed = await ask('groups', 'ListGroups', 5, { statesFilter: [], typesFilter: [] });
  const groups = listed.groups as Array<{ groupId: string; groupType: string }>;
  const ids = groups.map(({ groupId }) => groupId).sort();
  const of = (type: string) =>
    groups
      .filter(({ groupType }) => groupType === type)
      .map(({ groupId }) => groupId)
      .sort();
  await ask('classic groups', 'DescribeGroups', 6, { groups: ids });
  await ask('consumer groups', 'ConsumerGroupDescribe', 1, { groupIds: of('consumer') });
  await ask('share groups', 'ShareGroupDescribe', 1, { groupIds: of('share') });
  await ask('streams groups', 'StreamsGroupDescribe', 0, { groupIds: of('streams') });
  for (const requireStable of [false, true]) {
    const asked = ids.map((groupId) => ({ groupId, topics: null }));
    await ask(`offsets${requireStable ? ', stable ones' : ''}`, 'OffsetFetch', 8, { groups: asked, requireStable });
  }
  const shares = of('share').map((groupId) => ({ groupId, topics: null }));
  await ask('offsets of share groups', 'DescribeShareGroupOffsets', 1, { groups: shares });
  const byName = new Map([...names].map(([id, name]) => [name, id]));
  for (const groupId of of('share')) {
    const asked = topics.map(([name, count]) => ({
      topicId: byName.get(name),
      partitions: partitionsOf(count).map((partition) => ({ partition, leaderEpoch: -1 })),
    }));
    await ask(`state of ${groupId}`, 'ReadShareGroupState', 0, { groupId, topics: asked });
    await ask(`summary of ${groupId}`, 'ReadShareGroupStateSummary', 1, { groupId, topics: asked });
  }
  await ask('transactions', 'ListTransactions', 1, { stateFilters: [], producerIdFilters: [] });
  await ask('each transaction', 'DescribeTransactions', 0, { transactionalIds });
  const all = topics.map(([name, count]) => ({ name, partitionIndexes: partitionsOf(count) }));
  await ask('producers', 'DescribeProducers', 0, { topics: all });
  for (const isolationLevel of [0, 1]) {
    const asked = topics.map(([name, count]) => ({
      name,
      partitions: partitionsOf(count).map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
    }));
    await ask(`ends, isolation ${isolationLevel}`, 'ListOffsets', 7, { replicaId: -1, isolationLevel, topics: asked });
  }
  return said;
}

/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER. */
function stillLoading(answer: Body): boolean {
  return /"errorCode":(14|15|16|5|6)\b/.test(JSON.stringify(answer));
}

/** Ids of topics as names, bytes as hex, lists sorted. */
function comparable(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) {
    const items = value.map((one) => comparable(one, names));
    return items
      .map((one) => [JSON.stringify(one), one] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, one]) => one);
  }
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).filter(([name]) => name !== 'throttleTimeMs');
  return Object.fromEntries(
    fields.map(([name, field]) => [
      name,
      name === 'topicId' ? (names.get(String(field)) ?? field) : comparable(field, names),
    ]),
  );
}
