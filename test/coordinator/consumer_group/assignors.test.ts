import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Uuid } from '../../../src/common/ids.js';
import { consumerAssignors } from '../../../src/coordinator/consumer_group/assignors.js';
import type { Assignment } from '../../../src/coordinator/modern/assignment.js';
import { memberOrder } from '../../../src/coordinator/modern/java_order.js';
import { xxh3 } from '../../../src/coordinator/modern/xxh3.js';

// Made by Kafka's own assignors: golden/RecordAssignments.java, `java -cp <Kafka's jars> RecordAssignments.java 150`.
type Partitions = Readonly<Record<string, readonly number[]>>;
interface Golden {
  readonly hashes: ReadonlyArray<readonly [number, string]>;
  readonly assignments: ReadonlyArray<{
    readonly assignor: string;
    readonly homogeneous: boolean;
    readonly topics: Readonly<Record<string, number>>;
    readonly members: ReadonlyArray<{
      readonly id: string;
      readonly instance: string | null;
      readonly topics: readonly Uuid[];
      readonly owned: Partitions;
      readonly gets: Partitions;
    }>;
  }>;
}

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/assignments_4.3.1.txt'), 'utf8')) as Golden;

const assignmentOf = (partitions: Partitions): Assignment =>
  new Map(Object.entries(partitions) as Array<[Uuid, number[]]>);

const shown = (assignment: Assignment) =>
  Object.fromEntries([...assignment].map(([topicId, partitions]) => [topicId, [...partitions].sort((a, b) => a - b)]));

describe("Kafka's assignors", () => {
  it.each(golden.assignments.map((one, index) => [index, one] as const))('case %i', (_, one) => {
    const byId = new Map(one.members.map((member) => [member.id, member]));
    const assignor = consumerAssignors.find(({ name }) => name === one.assignor);
    const assigned = assignor?.assign({
      members: memberOrder([...byId.keys()]).flatMap((memberId) => {
        const member = byId.get(memberId);
        if (member === undefined) return [];
        return {
          memberId,
          instanceId: member.instance,
          rackId: null,
          topicIds: new Set(member.topics),
          assigned: assignmentOf(member.owned),
        };
      }),
      subscriptionType: one.homogeneous ? 'homogeneous' : 'heterogeneous',
      partitionCount: (topicId) => one.topics[topicId] ?? 0,
    });
    for (const { id, gets } of one.members)
      expect(shown(assigned?.get(id) ?? new Map()), `${one.assignor}, member ${id}`).toEqual(shown(assignmentOf(gets)));
  });
});

describe('XXH3', () => {
  it.each(golden.hashes)('of %i bytes', (length, hash) => {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 31 + 7) & 0xff));
    expect(xxh3(bytes).toString()).toBe(hash);
  });
});
