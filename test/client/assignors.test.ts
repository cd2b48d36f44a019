import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberSubscription } from '../../src/client/consumer/assignors/assignor.js';
import { assignors } from '../../src/client/consumer/assignors/index.js';
import type { TopicPartition } from '../../src/common/ids.js';

const member = (
  memberId: string,
  topics: readonly string[],
  changes: Partial<MemberSubscription> = {},
): MemberSubscription => ({
  memberId,
  groupInstanceId: null,
  topics,
  ownedPartitions: [],
  generationId: -1,
  ...changes,
});

const names = (partitions: readonly TopicPartition[] | undefined): readonly string[] =>
  (partitions ?? []).map((one) => `${one.topic}${one.partition}`).sort();

const groups = fc
  .record({
    counts: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
    members: fc.array(fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
  })
  .map(({ counts, members }) => ({
    counts: new Map(counts.map((count, index) => [`t${index}-`, count])),
    // Topic 4 never exists.
    members: members.map((topics, index) => member(`m${index}`, [...new Set(topics.map((topic) => `t${topic}-`))])),
  }));

describe.each(Object.values(assignors))('$name', (assignor) => {
  test('gives every partition that somebody wants to exactly one member that wants it', () => {
    fc.assert(
      fc.property(groups, ({ counts, members }) => {
        const assignment = assignor.assign(members, counts);
        const wanted = new Set(members.flatMap((one) => one.topics));
        const expected = [...counts]
          .filter(([topic]) => wanted.has(topic))
          .flatMap(([topic, count]) => Array.from({ length: count }, (_, p) => `${topic}${p}`));
        expect(names([...assignment.values()].flat())).toEqual(expected.sort());
        for (const one of members)
          for (const { topic } of assignment.get(one.memberId) ?? []) expect(one.topics).toContain(topic);
        expect([...assignment.keys()].sort()).toEqual(members.map((one) => one.memberId).sort());
      }),
    );
  });

  test('does not depend on the order in which members are named', () => {
    fc.assert(
      fc.property(groups, ({ counts, members }) => {
        const one = assignor.assign(members, counts);
        const other = assignor.assign([...members].reverse(), counts);
        for (const [memberId, partitions] of one) expect(names(other.get(memberId))).toEqual(names(partitions));
      }),
    );
  });
});

describe('range', () => {
  test('gives runs per topic, the first members one more, as in Kafka', () => {
    const assignment = assignors.range.assign(
      ['b', 'a', 'c'].map((id) => member(id, ['x', 'y'])),
      new Map([
        ['x', 7],
        ['y', 3],
      ]),
    );
    expect(names(assignment.get('a'))).toEqual(['x0', 'x1', 'x2', 'y0']);
    expect(names(assignment.get('b'))).toEqual(['x3', 'x4', 'y1']);
    expect(names(assignment.get('c'))).toEqual(['x5', 'x6', 'y2']);
  });

  test('static members come first, by instance id', () => {
    const members = [
      member('a', ['x']),
      member('z', ['x'], { groupInstanceId: 'i2' }),
      member('y', ['x'], { groupInstanceId: 'i1' }),
    ];
    const assignment = assignors.range.assign(members, new Map([['x', 3]]));
    expect([names(assignment.get('y')), names(assignment.get('z')), names(assignment.get('a'))]).toEqual([
      ['x0'],
      ['x1'],
      ['x2'],
    ]);
  });
});

test('roundrobin deals the partitions of all topics in a row', () => {
  const assignment = assignors.roundrobin.assign(
    [member('a', ['x', 'y']), member('b', ['x', 'y'])],
    new Map([
      ['x', 3],
      ['y', 2],
    ]),
  );
  expect(names(assignment.get('a'))).toEqual(['x0', 'x2', 'y1']);
  expect(names(assignment.get('b'))).toEqual(['x1', 'y0']);
});

describe('cooperative-sticky', () => {
  const { assign } = assignors['cooperative-sticky'];
  const counts = new Map([['x', 6]]);
  const owned = (...partitions: readonly number[]) => partitions.map((partition) => ({ topic: 'x', partition }));

  test('a partition that changes hands is left out until its owner gave it up', () => {
    const first = member('a', ['x'], { ownedPartitions: owned(0, 1, 2, 3, 4, 5), generationId: 3 });
    const round = assign([first, member('b', ['x'])], counts);
    expect(round.get('a')).toHaveLength(3);
    expect(round.get('b')).toEqual([]);
    const kept = round.get('a') ?? [];
    const next = assign(
      [member('a', ['x'], { ownedPartitions: kept, generationId: 4 }), member('b', ['x'], { generationId: 4 })],
      counts,
    );
    expect(names(next.get('a'))).toEqual(names(kept));
    expect(next.get('b')).toHaveLength(3);
  });

  test('members keep what they have when one leaves', () => {
    const a = member('a', ['x'], { ownedPartitions: owned(0, 3), generationId: 2 });
    const b = member('b', ['x'], { ownedPartitions: owned(1, 4), generationId: 2 });
    const after = assign([a, b], counts);
    expect(names(after.get('a'))).toEqual(expect.arrayContaining(['x0', 'x3']));
    expect(names(after.get('b'))).toEqual(expect.arrayContaining(['x1', 'x4']));
    expect([after.get('a')?.length, after.get('b')?.length]).toEqual([3, 3]);
  });

  test('of two that claim a partition the later generation has it, at a tie nobody', () => {
    const old = member('a', ['x'], { ownedPartitions: owned(0, 1), generationId: 1 });
    const current = member('b', ['x'], { ownedPartitions: owned(0), generationId: 2 });
    expect(names(assign([old, current], new Map([['x', 2]])).get('b'))).toEqual(['x0']);
    const tie = assign(
      [member('a', ['x'], { ownedPartitions: owned(0), generationId: 2 }), current],
      new Map([['x', 1]]),
    );
    expect([...tie.values()].flat()).toHaveLength(1);
  });

  test('repeated rounds come to rest, even and without a partition owned twice', () => {
    fc.assert(
      fc.property(
        groups,
        fc.array(fc.nat({ max: 8 }), { maxLength: 20 }),
        ({ counts: topicCounts, members }, claims) => {
          // Any ownership to begin with, such as a group that lost members leaves behind.
          let current = members.map((one, index) => {
            const mine = claims.flatMap((partition, at) =>
              at % members.length === index ? [{ topic: one.topics[0] ?? 't0-', partition }] : [],
            );
            return { ...one, ownedPartitions: mine, generationId: 1 };
          });
          const everything = names([...assign(members, topicCounts).values()].flat());
          for (let round = 2; round < 5; round += 1) {
            const assignment = assign(current, topicCounts);
            const given = names([...assignment.values()].flat());
            expect(new Set(given).size).toBe(given.length);
            current = current.map((one) => ({
              ...one,
              ownedPartitions: [...(assignment.get(one.memberId) ?? [])],
              generationId: round,
            }));
          }
          expect(names(current.flatMap((one) => one.ownedPartitions))).toEqual(everything);
          for (const one of current)
            for (const { topic } of one.ownedPartitions) {
              const least = Math.min(
                ...current.filter((other) => other.topics.includes(topic)).map((other) => other.ownedPartitions.length),
              );
              expect(one.ownedPartitions.length - least).toBeLessThanOrEqual(1);
            }
        },
      ),
    );
  });
});
