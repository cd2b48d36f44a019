import { type BrokerConfig, describeTopic } from '../../config/index.js';
import { type ControllerError, failure, isFailure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import type { CreateTopicsRequest, CreateTopicsResponseInput } from '../../protocol/api/create_topics.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/**
 * CreateTopics (KIP-4, KIP-464, KIP-525): each topic for itself. The answer comes when the topic can be used on this broker.
 */
export function createTopicsHandler(deps: {
  readonly controller: Controller;
  config(): BrokerConfig;
}): Handler<CreateTopicsRequest, CreateTopicsResponseInput> {
  return async (request) => {
    const counts = new Map<string, number>();
    for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
    const topics: NonNullable<CreateTopicsResponseInput['topics']>[number][] = [];
    const repeated = new Set<string>();
    for (const topic of request.topics) {
      const { name } = topic;
      if ((counts.get(name) ?? 0) > 1) {
        if (!repeated.has(name))
          topics.push(refused(name, failure(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.')));
        repeated.add(name);
        continue;
      }
      const configs = new Map(topic.configs.map((config) => [config.name, config.value]));
      const decision = await deps.controller.createTopic({ ...topic, configs }, request.validateOnly);
      if (isFailure(decision)) {
        topics.push(refused(name, decision));
        continue;
      }
      topics.push({
        name,
        topicId: decision.topicId,
        errorCode: ErrorCode.NONE,
        errorMessage: null,
        numPartitions: decision.numPartitions,
        replicationFactor: decision.replicationFactor,
        configs: describeTopic(deps.config(), decision.configs, null).map((config) => ({
          name: config.name,
          value: config.value,
          readOnly: config.readOnly,
          configSource: config.sourceCode,
          isSensitive: config.isSensitive,
        })),
      });
    }
    return { throttleTimeMs: 0, topics };
  };
}

function refused(name: string, { errorCode, errorMessage }: ControllerError) {
  return { name, errorCode, errorMessage, numPartitions: -1, replicationFactor: -1, configs: [] };
}
