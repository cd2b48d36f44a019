import { ZERO_UUID } from '../../common/ids.js';
import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { OffsetDeleteRequest, OffsetDeleteResponseInput } from '../../protocol/api/offset_delete.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';
import { TopicResults } from './topic_results.js';

/** Offsets of topics that no longer exist are gone already: UNKNOWN_TOPIC_OR_PARTITION. */
export function offsetDeleteHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
}): Handler<OffsetDeleteRequest, OffsetDeleteResponseInput> {
  return async ({ groupId, topics: requested }) => {
    const named = requested.map((topic) => ({ ...topic, topicId: ZERO_UUID }));
    const results = new TopicResults(deps.metadata.current(), named, false);
    const { errorCode, topics } = await deps.coordinator.deleteOffsets({ groupId, topics: results.existing });
    if (errorCode !== ErrorCode.NONE) return { errorCode, topics: [] };
    results.addAll(topics);
    return { errorCode, topics: results.topics.map(({ name, partitions }) => ({ name, partitions })) };
  };
}
