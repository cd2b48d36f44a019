import { type TopicPartition, topicPartitionName } from '../common/ids.js';
import { ErrorCode } from '../protocol/errors.js';
import type { ClusterClient } from './cluster_client.js';
import type { Connection } from './connection.js';
import { ClientError, isRetriableError, OperationTimeoutError, ProtocolError } from './errors.js';
import { backoffMs } from './retry.js';

/** What a leader said of one partition. */
export interface PartitionAnswer<T> extends TopicPartition {
  readonly errorCode: number;
  readonly value: T;
}

export interface PartitionOutcome<P extends TopicPartition, T> {
  readonly asked: P;
  readonly value: T | undefined;
  readonly error: ClientError | undefined;
}

/**
 * Asks the leader of each partition, one request per leader at a time, and asks again (with fresh metadata) about those that
 * failed for a reason that may pass, until the time is over. Outcomes are in the order of `partitions`.
 */
export async function askLeaders<P extends TopicPartition, T>(
  cluster: ClusterClient,
  partitions: readonly P[],
  ask: (connection: Connection, group: readonly P[]) => Promise<ReadonlyArray<PartitionAnswer<T>>>,
  timeoutMs: number = cluster.retryPolicy.timeoutMs,
): Promise<ReadonlyArray<PartitionOutcome<P, T>>> {
  const { clock, random } = cluster.environment;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const outcomes = new Map<P, PartitionOutcome<P, T>>();
  let open: readonly P[] = partitions;
  for (let failures = 0; ; failures += 1) {
    for (const outcome of await attempt(cluster, open, ask)) outcomes.set(outcome.asked, outcome);
    open = open.filter((one) => isRetriableError(outcomes.get(one)?.error));
    if (open.length === 0) break;
    const waitMs = backoffMs(cluster.retryPolicy, failures, random);
    if (clock.monotonicMs() + waitMs >= deadlineMs) break;
    await cluster.sleeper.sleep(waitMs);
    cluster.metadata.expire(open.map((one) => one.topic));
  }
  return partitions.map((asked) => {
    const outcome = outcomes.get(asked);
    if (outcome !== undefined) return outcome;
    return { asked, value: undefined, error: new OperationTimeoutError('not answered') };
  });
}

async function attempt<P extends TopicPartition, T>(
  cluster: ClusterClient,
  partitions: readonly P[],
  ask: (connection: Connection, group: readonly P[]) => Promise<ReadonlyArray<PartitionAnswer<T>>>,
): Promise<ReadonlyArray<PartitionOutcome<P, T>>> {
  const outcomes: Array<PartitionOutcome<P, T>> = [];
  const byLeader = new Map<number, P[]>();
  try {
    // One request for all topics; which of them is missing shows below.
    await cluster.topicMetadata([...new Set(partitions.map((one) => one.topic))]);
  } catch (error) {
    if (!isRetriableError(error)) throw error;
  }
  for (const one of partitions) {
    try {
      const { leaderId } = await cluster.leaderOf(one);
      byLeader.set(leaderId, [...(byLeader.get(leaderId) ?? []), one]);
    } catch (error) {
      outcomes.push({ asked: one, value: undefined, error: asClientError(error) });
    }
  }
  const answered = await Promise.all(
    [...byLeader].map(async ([leaderId, group]) => {
      try {
        return matchAnswers(group, await ask(await cluster.connectionTo(leaderId), group));
      } catch (error) {
        const failure = asClientError(error);
        return group.map((asked) => ({ asked, value: undefined, error: failure }));
      }
    }),
  );
  return [...outcomes, ...answered.flat()];
}

function matchAnswers<P extends TopicPartition, T>(
  group: readonly P[],
  answers: ReadonlyArray<PartitionAnswer<T>>,
): ReadonlyArray<PartitionOutcome<P, T>> {
  const byName = new Map(answers.map((one) => [topicPartitionName(one.topic, one.partition), one]));
  return group.map((asked) => {
    const subject = topicPartitionName(asked.topic, asked.partition);
    const answer = byName.get(subject);
    if (answer === undefined) {
      const error = new ProtocolError(ErrorCode.UNKNOWN_SERVER_ERROR, subject, 'the broker left it out of its answer');
      return { asked, value: undefined, error };
    }
    if (answer.errorCode === ErrorCode.NONE) return { asked, value: answer.value, error: undefined };
    return { asked, value: undefined, error: new ProtocolError(answer.errorCode, subject) };
  });
}

function asClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  throw error;
}

/** Groups partitions by topic, as most requests want them. */
export function byTopic<P extends TopicPartition>(
  partitions: readonly P[],
): ReadonlyArray<{ readonly topic: string; readonly partitions: readonly P[] }> {
  const groups = new Map<string, P[]>();
  for (const one of partitions) {
    const group = groups.get(one.topic);
    if (group === undefined) groups.set(one.topic, [one]);
    else group.push(one);
  }
  return [...groups].map(([topic, members]) => ({ topic, partitions: members }));
}
