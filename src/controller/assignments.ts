import { ErrorCode } from '../protocol/errors.js';

export interface ControllerError {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

export function failure(errorCode: ErrorCode, errorMessage: string | null = null): ControllerError {
  return { errorCode, errorMessage };
}

export function isFailure<T>(value: T | ControllerError): value is ControllerError {
  return typeof value === 'object' && value !== null && 'errorCode' in value;
}

/**
 * Replicas for `count` partitions, one list each: leaders go round the brokers from `start`, followers are the next ones, as in
 * Kafka without racks. INVALID_REPLICATION_FACTOR when there are fewer brokers than copies.
 */
export function placeReplicas(
  brokers: readonly number[],
  count: number,
  replicationFactor: number,
  start: number,
): number[][] | ControllerError {
  if (replicationFactor > brokers.length)
    return failure(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`,
    );
  return Array.from({ length: count }, (_, partition) =>
    Array.from({ length: replicationFactor }, (_, copy) => brokers[(start + partition + copy) % brokers.length] ?? -1),
  );
}

/** A replica list that a client gave. */
export function checkReplicas(
  replicas: readonly number[],
  brokers: ReadonlySet<number>,
  replicationFactor: number | undefined,
): ControllerError | undefined {
  const refuse = (message: string) => failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  if (replicas.length === 0) return refuse('The manual partition assignment includes an empty replica list.');
  const seen = new Set<number>();
  for (const id of [...replicas].sort((a, b) => a - b)) {
    if (!brokers.has(id))
      return refuse(`The manual partition assignment includes broker ${id}, but no such broker is registered.`);
    if (seen.has(id)) return refuse(`The manual partition assignment includes the broker ${id} more than once.`);
    seen.add(id);
  }
  if (replicationFactor !== undefined && replicas.length !== replicationFactor)
    return refuse(
      `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not consistent with previous partitions, which have ${replicationFactor} replica(s).`,
    );
  return undefined;
}
