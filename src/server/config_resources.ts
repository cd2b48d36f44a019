import {
  alterBrokerConfigs,
  alterClientMetrics,
  alterGroupConfigs,
  alterTopicConfigs,
  type BrokerConfig,
  CONFIG_RESOURCE,
  type ConfigChange,
  type ConfigOp,
  replaceBrokerConfigs,
  replaceTopicConfigs,
} from '../config/index.js';
import { type ControllerError, failure } from '../controller/assignments.js';
import type { Controller } from '../controller/controller.js';
import { invalidTopicName } from '../controller/topic_names.js';
import type { MetadataCache } from '../metadata/image.js';
import { keys } from '../metadata/keys.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { LoggerLevels } from '../telemetry/logger_levels.js';
import { changeLoggers } from './logger_resources.js';

export interface ConfigResourceDeps {
  readonly nodeId: number;
  readonly controller: Controller;
  readonly metadata: MetadataCache;
  readonly logger: Logger;
  readonly loggers: LoggerLevels;
  config(): BrokerConfig;
}

/** What is to be done to the configs of one resource: everything replaced (AlterConfigs), or single operations. */
export type ConfigEdit =
  | { readonly kind: 'replace'; readonly configs: ReadonlyMap<string, string | null> }
  | { readonly kind: 'incremental'; readonly ops: readonly ConfigOp[] };

/** Resources that a request names more than once; they are refused, since the order would decide. */
export function repeatedResources(
  resources: ReadonlyArray<{ readonly resourceType: number; readonly resourceName: string }>,
): (resourceType: number, resourceName: string) => ControllerError | undefined {
  const counts = new Map<string, number>();
  const keyOf = (type: number, name: string) => `${type} ${name}`;
  for (const { resourceType, resourceName } of resources) {
    const key = keyOf(resourceType, resourceName);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return (type, name) =>
    (counts.get(keyOf(type, name)) ?? 0) > 1
      ? failure(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
      : undefined;
}

/** Changes the dynamic configs of a topic, a broker, all brokers (name '') or a group. */
export async function changeResourceConfigs(
  deps: ConfigResourceDeps,
  resourceType: number,
  name: string,
  edit: ConfigEdit,
  validateOnly: boolean,
): Promise<ControllerError> {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC: {
      if (name === '') return failure(ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.');
      const invalid = invalidTopicName(name);
      if (invalid !== undefined) return failure(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid);
      const topic = deps.metadata.current().topicsByName.get(name);
      if (topic === undefined)
        return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`);
      return change(deps, keys.topicConfig(topic.id), `topic ${name}`, validateOnly, (current) =>
        edit.kind === 'replace'
          ? replaceTopicConfigs(deps.config(), current, edit.configs)
          : alterTopicConfigs(deps.config(), current, edit.ops),
      );
    }
    case CONFIG_RESOURCE.BROKER: {
      const refused = checkBrokerName(deps, name);
      if (refused !== undefined) return refused;
      const scope = name === '' ? 'cluster' : 'broker';
      return change(
        deps,
        keys.brokerConfig(name),
        name === '' ? 'brokers' : `broker ${name}`,
        validateOnly,
        (current) =>
          edit.kind === 'replace'
            ? replaceBrokerConfigs(deps.config(), scope, current, edit.configs)
            : alterBrokerConfigs(deps.config(), scope, current, edit.ops),
      );
    }
    case CONFIG_RESOURCE.GROUP: {
      if (name === '') return failure(ErrorCode.INVALID_REQUEST, 'Default group resources are not allowed.');
      return change(deps, keys.groupConfig(name), `group ${name}`, validateOnly, (current) =>
        alterGroupConfigs(deps.config(), edit.kind === 'replace' ? new Map() : current, opsOf(edit)),
      );
    }
    case CONFIG_RESOURCE.CLIENT_METRICS: {
      if (name === '') return failure(ErrorCode.INVALID_REQUEST, "Subscription name can't be empty");
      return change(deps, keys.clientMetric(name), `client metrics ${name}`, validateOnly, (current) =>
        alterClientMetrics(edit.kind === 'replace' ? new Map() : current, opsOf(edit)),
      );
    }
    case CONFIG_RESOURCE.BROKER_LOGGER:
      return edit.kind === 'incremental'
        ? changeLoggers(deps, name, edit.ops, validateOnly)
        : failure(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`);
    default:
      return failure(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`);
  }
}

function opsOf(edit: ConfigEdit): readonly ConfigOp[] {
  return edit.kind === 'incremental'
    ? edit.ops
    : [...edit.configs].map(([name, value]) => ({ name, operation: 'SET', value }));
}

function checkBrokerName(deps: { readonly nodeId: number }, name: string): ControllerError | undefined {
  if (name === '') return undefined;
  if (!/^-?\d+$/.test(name))
    return failure(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
  if (Number(name) !== deps.nodeId)
    return failure(ErrorCode.INVALID_REQUEST, `Unexpected broker id, expected ${deps.nodeId}, but received ${name}`);
  return undefined;
}

async function change(
  deps: ConfigResourceDeps,
  key: string,
  what: string,
  validateOnly: boolean,
  decide: (current: ReadonlyMap<string, string>) => ConfigChange,
): Promise<ControllerError> {
  let warnings: readonly string[] = [];
  const result = await deps.controller.changeConfigs(
    key,
    (current) => {
      const decided = decide(current);
      if (!decided.ok) return failure(ErrorCode[decided.error], decided.message);
      warnings = decided.warnings.map(({ message }) => message);
      return decided.configs;
    },
    validateOnly,
  );
  if (result.errorCode === ErrorCode.NONE && !validateOnly)
    for (const warning of warnings) deps.logger.warn(`configs of ${what}: ${warning}`);
  return result;
}
