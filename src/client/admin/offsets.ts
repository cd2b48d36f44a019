import type { TopicPartition } from '../../common/ids.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { askLeaders, byTopic, type PartitionOutcome } from '../per_leader.js';

/** Timestamps with a meaning of their own in ListOffsets. */
export const offsetSpec = {
  /** The end: the next offset to be written (for read_committed: the last stable offset). */
  latest: -1,
  /** The first offset that is kept. */
  earliest: -2,
  /** The record with the largest timestamp. */
  maxTimestamp: -3,
  /** The first offset kept on the brokers' own disks. */
  earliestLocal: -4,
} as const;

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds since the epoch: the first record at or after it; or one of {@link offsetSpec}. */
  readonly timestampMs: number;
}

export interface ListedOffset {
  /** -1: no record is at or after the time asked for. */
  readonly offset: number;
  /** -1 for earliest and latest. */
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

export type IsolationLevel = 'read_uncommitted' | 'read_committed';

export function isolationLevelId(level: IsolationLevel): number {
  return level === 'read_committed' ? 1 : 0;
}

/** Lowest version of ListOffsets that knows the timestamp. */
function minVersionFor(timestampMs: number): number {
  if (timestampMs === offsetSpec.maxTimestamp) return 7;
  return timestampMs === offsetSpec.earliestLocal ? 8 : 1;
}

export function listOffsets(
  cluster: ClusterClient,
  queries: readonly OffsetQuery[],
  options: { readonly isolationLevel?: IsolationLevel; readonly timeoutMs?: number } = {},
): Promise<ReadonlyArray<PartitionOutcome<OffsetQuery, ListedOffset>>> {
  const isolationLevel = isolationLevelId(options.isolationLevel ?? 'read_uncommitted');
  return askLeaders(
    cluster,
    queries,
    async (connection, group) => {
      const { response } = await connection.send(
        calls.listOffsets,
        (version) => ({
          replicaId: -1,
          // Version 1 cannot carry it.
          isolationLevel: version >= 2 ? isolationLevel : 0,
          topics: byTopic(group).map(({ topic, partitions }) => ({
            name: topic,
            partitions: partitions.map((one) => ({
              partitionIndex: one.partition,
              currentLeaderEpoch: -1,
              timestamp: one.timestampMs,
            })),
          })),
          timeoutMs: cluster.requestTimeoutMs,
        }),
        { minVersion: Math.max(...group.map((one) => minVersionFor(one.timestampMs))) },
      );
      return response.topics.flatMap((topic) =>
        topic.partitions.map((one) => ({
          topic: topic.name,
          partition: one.partitionIndex,
          errorCode: one.errorCode,
          value: { offset: one.offset, timestampMs: one.timestamp, leaderEpoch: one.leaderEpoch },
        })),
      );
    },
    options.timeoutMs,
  );
}

export interface DeleteRecordsQuery extends TopicPartition {
  /** Records below it are deleted; -1: all there are. */
  readonly beforeOffset: number;
}

/** @returns the new low watermark of each partition */
export function deleteRecords(
  cluster: ClusterClient,
  queries: readonly DeleteRecordsQuery[],
): Promise<ReadonlyArray<PartitionOutcome<DeleteRecordsQuery, number>>> {
  return askLeaders(cluster, queries, async (connection, group) => {
    const { response } = await connection.send(calls.deleteRecords, {
      topics: byTopic(group).map(({ topic, partitions }) => ({
        name: topic,
        partitions: partitions.map((one) => ({ partitionIndex: one.partition, offset: one.beforeOffset })),
      })),
      timeoutMs: cluster.requestTimeoutMs,
    });
    return response.topics.flatMap((topic) =>
      topic.partitions.map((one) => ({
        topic: topic.name,
        partition: one.partitionIndex,
        errorCode: one.errorCode,
        value: one.lowWatermark,
      })),
    );
  });
}
