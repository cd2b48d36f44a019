import type { MetadataImage } from '../metadata/image.js';
import { ErrorCode } from '../protocol/errors.js';
import { type ControllerError, checkReplicas, failure } from './assignments.js';

/** 0 preferred, 1 unclean. */
export type ElectionType = 'preferred' | 'unclean';

/**
 * What electing a leader of this partition comes to. With one broker every partition that has a leader has the right one, so there is
 * nothing to elect: ELECTION_NOT_NEEDED; or nobody who could lead: PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE.
 */
export function judgeElection(
  image: MetadataImage,
  type: ElectionType,
  topic: string,
  partition: number,
): ControllerError {
  const found = image.topicsByName.get(topic);
  if (found === undefined) return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such topic as ${topic}`);
  const state = found.partitions[partition];
  if (state === undefined)
    return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such partition as ${topic}-${partition}`);
  const settled = type === 'preferred' ? state.leader === state.replicas[0] : state.leader >= 0;
  if (settled) return failure(ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.');
  return type === 'preferred'
    ? failure(ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, 'The preferred leader was not available.')
    : failure(ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE, 'Eligible topic partition leaders are not available.');
}

/**
 * What moving a partition to `target` comes to (null: cancelling its move). With one broker a partition can only be where it is, which is
 * done at once; there is never a move under way that could be cancelled.
 */
export function judgeReassignment(
  image: MetadataImage,
  topic: string,
  partition: number,
  target: readonly number[] | null,
): ControllerError {
  const found = image.topicsByName.get(topic);
  if (found === undefined)
    return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find a topic named ${topic}.`);
  const state = found.partitions[partition];
  if (state === undefined)
    return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find partition ${topic}:${partition}.`);
  if (target === null) return failure(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS);
  const refused = checkReplicas(target, new Set(image.brokers.keys()), undefined);
  if (refused !== undefined) return refused;
  const same = target.length === state.replicas.length && target.every((id, index) => id === state.replicas[index]);
  return same
    ? failure(ErrorCode.NONE)
    : failure(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `${topic}-${partition} is on ${state.replicas.join(', ')}: copies are not moved between brokers yet.`,
      );
}
