import { adminCalls } from '../admin_calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface PartitionMove {
  readonly topic: string;
  readonly partition: number;
  /** Broker ids, the preferred leader first; null cancels a move. */
  readonly replicas: readonly number[] | null;
}

function byTopic<T extends { readonly topic: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const topics = new Map<string, T[]>();
  for (const item of items) topics.set(item.topic, [...(topics.get(item.topic) ?? []), item]);
  return topics;
}

export async function alterReassignments(
  cluster: ClusterClient,
  moves: readonly PartitionMove[],
): Promise<readonly Outcome[]> {
  const { response } = await cluster.retry('moving partitions', () =>
    cluster.sendAny(adminCalls.alterPartitionReassignments, {
      timeoutMs: 30_000,
      topics: [...byTopic(moves)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, replicas }) => ({
          partitionIndex: partition,
          replicas: replicas === null ? null : [...replicas],
        })),
      })),
    }),
  );
  throwIfError(response.errorCode, 'reassignment', response.errorMessage);
  return response.responses.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, errorMessage }) => {
      const text = `${name}-${partitionIndex}`;
      return { name: text, error: protocolErrorOf(errorCode, text, errorMessage) };
    }),
  );
}

export interface Reassignment {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

export async function listReassignments(cluster: ClusterClient): Promise<readonly Reassignment[]> {
  const { response } = await cluster.retry('listing moves', () =>
    cluster.sendAny(adminCalls.listPartitionReassignments, { timeoutMs: 30_000, topics: null }),
  );
  throwIfError(response.errorCode, 'reassignments', response.errorMessage);
  return response.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      adding: addingReplicas,
      removing: removingReplicas,
    })),
  );
}

export async function electLeaders(
  cluster: ClusterClient,
  partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>,
  type: 'preferred' | 'unclean',
): Promise<readonly Outcome[]> {
  const { response } = await cluster.retry('electing leaders', () =>
    cluster.sendAny(adminCalls.electLeaders, {
      electionType: type === 'preferred' ? 0 : 1,
      topicPartitions: [...byTopic(partitions)].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition }) => partition),
      })),
      timeoutMs: 30_000,
    }),
  );
  throwIfError(response.errorCode, 'election');
  return response.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }) => {
      const text = `${topic}-${partitionId}`;
      return { name: text, error: protocolErrorOf(errorCode, text, errorMessage) };
    }),
  );
}
