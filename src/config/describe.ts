import type { BrokerConfig } from './broker_config.js';
import type { ConfigDefinition, ConfigValue, TopicConfigDefinition } from './definition.js';
import { baseOfListenerConfig } from './listener_configs.js';
import { CONFIG_SOURCE, CONFIG_TYPE_CODE, type ConfigSource } from './sources.js';
import { BROKER_CONFIG_NAMES, type BrokerConfigName, brokerConfigDefinition } from './tables/broker.js';
import { CLIENT_METRICS_CONFIG_NAMES, clientMetricsConfigDefinition } from './tables/client_metrics.js';
import { GROUP_CONFIG_NAMES, groupConfigDefinition } from './tables/group.js';
import { TOPIC_CONFIG_NAMES, type TopicConfigName, topicConfigDefinition } from './tables/topic.js';
import { topicValue } from './topic_config.js';
import { unitOf } from './units.js';
import { formatValue, parseValue } from './values.js';

/** One config as DescribeConfigs answers it. */
export interface ConfigDescription {
  readonly name: string;
  /** Null when it has none, and for secrets. */
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly source: ConfigSource;
  /** `source` as a number of the protocol. */
  readonly sourceCode: number;
  /** DescribeConfigs v0. */
  readonly isDefault: boolean;
  readonly isSensitive: boolean;
  /** From the strongest to the weakest, what was set where; the first is in force. */
  readonly synonyms: readonly ConfigSynonym[];
  /** Type as a number of the protocol. */
  readonly typeCode: number;
  readonly documentation: string;
}

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly sourceCode: number;
}

/** Broker configs that set the same thing in other units; the first that is set wins. */
const FAMILIES: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];

/** Quotas that Kafka has as dynamic settings only: not part of what a broker is started with. */
const DYNAMIC_ONLY: ReadonlySet<string> = new Set([
  'follower.replication.throttled.rate',
  'leader.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
]);

/** Configs of this broker; `names` null: all that users see. Names that do not exist are left out. */
export function describeBroker(config: BrokerConfig, names: readonly string[] | null): ConfigDescription[] {
  const set = config.listenerConfigs;
  return select(names, [...BROKER_CONFIG_NAMES, ...set]).flatMap((name) => {
    const definition = brokerConfigDefinition(name);
    if (baseOfListenerConfig(name) !== undefined && !set.includes(name)) return [];
    if (definition === undefined || hidden(name, definition, config.isSet(name as BrokerConfigName))) return [];
    const sensitive = definition.type === 'PASSWORD';
    return describe(name, definition, {
      value: config.text(name as BrokerConfigName),
      synonyms: synonymsOf(config, name, sensitive),
      readOnly: definition.updateMode === 'read-only',
    });
  });
}

/** The cluster-wide dynamic configs (resource broker, no name): only those that are set. */
export function describeClusterDefaults(config: BrokerConfig, names: readonly string[] | null): ConfigDescription[] {
  const layer = config.layers.find(({ source }) => source === 'DYNAMIC_DEFAULT_BROKER_CONFIG')?.entries;
  return select(names, [...(layer?.keys() ?? [])].sort()).flatMap((name) => {
    const entry = layer?.get(name);
    const definition = brokerConfigDefinition(name);
    if (entry === undefined || definition === undefined) return [];
    const synonym = synonymOf(name, definition.type === 'PASSWORD' ? null : entry.raw, 'DYNAMIC_DEFAULT_BROKER_CONFIG');
    return describe(name, definition, { value: entry.text, synonyms: [synonym], readOnly: false });
  });
}

/** Configs of a topic with these overrides. */
export function describeTopic(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  names: readonly string[] | null,
): ConfigDescription[] {
  return select(names, TOPIC_CONFIG_NAMES).flatMap((name) => {
    const definition = topicConfigDefinition(name);
    if (definition === undefined || hidden(name, definition, overrides.has(name))) return [];
    const value = topicValue(config, overrides, name as TopicConfigName);
    const own = ownValue(name, definition, overrides, 'DYNAMIC_TOPIC_CONFIG');
    const [first] = definition.synonyms;
    const inherited = first === undefined ? [] : synonymsOf(config, first.name, false);
    return describe(name, definition, {
      value: shown(definition, value),
      synonyms: [...own, ...inherited],
      readOnly: false,
    });
  });
}

