import type {
  BrokerConfigDefinition,
  ConfigDefinition,
  ConfigType,
  Importance,
  Support,
  Synonym,
  TopicConfigDefinition,
  UpdateMode,
  Validator,
  ValueOfType,
} from './definition.js';
import { anyList } from './validators.js';

interface Extras {
  readonly validator?: Validator;
  readonly internal?: true;
  readonly required?: true;
}

function brokerEntry<T extends ConfigType>(type: T) {
  return <D extends ValueOfType[T] | null>(
    defaultValue: D,
    importance: Importance,
    updateMode: UpdateMode,
    support: Support,
    doc: string,
    extras: Extras & { readonly topicConfig?: string } = {},
  ): BrokerConfigDefinition<T, Extract<D, null>> => ({
    ...common<T, D>(type, defaultValue, importance, support, doc, extras),
    updateMode,
    topicConfig: extras.topicConfig,
  });
}

function topicEntry<T extends ConfigType>(type: T) {
  return <D extends ValueOfType[T] | null>(
    defaultValue: D,
    synonyms: readonly (string | Synonym)[],
    support: Support,
    doc: string,
    extras: Extras = {},
  ): TopicConfigDefinition<T, Extract<D, null>> => ({
    ...common<T, D>(type, defaultValue, 'MEDIUM', support, doc, extras),
    synonyms: synonyms.map((synonym) => (typeof synonym === 'string' ? { name: synonym, factor: 1 } : synonym)),
  });
}

function common<T extends ConfigType, D extends ValueOfType[T] | null>(
  type: T,
  defaultValue: D,
  importance: Importance,
  support: Support,
  doc: string,
  extras: Extras,
): ConfigDefinition<T, Extract<D, null>> {
  return {
    type,
    default: defaultValue as ValueOfType[T] | Extract<D, null>,
    importance,
    support,
    doc,
    validator: extras.validator ?? (type === 'LIST' ? anyList : undefined),
    internal: extras.internal === true,
    required: extras.required === true,
  };
}

/** Makers of broker configs: default, importance, update mode, support, one sentence, the rest. */
export const broker = {
  boolean: brokerEntry('BOOLEAN'),
  string: brokerEntry('STRING'),
  int: brokerEntry('INT'),
  short: brokerEntry('SHORT'),
  long: brokerEntry('LONG'),
  double: brokerEntry('DOUBLE'),
  list: brokerEntry('LIST'),
  class: brokerEntry('CLASS'),
  password: brokerEntry('PASSWORD'),
} as const;

/** Makers of topic and group configs: default, broker configs that give the default, support, one sentence, the rest. */
export const topic = {
  boolean: topicEntry('BOOLEAN'),
  string: topicEntry('STRING'),
  int: topicEntry('INT'),
  long: topicEntry('LONG'),
  double: topicEntry('DOUBLE'),
  list: topicEntry('LIST'),
} as const;
