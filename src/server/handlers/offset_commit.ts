import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { OffsetCommitRequest, OffsetCommitResponseInput } from '../../protocol/api/offset_commit.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';
import { TopicResults } from './topic_results.js';

/** From this version on topics come by id instead of by name. */
const topicIdVersion = 10;

/** Answers when the offsets are committed to `__consumer_offsets`. Partitions that do not exist are refused one by one. */
export function offsetCommitHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
}): Handler<OffsetCommitRequest, OffsetCommitResponseInput> {
  return async (request, context) => {
    const byId = context.apiVersion >= topicIdVersion;
    const results = new TopicResults(deps.metadata.current(), request.topics, byId);
    if (results.existing.length > 0) {
      const { errorCode, topics } = await deps.coordinator.commitOffsets({
        apiVersion: context.apiVersion,
        groupId: request.groupId,
        generationId: request.generationIdOrMemberEpoch,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        retentionTimeMs: request.retentionTimeMs,
        topics: results.existing,
      });
      if (errorCode === ErrorCode.NONE) results.addAll(topics);
      else results.failExisting(errorCode);
    }
    return { topics: results.topics };
  };
}
