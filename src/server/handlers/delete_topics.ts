import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { BrokerConfig } from '../../config/index.js';
import type { Controller } from '../../controller/controller.js';
import type { MetadataCache, MetadataImage } from '../../metadata/image.js';
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
    const image = deps.metadata.current();
    const judged = judge(image, wanted);
    const responses: NonNullable<DeleteTopicsResponseInput['responses']>[number][] = [];
    for (const { errorCode, errorMessage, ...named } of judged) {
      if (errorCode !== ErrorCode.NONE) responses.push({ ...named, errorCode, errorMessage });
      else responses.push({ ...named, ...(await deps.controller.deleteTopic(named.topicId)) });
    }
    return { throttleTimeMs: 0, responses };
  };
}

interface Judged extends Wanted {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

/** Which of the topics can be deleted. What is named more than once, in whatever way, is refused and left alone, as in Kafka. */
function judge(image: MetadataImage, wanted: readonly Wanted[]): Judged[] {
  const names = counted(wanted.map(({ name }) => name));
  const ids = counted(wanted.map(({ name, topicId }) => (name === null ? topicId : null)));
  const judged: Judged[] = [];
  const told = new Set<string>();
  const tell = (one: Wanted, errorCode: ErrorCode, errorMessage: string | null = null): void => {
    judged.push({ ...one, errorCode, errorMessage });
  };
  for (const one of wanted) {
    const { name, topicId } = one;
    if (name !== null && topicId !== ZERO_UUID) {
      tell(one, ErrorCode.INVALID_REQUEST, 'You may not specify both topic name and topic id.');
      continue;
    }
    if (name === null && topicId === ZERO_UUID) {
      tell(one, ErrorCode.INVALID_REQUEST, 'Neither topic name nor id were specified.');
      continue;
    }
    const repeated = name === null ? (ids.get(topicId) ?? 0) > 1 : (names.get(name) ?? 0) > 1;
    if (repeated) {
      const key = name ?? topicId;
      if (!told.has(key)) tell(one, ErrorCode.INVALID_REQUEST, `Duplicate topic ${name === null ? 'id' : 'name'}.`);
      told.add(key);
      continue;
    }
    const topic = name === null ? image.topicsById.get(topicId) : image.topicsByName.get(name);
    if (topic === undefined) {
      if (name === null) tell(one, ErrorCode.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.');
      else tell(one, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.');
      continue;
    }
    const twin = name === null ? names.has(topic.name) : ids.has(topic.id);
    const found = { name: topic.name, topicId: topic.id };
    if (!twin) tell(found, ErrorCode.NONE);
    else if (name === null)
      tell(found, ErrorCode.INVALID_REQUEST, 'The provided topic name maps to an ID that was already supplied.');
  }
  return judged;
}

function counted(list: ReadonlyArray<string | null>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of list) if (one !== null) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}
