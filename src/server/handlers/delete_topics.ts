import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { BrokerConfig } from '../../config/index.js';
import type { Controller } from '../../controller/controller.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { DeleteTopicsRequest, DeleteTopicsResponseInput } from '../../protocol/api/delete_topics.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

interface Wanted {
  readonly name: string | null;
  readonly topicId: Uuid;
}

const lowestVersionWithDisabledError = 3;
const lowestVersionWithIds = 6;

/** DeleteTopics, by name or (v6) by id. */
export function deleteTopicsHandler(deps: {
  readonly controller: Controller;
  readonly metadata: MetadataCache;
  config(): BrokerConfig;
}): Handler<DeleteTopicsRequest, DeleteTopicsResponseInput> {
  return async (request, context) => {
    const wanted: readonly Wanted[] =
      context.apiVersion >= lowestVersionWithIds
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    if (!deps.config().boolean('delete.topic.enable')) {
      const errorCode =
        context.apiVersion < lowestVersionWithDisabledError
          ? ErrorCode.INVALID_REQUEST
          : ErrorCode.TOPIC_DELETION_DISABLED;
      return { throttleTimeMs: 0, responses: wanted.map((one) => ({ ...one, errorCode })) };
    }
    const seen = new Set<string>();
    const responses: Array<Wanted & { errorCode: ErrorCode; errorMessage: string | null }> = [];
    for (const one of wanted) {
      const refuse = (errorCode: ErrorCode, errorMessage: string | null = null) =>
        responses.push({ ...one, errorCode, errorMessage });
      if (one.name !== null && one.topicId !== ZERO_UUID) {
        refuse(ErrorCode.INVALID_REQUEST, 'You may not specify both topic name and topic id.');
        continue;
      }
      if (one.name === null && one.topicId === ZERO_UUID) {
        refuse(ErrorCode.INVALID_REQUEST, 'Neither topic name nor id were specified.');
        continue;
      }
      const image = deps.metadata.current();
      const topic = one.name === null ? image.topicsById.get(one.topicId) : image.topicsByName.get(one.name);
      if (topic !== undefined && seen.has(topic.id)) {
        refuse(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.');
        continue;
      }
      if (topic === undefined) {
        if (one.name === null) refuse(ErrorCode.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.');
        else refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.');
        continue;
      }
      seen.add(topic.id);
      const { errorCode, errorMessage } = await deps.controller.deleteTopic(topic.id);
      responses.push({ name: topic.name, topicId: topic.id, errorCode, errorMessage });
    }
    return { throttleTimeMs: 0, responses };
  };
}
