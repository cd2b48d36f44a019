import { unreachable } from '../common/assert.js';
import type { ConfigDefinition } from './definition.js';
import { type ConfigWarning, supportOf } from './problems.js';
import { formatValue, parseValue } from './values.js';

/** Names of Kafka's error codes (40 and 42). */
export type ConfigErrorName = 'INVALID_CONFIG' | 'INVALID_REQUEST';

export interface ConfigRefusal {
  readonly ok: false;
  readonly error: ConfigErrorName;
  readonly message: string;
}

/** The settings as they are to be stored from now on. */
export type ConfigChange =
  | {
      readonly ok: true;
      readonly configs: ReadonlyMap<string, string>;
      /** Settings among the changed ones that have no effect; for the log. */
      readonly warnings: readonly ConfigWarning[];
    }
  | ConfigRefusal;

/** Operations of IncrementalAlterConfigs. */
export type ConfigOperation = 'SET' | 'DELETE' | 'APPEND' | 'SUBTRACT';

const OPERATIONS: readonly ConfigOperation[] = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'];

/** Undefined for a code the protocol does not know. */
export function configOperation(code: number): ConfigOperation | undefined {
  return OPERATIONS[code];
}

export interface ConfigOp {
  readonly name: string;
  readonly operation: ConfigOperation;
  readonly value: string | null;
}

export function refuse(error: ConfigErrorName, message: string): ConfigRefusal {
  return { ok: false, error, message };
}

/** Rules for any list of operations, before a resource's own. */
export function checkOps(ops: readonly ConfigOp[]): ConfigRefusal | undefined {
  if (new Set(ops.map(({ name }) => name)).size < ops.length)
    return refuse('INVALID_REQUEST', 'Error due to duplicate config keys');
  const nulls = ops.filter(({ operation, value }) => operation !== 'DELETE' && value === null);
  return nulls.length === 0 ? undefined : refuseNulls(nulls.map(({ name }) => name));
}

export function refuseNulls(names: readonly string[]): ConfigRefusal {
  return refuse('INVALID_REQUEST', `Null value not supported for : ${names.join(', ')}`);
}

/**
 * `current` after `ops`. `refuseList` gives the answer to an APPEND or SUBTRACT of something that is no list. A list that is not
 * set starts from its default.
 */
export function applyOps(
  current: ReadonlyMap<string, string>,
  ops: readonly ConfigOp[],
  definitionOf: (name: string) => ConfigDefinition | undefined,
  refuseList: (op: ConfigOp, definition: ConfigDefinition | undefined) => ConfigRefusal,
): ReadonlyMap<string, string> | ConfigRefusal {
  const next = new Map(current);
  for (const op of ops) {
    const { name, operation } = op;
    switch (operation) {
      case 'SET':
        next.set(name, op.value ?? '');
        break;
      case 'DELETE':
        next.delete(name);
        break;
      case 'APPEND':
      case 'SUBTRACT': {
        const definition = definitionOf(name);
        if (definition?.type !== 'LIST') return refuseList(op, definition);
        next.set(name, editList(next.get(name) ?? usualList(definition), operation, op.value ?? ''));
        break;
      }
      default:
        unreachable(operation);
    }
  }
  return next;
}

function usualList(definition: ConfigDefinition): string {
  return definition.default === null ? '' : formatValue(definition.type, definition.default);
}

function editList(current: string, operation: 'APPEND' | 'SUBTRACT', change: string): string {
  const items = split(current);
  const changed = split(change);
  const kept =
    operation === 'APPEND'
      ? [...items, ...changed.filter((item) => !items.includes(item))]
      : items.filter((item) => !changed.includes(item));
  return kept.join(',');
}

function split(text: string): string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
}

export function isRefusal(result: ReadonlyMap<string, string> | ConfigRefusal): result is ConfigRefusal {
  return 'ok' in result;
}

/** Answer to APPEND and SUBTRACT of a topic or group config that is no list. */
export function notAList(op: ConfigOp): ConfigRefusal {
  return refuse('INVALID_CONFIG', `Can't ${op.operation} to key ${op.name} because its type is not LIST.`);
}

/** Every value must be readable and, where it is new, one that Millrace can stand for. */
export function judgeValues(
  current: ReadonlyMap<string, string>,
  next: ReadonlyMap<string, string>,
  definitionOf: (name: string) => ConfigDefinition | undefined,
): ConfigChange {
  const warnings: ConfigWarning[] = [];
  for (const [name, raw] of next) {
    const definition = definitionOf(name);
    if (definition === undefined) continue;
    const result = parseValue(name, definition, raw);
    if (!result.ok) return refuse('INVALID_CONFIG', result.problem);
    if (current.get(name) === raw) continue;
    if (name === 'remote.storage.enable' && result.parsed.value === true)
      return refuse(
        'INVALID_CONFIG',
        'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
      );
    const { error, warning } = supportOf(name, definition, result.parsed);
    if (error !== undefined) return refuse('INVALID_CONFIG', error);
    if (warning !== undefined) warnings.push({ name, message: warning });
  }
  return { ok: true, configs: next, warnings };
}
