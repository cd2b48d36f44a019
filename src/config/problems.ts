import { connectionOverridesName, parseConnectionOverrides } from './connection_overrides.js';
import type { ConfigDefinition, ConfigValue } from './definition.js';
import { standardAuthorizer } from './tables/broker_authorizer.js';
import { isList } from './validators.js';
import { formatValue, type ParsedValue } from './values.js';

/** A setting that keeps the broker from starting. `message` names it and says what to do. */
export interface ConfigError {
  readonly name: string;
  readonly message: string;
}

/** A setting that was taken and does not do what its writer may expect. */
export interface ConfigWarning {
  readonly name: string;
  readonly message: string;
}

/** What there is to say about a value that parsed: nothing, or that Millrace does not act on it. */
export function supportOf(
  name: string,
  definition: ConfigDefinition,
  parsed: ParsedValue,
): { readonly error?: string; readonly warning?: string } {
  if (definition.support === 'full' || isDefault(definition, parsed)) return {};
  const setting = definition.type === 'PASSWORD' ? name : `${name}=${parsed.text}`;
  if (definition.support === 'warn') return { warning: `${setting} has no effect: Millrace does not act on it yet` };
  const usual = definition.default === null ? 'remove it' : `leave it at ${shownDefault(definition)}`;
  return { error: `${setting} is not supported by this version of Millrace: ${usual}` };
}

/** A value that Kafka cannot take apart; the whole sentence. */
export function unreadableValue(name: string, value: ConfigValue): string | undefined {
  if (name !== connectionOverridesName) return undefined;
  const parsed = parseConnectionOverrides(String(value));
  return parsed.ok ? undefined : parsed.problem;
}

/** What Kafka requires of a value beside its range. */
export function brokenRequirement(name: string, value: ConfigValue): string | undefined {
  switch (name) {
    case 'log.retention.ms':
    case 'log.retention.minutes':
    case 'log.retention.hours':
      return value === 0 ? `${name} must be unlimited (-1) or, greater than or equal to 1` : undefined;
    case 'log.roll.ms':
      return Number(value) < 1 ? `${name} must be greater than or equal to 1` : undefined;
    case 'log.roll.jitter.ms':
      return Number(value) < 0 ? `${name} must be greater than or equal to 0` : undefined;
    case 'authorizer.class.name':
      return value === '' || value === standardAuthorizer
        ? undefined
        : `${name}=${String(value)} is not supported by Millrace: set ${standardAuthorizer}, which is built in, or leave it empty`;
    case 'group.coordinator.rebalance.protocols':
      return isList(value) && !value.includes('classic')
        ? `Disabling the 'classic' protocol is not supported (${name}=${value.join(',')}): add classic`
        : undefined;
    case 'group.consumer.assignors':
      return unknownAssignor(name, value, ['uniform', 'range']);
    case 'group.share.assignors':
      return unknownAssignor(name, value, ['simple']);
    default:
      return undefined;
  }
}

/** What is not built in is the name of a Java class. */
function unknownAssignor(name: string, value: ConfigValue, known: readonly string[]): string | undefined {
  const unknown = isList(value) ? value.find((one) => !known.includes(one)) : undefined;
  return unknown === undefined
    ? undefined
    : `Class ${unknown} cannot be found (${name}): Millrace runs no Java, it has ${known.join(' and ')}`;
}

export function isDefault(definition: ConfigDefinition, parsed: ParsedValue): boolean {
  return definition.default !== null && formatValue(definition.type, definition.default) === parsed.text;
}

function shownDefault(definition: ConfigDefinition): string {
  const text = definition.default === null ? '' : formatValue(definition.type, definition.default);
  return text === '' ? 'the empty default' : text;
}

/** The name in `names` that `wrong` is most likely meant to be, at most two letters away. */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = 3;
  for (const name of names) {
    if (Math.abs(name.length - wrong.length) >= bestDistance) continue;
    const distance = editDistance(wrong, name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