/** Configs of a group with these overrides; groups that do not exist have the defaults. */
export function describeGroup(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  names: readonly string[] | null,
): ConfigDescription[] {
  return select(names, GROUP_CONFIG_NAMES).flatMap((name) => {
    const definition = groupConfigDefinition(name);
    if (definition === undefined) return [];
    const own = ownValue(name, definition, overrides, 'DYNAMIC_GROUP_CONFIG');
    const [first] = definition.synonyms;
    const usual = shown(definition, definition.default);
    const inherited =
      first === undefined ? [synonymOf(name, usual, 'DEFAULT_CONFIG')] : synonymsOf(config, first.name, false);
    const value = own[0]?.value ?? (first === undefined ? usual : config.text(first.name as BrokerConfigName));
    return describe(name, definition, { value, synonyms: [...own, ...inherited], readOnly: false });
  });
}

/** Configs of a subscription to client metrics; one that does not exist has the defaults. */
export function describeClientMetrics(
  overrides: ReadonlyMap<string, string>,
  names: readonly string[] | null,
): ConfigDescription[] {
  return select(names, CLIENT_METRICS_CONFIG_NAMES).flatMap((name) => {
    const definition = clientMetricsConfigDefinition(name);
    if (definition === undefined) return [];
    const own = ownValue(name, definition, overrides, 'DYNAMIC_CLIENT_METRICS_CONFIG');
    const usual = shown(definition, definition.default);
    const synonyms = own.length > 0 ? own : [synonymOf(name, usual, 'DEFAULT_CONFIG')];
    return describe(name, definition, { value: own[0]?.value ?? usual, synonyms, readOnly: false });
  });
}

function select(names: readonly string[] | null, all: readonly string[]): readonly string[] {
  return names === null ? all : [...new Set(names)];
}

/** Internal configs show only once somebody set them. */
function hidden(name: string, definition: ConfigDefinition, set: boolean): boolean {
  return !set && (definition.internal || DYNAMIC_ONLY.has(name));
}

function describe(
  name: string,
  definition: ConfigDefinition,
  found: {
    readonly value: string | null;
    readonly synonyms: readonly ConfigSynonym[];
    readonly readOnly: boolean;
  },
): ConfigDescription {
  const isSensitive = definition.type === 'PASSWORD';
  const source = found.synonyms[0]?.source ?? 'DEFAULT_CONFIG';
  return {
    name,
    value: isSensitive ? null : found.value,
    readOnly: found.readOnly,
    source,
    sourceCode: CONFIG_SOURCE[source],
    isDefault: source === 'DEFAULT_CONFIG',
    isSensitive,
    synonyms: found.synonyms,
    typeCode: CONFIG_TYPE_CODE[definition.type],
    documentation: documented(name, definition.doc),
  };
}

function documented(name: string, doc: string): string {
  const unit = unitOf(name);
  return unit === undefined ? doc : `${doc} Unit: ${unit}.`;
}

function ownValue(
  name: string,
  definition: TopicConfigDefinition,
  overrides: ReadonlyMap<string, string>,
  source: ConfigSource,
): ConfigSynonym[] {
  const raw = overrides.get(name);
  const result = raw === undefined ? undefined : parseValue(name, definition, raw);
  return result?.ok === true ? [synonymOf(name, result.parsed.text, source)] : [];
}

/**
 * Every layer's setting of `name` and its family. As in Kafka the list starts at the first entry that has the name itself: while
 * only `log.retention.hours` is set, `log.retention.ms` has no synonyms.
 */
function synonymsOf(config: BrokerConfig, name: string, sensitive: boolean): ConfigSynonym[] {
  const base = baseOfListenerConfig(name);
  const family = base === undefined ? (FAMILIES.find((members) => members.includes(name)) ?? [name]) : [name, base];
  const found: ConfigSynonym[] = [];
  for (const { source, entries } of config.layers)
    for (const member of family) {
      const entry = entries.get(member);
      if (entry !== undefined) found.push(synonymOf(member, sensitive ? null : entry.raw, source));
    }
  for (const member of family) {
    const definition = brokerConfigDefinition(member);
    if (definition === undefined || definition.required || definition.default === null) continue;
    if (member === name && base !== undefined) continue;
    found.push(synonymOf(member, sensitive ? null : shown(definition, definition.default), 'DEFAULT_CONFIG'));
  }
  const start = found.findIndex((synonym) => synonym.name === name);
  return start < 0 ? [] : found.slice(start);
}

function synonymOf(name: string, value: string | null, source: ConfigSource): ConfigSynonym {
  return { name, value, source, sourceCode: CONFIG_SOURCE[source] };
}

function shown(definition: ConfigDefinition, value: ConfigValue | null): string | null {
  return value === null ? null : formatValue(definition.type, value);
}
