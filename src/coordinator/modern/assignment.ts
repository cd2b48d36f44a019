import type { Uuid } from '../../common/ids.js';

/** Partitions by topic, each list in the order in which Kafka would go through it. Never changed in place. */
export type Assignment = ReadonlyMap<Uuid, readonly number[]>;

export const noAssignment: Assignment = new Map();

/** Topics and partitions as the records of groups and their responses put them. */
export type TopicPartitions = ReadonlyArray<{ readonly topicId: Uuid; readonly partitions: readonly number[] }>;

export function assignmentOf(topics: TopicPartitions): Assignment {
  return new Map(topics.map(({ topicId, partitions }) => [topicId, partitions]));
}

export function topicPartitionsOf(assignment: Assignment): Array<{ topicId: Uuid; partitions: number[] }> {
  return [...assignment].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions] }));
}

/** The same partitions, in whatever order. */
export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.length !== partitions.length) return false;
    if (others === partitions || others.every((partition, i) => partition === partitions[i])) continue;
    const known = new Set(others);
    if (!partitions.every((partition) => known.has(partition))) return false;
  }
  return true;
}

export function sizeOf(assignment: Assignment): number {
  let size = 0;
  for (const partitions of assignment.values()) size += partitions.length;
  return size;
}
