import { type ControllerError, failure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { CreatePartitionsRequest, CreatePartitionsResponseInput } from '../../protocol/api/create_partitions.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** CreatePartitions (KIP-195): more partitions for topics that exist. */
export function createPartitionsHandler(deps: {
  readonly controller: Controller;
  readonly metadata: MetadataCache;
}): Handler<CreatePartitionsRequest, CreatePartitionsResponseInput> {
  return async (request) => {
    const results: Array<ControllerError & { name: string }> = [];
    const seen = new Set<string>();
    for (const { name, count, assignments } of request.topics) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (request.topics.filter((topic) => topic.name === name).length > 1) {
        results.push({ name, ...failure(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.') });
        continue;
      }
      const topic = deps.metadata.current().topicsByName.get(name);
      const result =
        topic === undefined
          ? failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.')
          : await deps.controller.createPartitions(
              topic,
              count,
              assignments?.map(({ brokerIds }) => brokerIds) ?? null,
              request.validateOnly,
            );
      results.push({ name, ...result });
    }
    return { throttleTimeMs: 0, results };
  };
}
