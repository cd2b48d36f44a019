export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

/** `HIGH`: everybody thinks about it once. `LOW`: leave it alone. */
export type Importance = 'HIGH' | 'MEDIUM' | 'LOW';

/** How a broker config can change while brokers run (KIP-226). */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide';

/**
 * What Millrace does with a value other than the default. `full`: acts on it. `warn`: takes it, does nothing with it yet, and
 * says so by name. `refuse`: an error naming it, because going on without it would break a promise.
 */
export type Support = 'full' | 'warn' | 'refuse';

/** A parsed value. LONG is a number; `Long.MAX_VALUE` is `INT64_MAX` (2^63). */
export type ConfigValue = boolean | number | string | readonly string[];

/** A rule for parsed values. `describe` spells it as Kafka's documentation does. */
export interface Validator {
  readonly describe: string;
  /** The whole sentence for the user, in Kafka's words; undefined when the value is fine. `shown`: the value as printed. */
  check(name: string, value: ConfigValue, shown: string): string | undefined;
}

export interface ValueOfType {
  readonly BOOLEAN: boolean;
  readonly STRING: string;
  readonly INT: number;
  readonly SHORT: number;
  readonly LONG: number;
  readonly DOUBLE: number;
  readonly LIST: readonly string[];
  readonly CLASS: string;
  readonly PASSWORD: string;
}

/** `N` is `null` when the default is null, else `never`. */
export interface ConfigDefinition<T extends ConfigType = ConfigType, N extends null = null> {
  readonly type: T;
  readonly default: ValueOfType[T] | N;
  readonly importance: Importance;
  readonly support: Support;
  /** One sentence in our own words. */
  readonly doc: string;
  readonly validator: Validator | undefined;
  /** Not shown to users unless set. */
  readonly internal: boolean;
  /** Kafka has no default for it; `default` is then what Millrace takes instead. */
  readonly required: boolean;
}

export interface BrokerConfigDefinition<T extends ConfigType = ConfigType, N extends null = null>
  extends ConfigDefinition<T, N> {
  readonly updateMode: UpdateMode;
  /** The topic config that has its default from this one. */
  readonly topicConfig: string | undefined;
}

export interface TopicConfigDefinition<T extends ConfigType = ConfigType, N extends null = null>
  extends ConfigDefinition<T, N> {
  /** Broker configs that give the default, the first that is set wins. */
  readonly synonyms: readonly Synonym[];
}

export interface Synonym {
  readonly name: string;
  /** The broker config's value times this is the topic config's value (hours to ms). */
  readonly factor: number;
}

/** What a getter of a config gives. */
export type ValueOf<D> = D extends { readonly default: infer V } ? V : never;

/** Names of the table `Table` whose type is one of `T`. */
export type NamesOfType<Table, T extends ConfigType> = {
  [Name in keyof Table]: Table[Name] extends { readonly type: T } ? Name : never;
}[keyof Table] &
  string;
