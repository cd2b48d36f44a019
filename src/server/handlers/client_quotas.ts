import { type ControllerError, failure, isFailure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import { decideQuotas, type QuotaResult, quotaKeysOf } from '../../controller/decide_quotas.js';
import type { MetadataCache, QuotaEntity } from '../../metadata/image.js';
import type {
  AlterClientQuotasRequest,
  AlterClientQuotasResponseInput,
} from '../../protocol/api/alter_client_quotas.js';
import type {
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponseInput,
} from '../../protocol/api/describe_client_quotas.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** AlterClientQuotas (KIP-546). */
export function alterClientQuotasHandler(deps: {
  readonly controller: Controller;
}): Handler<AlterClientQuotasRequest, AlterClientQuotasResponseInput> {
  return async ({ entries, validateOnly }) => {
    let results: readonly QuotaResult[] = [];
    const written = await deps.controller.edit(
      quotaKeysOf(entries),
      (values) => {
        const decided = decideQuotas(values, entries);
        ({ results } = decided);
        return decided.edits;
      },
      validateOnly,
    );
    return {
      entries: results.map(({ entity, error }) => ({
        ...(error.errorCode === ErrorCode.NONE ? written : error),
        entity,
      })),
    };
  };
}

const EXACT = 0;
const DEFAULT = 1;
const SPECIFIED = 2;

interface Filter {
  /** Null: the default. */
  readonly exact: ReadonlyMap<string, string | null>;
  readonly any: ReadonlySet<string>;
}

/** DescribeClientQuotas (KIP-546). INVALID_REQUEST, UNSUPPORTED_VERSION for unknown types of entities. */
export function describeClientQuotasHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<DescribeClientQuotasRequest, DescribeClientQuotasResponseInput> {
  return ({ components, strict }) => {
    const filter = filterOf(components);
    if (isFailure(filter)) return { ...filter, entries: null };
    const found = deps.metadata.current().clientQuotas.filter(({ entity }) => matches(entity, filter, strict));
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      entries: found.map(({ entity, values }) => ({
        entity: partsOf(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
        values: [...values].map(([key, value]) => ({ key, value })),
      })),
    };
  };
}

function partsOf(entity: QuotaEntity): ReadonlyArray<readonly [string, string | null]> {
  return Object.entries(entity) as Array<[string, string | null]>;
}

function filterOf(components: DescribeClientQuotasRequest['components']): Filter | ControllerError {
  const refuse = (why: string) => failure(ErrorCode.INVALID_REQUEST, why);
  const exact = new Map<string, string | null>();
  const any = new Set<string>();
  for (const { entityType, matchType, match } of components) {
    if (entityType === '') return refuse('Invalid empty entity type.');
    if (exact.has(entityType) || any.has(entityType))
      return refuse(`Entity type ${entityType} cannot appear more than once in the filter.`);
    if (!['ip', 'user', 'client-id'].includes(entityType))
      return failure(ErrorCode.UNSUPPORTED_VERSION, `Unsupported entity type ${entityType}`);
    if (matchType === EXACT) {
      if (match === null) return refuse('Request specified MATCH_TYPE_EXACT, but set match string to null.');
      exact.set(entityType, match);
    } else if (matchType === DEFAULT || matchType === SPECIFIED) {
      const name = matchType === DEFAULT ? 'DEFAULT' : 'SPECIFIED';
      if (match !== null) return refuse(`Request specified MATCH_TYPE_${name}, but also specified a match string.`);
      if (matchType === DEFAULT) exact.set(entityType, null);
      else any.add(entityType);
    } else return refuse(`Unknown match type ${matchType}`);
  }
  const has = (type: string): boolean => exact.has(type) || any.has(type);
  return has('ip') && (has('user') || has('client-id'))
    ? refuse(
        'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
      )
    : { exact, any };
}

function matches(entity: QuotaEntity, { exact, any }: Filter, strict: boolean): boolean {
  const parts = new Map(partsOf(entity));
  if (strict && parts.size !== exact.size + any.size) return false;
  return [...exact].every(([type, name]) => parts.get(type) === name) && [...any].every((type) => parts.has(type));
}
