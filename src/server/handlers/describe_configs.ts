import {
  type BrokerConfig,
  CONFIG_RESOURCE,
  type ConfigDescription,
  describeBroker,
  describeClientMetrics,
  describeClusterDefaults,
  describeGroup,
  describeTopic,
} from '../../config/index.js';
import { type ControllerError, failure, isFailure } from '../../controller/assignments.js';
import { invalidTopicName } from '../../controller/topic_names.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { DescribeConfigsRequest, DescribeConfigsResponseInput } from '../../protocol/api/describe_configs.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { LoggerLevels } from '../../telemetry/logger_levels.js';
import type { Handler } from '../handler.js';
import { describeLoggers } from '../logger_resources.js';

export interface DescribeConfigsDeps {
  readonly nodeId: number;
  readonly metadata: MetadataCache;
  readonly loggers: LoggerLevels;
  config(): BrokerConfig;
}

/** DescribeConfigs (KIP-226, KIP-569): values with where they come from. */
export function describeConfigsHandler(
  deps: DescribeConfigsDeps,
): Handler<DescribeConfigsRequest, DescribeConfigsResponseInput> {
  return (request) => ({
    throttleTimeMs: 0,
    results: request.resources.map(({ resourceType, resourceName, configurationKeys }) => {
      // As in Kafka one type that is none fails them all.
      const strange = request.resources.find((one) => !knownTypes.has(one.resourceType));
      if (strange !== undefined) {
        const refused = failure(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${strange.resourceType}`);
        return { ...refused, resourceType, resourceName, configs: [] };
      }
      // No keys at all means every key.
      const keys = configurationKeys?.length === 0 ? null : configurationKeys;
      const found = describe(deps, resourceType, resourceName, keys);
      if (isFailure(found)) return { ...found, resourceType, resourceName, configs: [] };
      return {
        errorCode: ErrorCode.NONE,
        errorMessage: '',
        resourceType,
        resourceName,
        configs: found.map((config) => ({
          name: config.name,
          value: config.value,
          readOnly: config.readOnly,
          configSource: config.sourceCode,
          isSensitive: config.isSensitive,
          synonyms: request.includeSynonyms
            ? config.synonyms.map(({ name, value, sourceCode }) => ({ name, value, source: sourceCode }))
            : [],
          configType: config.typeCode,
          documentation: request.includeDocumentation ? config.documentation : null,
        })),
      };
    }),
  });
}

const knownTypes: ReadonlySet<number> = new Set(Object.values(CONFIG_RESOURCE));

function describe(
  deps: DescribeConfigsDeps,
  resourceType: number,
  name: string,
  keys: readonly string[] | null,
): ConfigDescription[] | ControllerError {
  const image = deps.metadata.current();
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC: {
      const invalid = invalidTopicName(name);
      if (invalid !== undefined) return failure(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid);
      const topic = image.topicsByName.get(name);
      if (topic === undefined)
        return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.');
      return describeTopic(deps.config(), topic.configs, keys);
    }
    case CONFIG_RESOURCE.BROKER:
      if (name === '') return describeClusterDefaults(deps.config(), keys);
      return checkDescribedBroker(deps, name, ' or empty string,') ?? describeBroker(deps.config(), keys);
    case CONFIG_RESOURCE.GROUP:
      if (name === '') return failure(ErrorCode.INVALID_REQUEST, 'Group name must not be empty');
      return describeGroup(deps.config(), image.groupConfigs.get(name) ?? new Map(), keys);
    case CONFIG_RESOURCE.BROKER_LOGGER:
      if (name === '') return failure(ErrorCode.INVALID_REQUEST, 'Broker id must not be empty');
      return checkDescribedBroker(deps, name, '') ?? describeLoggers(deps.loggers, keys);
    case CONFIG_RESOURCE.CLIENT_METRICS:
      if (name === '') return failure(ErrorCode.INVALID_REQUEST, 'Client metrics subscription name must not be empty');
      return describeClientMetrics(image.clientMetrics.get(name) ?? new Map(), keys);
    default:
      return failure(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${resourceType}`);
  }
}

/** `alternative`: what else the name could have been. */
function checkDescribedBroker(
  deps: DescribeConfigsDeps,
  name: string,
  alternative: string,
): ControllerError | undefined {
  if (!/^-?\d+$/.test(name))
    return failure(ErrorCode.INVALID_REQUEST, `Broker id must be an integer, but it is: ${name}`);
  if (Number(name) === deps.nodeId) return undefined;
  return failure(
    ErrorCode.INVALID_REQUEST,
    `Unexpected broker id, expected ${deps.nodeId}${alternative} but received ${name}`,
  );
}
