import type { Timers } from '../../common/ports/index.js';
import { type ShareCoordinator, shareStateTopic } from '../../coordinator/share_coordinator.js';
import type { ShareStateFailure } from '../../coordinator/share_state/commands.js';
import type { SharePartitionId } from '../../coordinator/share_state/partition_id.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { SharePersister } from '../../replication/share/share_partition.js';
import type { ShareFailure } from '../../replication/share/states.js';
import type { InternalTopics } from '../handlers/find_coordinator.js';

const firstRetryMs = 100;
const mostRetries = 6;

/** The share coordinator as others on this broker use it: they wait while it is being loaded. */
export class SharePersistence {
  constructor(
    private readonly coordinator: ShareCoordinator,
    private readonly topics: InternalTopics,
    private readonly timers: Timers,
  ) {}

  /** For the leader of a partition. */
  of(id: SharePartitionId): SharePersister {
    return {
      read: async (leaderEpoch) => {
        const read = await this.ask((coordinator) => coordinator.read(id, leaderEpoch));
        const { stateEpoch, startOffset, stateBatches } = read;
        return failureOf(read) ?? { stateEpoch, startOffset, stateBatches };
      },
      write: async (write) => failureOf(await this.ask((coordinator) => coordinator.write(id, write))),
    };
  }

  /** Tries again while the coordinator cannot answer: it is being loaded, or its topic is being made. */
  async ask<R extends ShareStateFailure>(request: (coordinator: ShareCoordinator) => Promise<R>): Promise<R> {
    let answer = await request(this.coordinator);
    for (let attempt = 0; attempt < mostRetries && isRetriable(answer.errorCode); attempt += 1) {
      if (answer.errorCode === ErrorCode.NOT_COORDINATOR) await this.topics.ensure(shareStateTopic);
      if (attempt > 0 || answer.errorCode !== ErrorCode.NOT_COORDINATOR) await this.pause(firstRetryMs << attempt);
      answer = await request(this.coordinator);
    }
    return answer;
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.timers.after(delayMs, resolve));
  }
}

function isRetriable(errorCode: ErrorCode): boolean {
  return (
    errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ||
    errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
    errorCode === ErrorCode.NOT_COORDINATOR
  );
}

/** What a member is told when its partition's state could not be read or written. */
function failureOf({ errorCode, errorMessage }: ShareStateFailure): ShareFailure | undefined {
  switch (errorCode) {
    case ErrorCode.NONE:
      return undefined;
    case ErrorCode.NOT_COORDINATOR:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
      return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, message: errorMessage };
    case ErrorCode.GROUP_ID_NOT_FOUND:
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      return { errorCode, message: errorMessage };
    case ErrorCode.FENCED_LEADER_EPOCH:
    case ErrorCode.FENCED_STATE_EPOCH:
      return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: errorMessage };
    default:
      return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, message: errorMessage };
  }
}
