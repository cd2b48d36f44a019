import { describe, expect, it } from 'vitest';
import type { Uuid } from '../../../src/common/ids.js';
import type { Assignment } from '../../../src/coordinator/modern/assignment.js';
import type { AssignorMember } from '../../../src/coordinator/modern/assignor.js';
import { simpleAssignor } from '../../../src/coordinator/share_group/simple_assignor.js';
import { Prng } from '../../support/prng.js';

const topicId = (n: number): Uuid => `0000000${n}-0000-4000-8000-00000000000${n}` as Uuid;
const range = (count: number): number[] => [...Array(count).keys()];

function member(name: string, topics: readonly number[], assigned: Assignment = new Map()): AssignorMember {
  return { memberId: name, instanceId: null, rackId: null, topicIds: new Set(topics.map(topicId)), assigned };
}

function assign(members: readonly AssignorMember[], topics: Readonly<Record<number, number>>) {
  const counts = new Map(Object.entries(topics).map(([n, count]) => [topicId(Number(n)), count]));
  const assignable = new Map([...counts].map(([id, count]) => [id, range(count)]));
  const names = members.map(({ topicIds }) => [...topicIds].sort().join());
  const subscriptionType = new Set(names).size <= 1 ? 'homogeneous' : 'heterogeneous';
  return simpleAssignor(assignable)({
    members,
    subscriptionType,
    partitionCount: (id) => counts.get(id) ?? 0,
  });
}

function show(targets: ReadonlyMap<string, Assignment>): Record<string, string> {
  return Object.fromEntries(
    [...targets].map(([name, assignment]) => [
      name,
      [...assignment].map(([id, partitions]) => `${id[7]}:${[...partitions].sort().join()}`).join(' '),
    ]),
  );
}

describe('the assignor of share groups', () => {
  it('gives every member something while there are fewer partitions than members', () => {
    const members = ['a', 'b', 'c'].map((name) => member(name, [1]));
    expect(show(assign(members, { 1: 1 }))).toEqual({ a: '1:0', b: '1:0', c: '1:0' });
    expect(show(assign(members, { 1: 2 }))).toEqual({ a: '1:0,1', b: '1:0', c: '1:1' });
  });

  it('gives every partition to one member while there are more', () => {
    const targets = assign(
      ['a', 'b'].map((name) => member(name, [1])),
      { 1: 5 },
    );
    const sizes = [...targets.values()].map((assignment) => assignment.get(topicId(1))?.length);
    expect(sizes).toEqual([3, 2]);
  });

  it('assigns nothing that has no state yet', () => {
    const assignable = new Map([[topicId(1), [1]]]);
    const targets = simpleAssignor(assignable)({
      members: [member('a', [1])],
      subscriptionType: 'homogeneous',
      partitionCount: () => 3,
    });
    expect(show(targets)).toEqual({ a: '1:1' });
  });

  it('leaves everybody what they have when that is right', () => {
    const before = assign(
      ['a', 'b', 'c'].map((name) => member(name, [1, 2])),
      { 1: 4, 2: 3 },
    );
    const again = assign(
      ['a', 'b', 'c'].map((name) => member(name, [1, 2], before.get(name))),
      { 1: 4, 2: 3 },
    );
    expect(show(again)).toEqual(show(before));
  });

  // Whatever is subscribed to and whoever had what: all is shared out, to those who asked for it, evenly.
  it('covers all partitions at any history of members and subscriptions', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = new Prng(seed);
      const topics: Readonly<Record<number, number>> = { 1: 1 + random.below(6), 2: 1 + random.below(6) };
      let members: AssignorMember[] = [];
      for (let round = 0; round < 6; round += 1) {
        const names = ['a', 'b', 'c', 'd', 'e'].filter(() => random.below(10) < 7);
        members = (names.length === 0 ? ['a'] : names).map((name) => {
          const known = members.find(({ memberId }) => memberId === name);
          const wants = random.pick([[1], [2], [1, 2], [1, 2]] as const);
          return member(name, wants, known?.assigned);
        });
        const targets = assign(members, topics);
        const owners = new Map<string, number>();
        for (const { memberId, topicIds } of members)
          for (const [id, partitions] of targets.get(memberId) ?? []) {
            expect(topicIds.has(id), `seed ${seed}: ${memberId} is subscribed`).toBe(true);
            expect(new Set(partitions).size).toBe(partitions.length);
            for (const partition of partitions)
              owners.set(`${id}/${partition}`, (owners.get(`${id}/${partition}`) ?? 0) + 1);
          }
        for (const [n, count] of Object.entries(topics)) {
          const id = topicId(Number(n));
          if (!members.some(({ topicIds }) => topicIds.has(id))) continue;
          for (const partition of range(count))
            expect(owners.get(`${id}/${partition}`) ?? 0, `seed ${seed} round ${round}`).toBeGreaterThan(0);
        }
        members = members.map((one) => ({ ...one, assigned: targets.get(one.memberId) ?? new Map() }));
      }
    }
  });
});
