import type { LayerEntry } from './layers.js';
import {
  brokenRequirement,
  type ConfigError,
  type ConfigWarning,
  nearestName,
  supportOf,
  unreadableValue,
} from './problems.js';
import { BROKER_CONFIG_NAMES, brokerConfigDefinition } from './tables/broker.js';
import { isList } from './validators.js';
import { parseValue } from './values.js';

export interface StaticConfigs {
  readonly entries: ReadonlyMap<string, LayerEntry>;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigWarning[];
}

/** Reads what a `server.properties` says, complains about each setting by name. */
export function readStaticConfigs(properties: ReadonlyMap<string, string>): StaticConfigs {
  const entries = new Map<string, LayerEntry>();
  const errors: ConfigError[] = [];
  const warnings: ConfigWarning[] = [];
  for (const [name, raw] of properties) {
    const definition = brokerConfigDefinition(name);
    if (definition === undefined) {
      const unknown = unknownSetting(name);
      (unknown.refused ? errors : warnings).push({ name, message: unknown.message });
      continue;
    }
    const result = parseValue(name, definition, raw);
    if (!result.ok) {
      errors.push({ name, message: result.problem });
      continue;
    }
    entries.set(name, { ...result.parsed, raw });
    const { error, warning } = supportOf(name, definition, result.parsed);
    if (error !== undefined) errors.push({ name, message: error });
    if (warning !== undefined) warnings.push({ name, message: warning });
  }
  if (errors.length === 0) errors.push(...misfits(entries));
  copyId(entries);
  return { entries, errors, warnings };
}

function unknownSetting(name: string): { readonly refused: boolean; readonly message: string } {
  const [, base] = /^listener\.name\.[^.]+\.(.+)$/.exec(name) ?? [];
  if (base !== undefined)
    return {
      refused: true,
      message: `${name} is not supported by this version of Millrace: settings of a single listener come with its security, remove it`,
    };
  const meant = nearestName(name, BROKER_CONFIG_NAMES);
  const hint = meant === undefined ? 'Kafka 4.3 does not know it either' : `did you mean ${meant}?`;
  return { refused: false, message: `${name} is not a broker config and is ignored: ${hint}` };
}

/** Ids and roles that do not go together, and values that Kafka requires more of than a range. */
function misfits(entries: ReadonlyMap<string, LayerEntry>): ConfigError[] {
  const errors: ConfigError[] = [];
  const node = entries.get('node.id');
  const broker = entries.get('broker.id');
  if (node !== undefined && broker !== undefined && node.value !== broker.value)
    errors.push({ name: 'broker.id', message: 'You must set `node.id` to the same value as `broker.id`.' });
  if (node === undefined && broker !== undefined && Number(broker.value) < 0)
    errors.push({ name: 'broker.id', message: `broker.id=${broker.text} is not an id: set node.id to 0 or more` });
  const roles = entries.get('process.roles');
  if (roles !== undefined && isList(roles.value) && !roles.value.includes('broker'))
    errors.push({
      name: 'process.roles',
      message: `process.roles=${roles.text} has no broker: Millrace keeps metadata in the broker itself, use broker,controller`,
    });
  for (const [name, { value }] of entries) {
    const broken = (value === null ? undefined : unreadableValue(name, value)) ?? brokenRequirement(name, value);
    if (broken !== undefined) errors.push({ name, message: broken });
  }
  return errors;
}

/** As in Kafka, either name of the id gives the other. */
function copyId(entries: Map<string, LayerEntry>): void {
  const id = entries.get('node.id') ?? entries.get('broker.id');
  if (id === undefined) return;
  entries.set('node.id', id);
  entries.set('broker.id', id);
}
