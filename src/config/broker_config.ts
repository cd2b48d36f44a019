import { assert } from '../common/assert.js';
import { contradictions } from './contradictions.js';
import type { ConfigType, ConfigValue, NamesOfType, ValueOf } from './definition.js';
import type { ConfigLayer, LayerEntry } from './layers.js';
import { baseOfListenerConfig, listenerConfigName, type PerListenerConfig } from './listener_configs.js';
import type { ConfigError, ConfigWarning } from './problems.js';
import type { ConfigSource } from './sources.js';
import { readStaticConfigs } from './static_configs.js';
import { type BrokerConfigName, type BrokerConfigTable, brokerConfigDefinition } from './tables/broker.js';
import { formatValue, parseValue } from './values.js';

type Names<T extends ConfigType> = NamesOfType<BrokerConfigTable, T>;
type Value<N extends BrokerConfigName> = ValueOf<BrokerConfigTable[N]>;

/** Settings as a file or a program gives them. */
export type ConfigInput =
  | ReadonlyMap<string, string>
  | Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export type BrokerConfigResult =
  | { readonly ok: true; readonly config: BrokerConfig; readonly warnings: readonly ConfigWarning[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Settings that were changed while brokers run, as they are stored: cluster-wide ones, and this broker's own. */
export interface DynamicConfigs {
  readonly clusterWide?: ReadonlyMap<string, string>;
  readonly perBroker?: ReadonlyMap<string, string>;
}

export type DynamicSource = 'DYNAMIC_BROKER_CONFIG' | 'DYNAMIC_DEFAULT_BROKER_CONFIG';

const layerOrder: readonly ConfigSource[] = [
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
];

/**
 * The configuration of one broker, immutable. A value comes from the first layer that has it: this broker's dynamic configs, the
 * cluster's, the static ones (`server.properties`), the default. Different names for one thing (`log.retention.ms`, `.minutes`,
 * `.hours`) are brought together where topics get their defaults, see `resolveTopicConfig`.
 */
export class BrokerConfig {
  private constructor(
    /** From the strongest to the weakest; defaults are not among them. */
    readonly layers: readonly ConfigLayer[],
    /** Stored dynamic configs that this version cannot read; their names go without effect. */
    readonly unreadable: readonly ConfigError[],
  ) {}

  /** Nothing set. */
  static readonly defaults: BrokerConfig = new BrokerConfig([], []);

  /** Checks everything and reports every error, not only the first. */
  static fromProperties(input: ConfigInput): BrokerConfigResult {
    const { entries, errors, warnings } = readStaticConfigs(toMap(input));
    if (errors.length > 0) return { ok: false, errors };
    const config = new BrokerConfig([{ source: 'STATIC_BROKER_CONFIG', entries }], []);
    const together = contradictions(config);
    return together.length > 0 ? { ok: false, errors: together } : { ok: true, config, warnings };
  }

  /** The same static configs under other dynamic ones. */
  withDynamic(dynamic: DynamicConfigs): BrokerConfig {
    const unreadable: ConfigError[] = [];
    const layers: ConfigLayer[] = [
      { source: 'DYNAMIC_BROKER_CONFIG', entries: readDynamic(dynamic.perBroker, unreadable) },
      { source: 'DYNAMIC_DEFAULT_BROKER_CONFIG', entries: readDynamic(dynamic.clusterWide, unreadable) },
      ...this.layers.filter(({ source }) => source === 'STATIC_BROKER_CONFIG'),
    ];
    return new BrokerConfig(layers, unreadable);
  }

  /** The same with other configs of one broker, or of all, as they would be after a change. */
  withLayer(source: DynamicSource, configs: ReadonlyMap<string, string>): BrokerConfig {
    const layer = { source, entries: readDynamic(configs, []) };
    const layers = layerOrder.flatMap((one) =>
      one === source ? [layer] : this.layers.filter((l) => l.source === one),
    );
    return new BrokerConfig(layers, this.unreadable);
  }

  /** The value in force. The type follows from the name. */
  get<N extends BrokerConfigName>(name: N): Value<N> {
    return this.#value(name) as Value<N>;
  }

  boolean<N extends Names<'BOOLEAN'>>(name: N): Value<N> {
    return this.get(name);
  }

  string<N extends Names<'STRING' | 'CLASS' | 'PASSWORD'>>(name: N): Value<N> {
    return this.get(name);
  }

  int<N extends Names<'INT' | 'SHORT'>>(name: N): Value<N> {
    return this.get(name);
  }

  /** `Long.MAX_VALUE` is `INT64_MAX`. */
  long<N extends Names<'LONG'>>(name: N): Value<N> {
    return this.get(name);
  }

  /** The value for one listener: its own when it is set, in whatever layer, else the broker's. */
  listenerInt(listener: string, name: PerListenerConfig): number {
    const own = listenerConfigName(listener, name);
    for (const { entries } of this.layers) {
      const value = entries.get(own)?.value;
      if (typeof value === 'number') return value;
    }
    return this.int(name);
  }

  /** Names of single listeners' configs that are set. */
  get listenerConfigs(): readonly string[] {
    const names = this.layers.flatMap(({ entries }) => [...entries.keys()]);
    return [...new Set(names)].filter((name) => baseOfListenerConfig(name) !== undefined).sort();
  }

  double<N extends Names<'DOUBLE'>>(name: N): Value<N> {
    return this.get(name);
  }

  list<N extends Names<'LIST'>>(name: N): Value<N> {
    return this.get(name);
  }

  source(name: BrokerConfigName): ConfigSource {
    return this.layers.find(({ entries }) => entries.has(name))?.source ?? 'DEFAULT_CONFIG';
  }

  /** True when a file, a program or an operator said so, whatever the value. */
  isSet(name: BrokerConfigName): boolean {
    return this.source(name) !== 'DEFAULT_CONFIG';
  }

  /** The value in force as Kafka prints it; null when there is none. */
  text(name: BrokerConfigName): string | null {
    for (const { entries } of this.layers) {
      const entry = entries.get(name);
      if (entry !== undefined) return entry.text;
    }
    const definition = brokerConfigDefinition(name);
    assert(definition !== undefined, `no broker config is named ${name}`);
    return definition.default === null ? null : formatValue(definition.type, definition.default);
  }

  /** Like {@link text} for a name that may not exist: undefined then. */
  textIfKnown(name: string): string | null | undefined {
    return brokerConfigDefinition(name) === undefined ? undefined : this.text(name as BrokerConfigName);
  }

  /** `node.id`, or `broker.id` where only that is set. */
  get nodeId(): number {
    return this.int('node.id');
  }

  /** `log.dirs`, or `log.dir` where that is not set. */
  get logDirs(): readonly string[] {
    return this.list('log.dirs') ?? this.list('log.dir');
  }

  #value(name: string): ConfigValue | null {
    for (const { entries } of this.layers) {
      const entry = entries.get(name);
      if (entry !== undefined) return entry.value;
    }
    const definition = brokerConfigDefinition(name);
    assert(definition !== undefined, `no broker config is named ${name}`);
    return definition.default;
  }
}

function toMap(input: ConfigInput): ReadonlyMap<string, string> {
  if (input instanceof Map) return input;
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(input))
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(',') : String(value));
  return map;
}

function readDynamic(
  stored: ReadonlyMap<string, string> | undefined,
  unreadable: ConfigError[],
): ReadonlyMap<string, LayerEntry> {
  const entries = new Map<string, LayerEntry>();
  for (const [name, raw] of stored ?? []) {
    const definition = brokerConfigDefinition(name);
    const result = definition && parseValue(name, definition, raw);
    if (result === undefined) unreadable.push({ name, message: `Unknown broker config name: ${name}` });
    else if (result.ok) entries.set(name, { ...result.parsed, raw });
    else unreadable.push({ name, message: result.problem });
  }
  return entries;
}
