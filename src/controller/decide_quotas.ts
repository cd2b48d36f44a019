import type { QuotaEntity } from '../metadata/image.js';
import { keys } from '../metadata/keys.js';
import { ErrorCode } from '../protocol/errors.js';
import { wrongQuota } from '../quota/quota_keys.js';
import { type ControllerError, failure, isFailure } from './assignments.js';
import type { Edits } from './controller.js';

export interface QuotaAlteration {
  readonly entity: ReadonlyArray<{ readonly entityType: string; readonly entityName: string | null }>;
  readonly ops: ReadonlyArray<{ readonly key: string; readonly value: number; readonly remove: boolean }>;
}

export interface QuotaResult {
  readonly entity: QuotaAlteration['entity'];
  readonly error: ControllerError;
}

/** Where the quotas of a request lie in the store; entities that are none are left out. */
export function quotaKeysOf(alterations: readonly QuotaAlteration[]): string[] {
  return alterations.flatMap(({ entity }) => {
    const parsed = parseEntity(entity);
    return isFailure(parsed) ? [] : [keys.clientQuota(parsed)];
  });
}

/**
 * AlterClientQuotas: entities apart from each other; of an entity that is named twice the first one counts and the answer says so, as in
 * Kafka. INVALID_REQUEST.
 */
export function decideQuotas(
  values: ReadonlyMap<string, string>,
  alterations: readonly QuotaAlteration[],
): { readonly edits: Edits; readonly results: readonly QuotaResult[] } {
  const edits = new Map<string, string | null>();
  const results = new Map<string, QuotaResult>();
  for (const { entity, ops } of alterations) {
    const text = describeEntity(entity);
    const error = decideOne(values, entity, ops, results.has(text), edits);
    results.set(text, { entity, error });
  }
  return { edits, results: [...results.values()] };
}

function decideOne(
  values: ReadonlyMap<string, string>,
  named: QuotaAlteration['entity'],
  ops: QuotaAlteration['ops'],
  isRepeated: boolean,
  edits: Map<string, string | null>,
): ControllerError {
  if (isRepeated || new Set(ops.map(({ key }) => key)).size < ops.length)
    return failure(ErrorCode.INVALID_REQUEST, `Ignoring duplicate entity ${describeEntity(named)}`);
  const entity = parseEntity(named);
  if (isFailure(entity)) return entity;
  const key = keys.clientQuota(entity);
  const quotas = new Map(Object.entries(JSON.parse(values.get(key) ?? '{}') as Record<string, string>));
  for (const op of ops) {
    if (op.remove) {
      quotas.delete(op.key);
      continue;
    }
    const wrong = wrongQuota(entity, op.key, op.value);
    if (wrong !== undefined) return failure(ErrorCode.INVALID_REQUEST, wrong);
    quotas.set(op.key, String(op.value));
  }
  edits.set(key, quotas.size === 0 ? null : JSON.stringify(Object.fromEntries(quotas)));
  return failure(ErrorCode.NONE);
}

const types = ['user', 'client-id', 'ip'] as const;

function parseEntity(named: QuotaAlteration['entity']): QuotaEntity | ControllerError {
  const refuse = (why: string) => failure(ErrorCode.INVALID_REQUEST, why);
  const entity: Partial<Record<(typeof types)[number], string | null>> = {};
  for (const { entityType, entityName } of named) {
    const type = types.find((one) => one === entityType);
    if (type === undefined) return refuse(`Unhandled client quota entity type: ${entityType}`);
    if (type in entity) return refuse(`Invalid client quota entity, duplicate entity entry ${entityType}`);
    if (entityName === '') return refuse(`Empty ${entityType} not supported`);
    entity[type] = entityName;
  }
  if (entity.ip !== undefined) {
    if (entity.user !== undefined || entity['client-id'] !== undefined)
      return refuse('Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId');
    if (entity.ip !== null && !isAddress(entity.ip))
      return refuse(`${entity.ip} is not a valid IP or resolvable host.`);
  } else if (entity.user === undefined && entity['client-id'] === undefined)
    return refuse('Invalid empty client quota entity');
  return entity;
}

/** Names of hosts are not looked up: the limit is kept by address. */
function isAddress(text: string): boolean {
  const parts = text.split('.');
  if (parts.length === 4) return parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  return /^[0-9a-fA-F:]+(?:[0-9.]+)?$/.test(text) && text.includes(':') && URL.canParse(`http://[${text}]`);
}

/** As Kafka prints it, in the order of its hash map. */
function describeEntity(entity: QuotaAlteration['entity']): string {
  const parts = [...entity]
    .sort((one, other) => (one.entityType < other.entityType ? -1 : 1))
    .map(({ entityType, entityName }) => `${entityType}=${entityName}`);
  return `ClientQuotaEntity(entries={${parts.join(', ')}})`;
}
