import { type Admin, type GroupDescription, isUnknownTopic, offsetSpec } from '../client/index.js';
import { type TopicPartition, topicPartitionName } from '../common/ids.js';

export interface PartitionLag extends TopicPartition {
  /** Null: nothing was committed. */
  readonly committedOffset: number | null;
  /** Null: the partition does not exist any more, or its leader did not answer. */
  readonly endOffset: number | null;
  readonly lag: number | null;
  /** Who reads it; null: nobody. */
  readonly memberId: string | null;
}

/** How far a group has read: partitions with a committed offset and those its members have. */
export async function lagOf(
  admin: Pick<Admin, 'fetchGroupOffsets' | 'listOffsets'>,
  group: GroupDescription,
): Promise<readonly PartitionLag[]> {
  const owners = new Map<string, string>();
  const partitions = new Map<string, TopicPartition>();
  for (const member of group.members)
    for (const one of member.assignedPartitions) {
      const name = topicPartitionName(one.topic, one.partition);
      owners.set(name, member.memberId);
      partitions.set(name, one);
    }
  const committed = new Map<string, number>();
  for (const one of await admin.fetchGroupOffsets(group.groupId)) {
    const name = topicPartitionName(one.topic, one.partition);
    committed.set(name, one.offset);
    partitions.set(name, one);
  }
  const ends = await endOffsets(admin, [...partitions.values()]);
  return [...partitions]
    .map(([name, { topic, partition }]): PartitionLag => {
      const committedOffset = committed.get(name) ?? null;
      const endOffset = ends.get(name) ?? null;
      const lag = committedOffset === null || endOffset === null ? null : Math.max(0, endOffset - committedOffset);
      return { topic, partition, committedOffset, endOffset, lag, memberId: owners.get(name) ?? null };
    })
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

async function endOffsets(
  admin: Pick<Admin, 'listOffsets'>,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  if (partitions.length === 0) return ends;
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs: offsetSpec.latest }));
  for (const { asked, value, error } of await admin.listOffsets(queries, { timeoutMs: 5_000 })) {
    if (value !== undefined) ends.set(topicPartitionName(asked.topic, asked.partition), value.offset);
    else if (error !== undefined && !error.retriable && !isUnknownTopic(error)) throw error;
  }
  return ends;
}
