import { adminCalls } from '../admin_calls.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { InvalidArgumentError, throwIfError } from '../errors.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

/** Numbers of the protocol. */
export const configResourceTypes = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
} as const;
export type ConfigResourceType = keyof typeof configResourceTypes;

export interface ConfigResource {
  readonly type: ConfigResourceType;
  /** Topic, group or broker id; '' with type broker: the cluster-wide defaults. */
  readonly name: string;
}

/** By the number in the protocol. */
const configSources = [
  'unknown',
  'dynamic-topic',
  'dynamic-broker',
  'dynamic-default-broker',
  'static-broker',
  'default',
  'dynamic-broker-logger',
  'dynamic-client-metrics',
  'dynamic-group',
] as const;
export type ConfigSource = (typeof configSources)[number];

export interface ConfigEntry {
  readonly name: string;
  /** Null when it is sensitive or has no value. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
  readonly documentation: string | null;
}

export interface ConfigDescription extends Outcome {
  readonly resource: ConfigResource;
  readonly entries: readonly ConfigEntry[];
}

/** By the number in the protocol. */
const operations = ['set', 'delete', 'append', 'subtract'] as const;

export interface ConfigChange {
  readonly operation: (typeof operations)[number];
  readonly name: string;
  /** Null with `delete`; with `append` and `subtract` the elements of a list, comma-separated. */
  readonly value: string | null;
}

export interface ConfigChanges {
  readonly resource: ConfigResource;
  readonly changes: readonly ConfigChange[];
}

/** Only that broker answers for its own configs; -1: any. */
function brokerFor(resource: ConfigResource): number {
  if ((resource.type !== 'broker' && resource.type !== 'broker-logger') || resource.name === '') return -1;
  const nodeId = Number(resource.name);
  if (!Number.isInteger(nodeId) || nodeId < 0)
    throw new InvalidArgumentError(`"${resource.name}" is not the id of a broker`);
  return nodeId;
}

/** Groups resources by the broker that has to be asked. */
function byBroker<T>(items: readonly T[], resourceOf: (item: T) => ConfigResource): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const nodeId = brokerFor(resourceOf(item));
    groups.set(nodeId, [...(groups.get(nodeId) ?? []), item]);
  }
  return groups;
}

export async function describeConfigs(
  cluster: ClusterClient,
  resources: readonly ConfigResource[],
  options: { readonly names?: readonly string[]; readonly includeDocumentation?: boolean } = {},
): Promise<readonly ConfigDescription[]> {
  const outcomes: ConfigDescription[] = [];
  for (const [nodeId, group] of byBroker(resources, (one) => one)) {
    const body = (version: number) => ({
      resources: group.map((one) => ({
        resourceType: configResourceTypes[one.type],
        resourceName: one.name,
        configurationKeys: options.names ?? null,
      })),
      includeSynonyms: false,
      includeDocumentation: version >= 3 && options.includeDocumentation === true,
    });
    const response = await cluster.retry('describing configs', async () => {
      if (nodeId >= 0) await cluster.refreshMetadata([]);
      return nodeId < 0
        ? (await cluster.sendAny(calls.describeConfigs, body)).response
        : (await cluster.sendTo(nodeId, calls.describeConfigs, body)).response;
    });
    for (const [index, result] of response.results.entries()) {
      const resource = group[index] ?? { type: 'topic', name: result.resourceName };
      outcomes.push({
        resource,
        name: resource.name,
        error: protocolErrorOf(result.errorCode, `${resource.type} ${resource.name}`, result.errorMessage),
        entries: result.configs.map((config) => ({
          name: config.name,
          value: config.value,
          source: configSources[config.configSource] ?? 'unknown',
          isReadOnly: config.readOnly,
          isSensitive: config.isSensitive,
          documentation: config.documentation ?? null,
        })),
      });
    }
  }
  return outcomes;
}

/** Changes single configs and leaves the others as they are (KIP-339). */
export async function incrementalAlterConfigs(
  cluster: ClusterClient,
  resources: readonly ConfigChanges[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [nodeId, group] of byBroker(resources, (one) => one.resource)) {
    const body = {
      resources: group.map(({ resource, changes }) => ({
        resourceType: configResourceTypes[resource.type],
        resourceName: resource.name,
        configs: changes.map((change) => ({
          name: change.name,
          configOperation: operations.indexOf(change.operation),
          value: change.value,
        })),
      })),
      validateOnly: options.validateOnly ?? false,
    };
    const call = calls.incrementalAlterConfigs;
    const response = await cluster.retry('changing configs', async () => {
      if (nodeId >= 0) await cluster.refreshMetadata([]);
      return nodeId < 0
        ? (await cluster.sendAny(call, body)).response
        : (await cluster.sendTo(nodeId, call, body)).response;
    });
    for (const [index, result] of response.responses.entries()) {
      const type = group[index]?.resource.type ?? 'resource';
      const subject = `${type} ${result.resourceName}`;
      outcomes.push({
        name: result.resourceName,
        error: protocolErrorOf(result.errorCode, subject, result.errorMessage),
      });
    }
  }
  return outcomes;
}

/** Names of resources that have configs, of these types (KIP-1142). */
export async function listConfigResources(
  cluster: ClusterClient,
  types: readonly ConfigResourceType[],
): Promise<readonly ConfigResource[]> {
  const { response } = await cluster.retry('listing resources', () =>
    cluster.sendAny(adminCalls.listConfigResources, { resourceTypes: types.map((type) => configResourceTypes[type]) }),
  );
  throwIfError(response.errorCode, 'config resources');
  return response.configResources.flatMap(({ resourceType, resourceName }) => {
    const type = typeNames.find((one) => configResourceTypes[one] === resourceType);
    return type === undefined ? [] : [{ type, name: resourceName }];
  });
}

const typeNames = Object.keys(configResourceTypes) as ConfigResourceType[];
