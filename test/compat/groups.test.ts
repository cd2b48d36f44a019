import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { DescribeGroupsResponse } from '../../src/protocol/api/describe_groups.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { createTopic, produce } from '../integration/produce_fetch.js';
import { WireClient } from '../support/wire_client.js';
import { type Driver, findDrivers, Member } from './drivers.js';

// Two members in one group: each client with itself, and each with the next one where both know the same assignors. The second one
// joins while the first one reads, then the first one leaves.
const partitions = [0, 1, 2, 3];
const perRound = 10;

const installed = (await findDrivers()).filter((driver) => driver.command !== undefined);
const mixing = installed.filter((driver) => driver.mixes);
const pairs: ReadonlyArray<readonly [Driver, Driver]> = [
  ...installed.map((driver) => [driver, driver] as const),
  ...mixing.flatMap((driver, index) => {
    const next = mixing[(index + 1) % mixing.length];
    return next === undefined || next === driver ? [] : [[driver, next] as const];
  }),
];

let broker: Broker;
let client: WireClient;
const members: Member[] = [];
beforeAll(async () => {
  broker = await startBroker();
  client = await WireClient.connect(broker.port);
});
afterEach(() => {
  for (const member of members.splice(0)) member.kill();
});
afterAll(async () => {
  client.close();
  await broker.close();
});

/** Looks until it is so; a member that ended too early is named. */
async function until(what: string, all: readonly Member[], condition: () => boolean): Promise<void> {
  const state = () => all.map(({ assigned, read, problem }) => JSON.stringify({ assigned, read: [...read], problem }));
  let over: string | undefined;
  for (const member of all)
    void member.ended.then((status) => {
      over = `${member.problem} ended with ${status}`;
    });
  for (let i = 0; i < 500 && !condition() && over === undefined; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  if (!condition()) throw new Error(`${what}: ${over ?? state().join('\n')}`);
}

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const isAll = (numbers: readonly number[]) => JSON.stringify(sorted(numbers)) === JSON.stringify(partitions);

describe('a group', () => {
  it.each(pairs.map(([a, b]) => ({ a, b, names: `${a.name}, then ${b.name}` })))('$names', async ({ a, b }) => {
    const topic = `group-${a.name}-${b.name}`;
    const group = `members-${a.name}-${b.name}`;
    await createTopic(client, topic, partitions.length);
    let produced = 0;
    const round = async () => {
      for (const partition of partitions)
        await produce(
          client,
          topic,
          Array.from({ length: perRound }, (_, i) => `value ${produced + i}`),
          { partition },
        );
      produced += perRound;
    };
    /** Everything was read, by whomever. */
    const isRead = (by: readonly Member[], of: readonly number[] = partitions) =>
      of.every((p) =>
        Array.from({ length: produced }, (_, o) => o).every((o) => by.some((member) => member.has(p, o))),
      );
    const join = (driver: Driver) => {
      const member = new Member(driver, broker.bootstrapServers, topic, group);
      members.push(member);
      return member;
    };

    const first = join(a);
    await until('the first one has all partitions', [first], () => isAll(first.assigned));
    await round();
    await until('the first one reads all', [first], () => isRead([first]));

    const second = join(b);
    const both = [first, second];
    await until('both have some partitions, none is shared', both, () => {
      const some = both.every(({ assigned }) => assigned.length > 0);
      return some && isAll(both.flatMap(({ assigned }) => assigned));
    });
    await round();
    await until('both read all of it', both, () => isRead(both));
    const seconds = second.assigned;
    await until('each reads its own', both, () => seconds.every((p) => second.has(p, produced - 1)));

    first.leave();
    expect(await first.ended, first.problem).toBe(0);
    await until('the second one has all partitions', [second], () => isAll(second.assigned));
    await round();
    await until(
      'the second one reads the rest',
      [second],
      () => partitions.every((p) => second.has(p, produced - 1)) && isRead(both),
    );
    second.leave();
    expect(await second.ended, second.problem).toBe(0);

    const described = await client.send<DescribeGroupsResponse>(ApiKey.DescribeGroups, 5, { groups: [group] });
    expect(described.groups[0]).toMatchObject({ errorCode: 0, groupState: 'Empty', members: [] });
    const fetched = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: partitions }] }],
    });
    expect(fetched.groups[0]?.topics[0]?.partitions.map(({ committedOffset }) => committedOffset)).toEqual(
      partitions.map(() => produced),
    );
  });
});
